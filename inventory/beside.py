"""What stands on a vehicle's page beside what inventory knows.

    PANELS.append(panel)

An app above registers what it knows in its AppConfig.ready; inventory knows none of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from inventory.models import Vehicle

PANELS: list[Callable[[Any, Vehicle], Any]] = []
"""Called with the user and the vehicle: a config.backoffice.resources.Panel, or None."""
