"""That the database keeps dealerships apart; web and workers do not start if it does not."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import OperationalError

from dealers import isolation

log = logging.getLogger(__name__)


@register(Tags.database, deploy=True)
def fenced_tables(databases: Sequence[str] | None = None, **_: Any) -> list[CheckMessage]:
    """Every table with rows of dealerships is under row-level security."""
    if "default" not in (databases or ()) or not (missing := isolation.without_fence()):
        return []
    hint = "Run the migrations; a new model's has fences.Fenced(...) in it."
    return [Error(f"No row-level security on {', '.join(missing)}.", hint=hint, id="forecourt.E013")]


def refuse_to_start(*checks: Any) -> None:
    """End the process with the reasons if the database would not keep dealerships apart.

    A database that cannot be reached shows nothing to anybody; it is asked again when the next process starts.
    """
    try:
        found = [message for check in (*checks, fenced_tables) for message in check(databases=["default"])]
    except OperationalError as error:
        log.warning("the database cannot be asked whether it keeps dealerships apart: %s", error)
        return
    if errors := [message for message in found if message.is_serious()]:
        sys.exit("\n".join(f"Forecourt does not start: {error.msg} {error.hint or ''}" for error in errors))
