"""A web process does not stop in the midst of a request to look through all that it once loaded."""

from __future__ import annotations

import subprocess
import sys

from django.conf import settings

STARTED = """
import gc
import config.wsgi
print(gc.get_freeze_count(), len(gc.get_objects()))
"""


def test_what_a_web_process_has_loaded_is_spared_by_the_collector() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", STARTED], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    spared, looked_at = map(int, ran.stdout.split())
    assert spared > 100_000
    assert looked_at < spared / 20
