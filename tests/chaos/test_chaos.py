"""The drill as a test: three minutes of chaos, or CHAOS_SECONDS."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.chaos
def test_nothing_is_doubled_or_missed_whatever_is_killed_and_cut() -> None:
    """It tells what it does as it goes on; when it fails, the seed, the actions and the ends of the logs."""
    own = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "TMPDIR", "CHAOS_SEED", "CHAOS_SECONDS")
        if name in os.environ
    }
    drill = subprocess.run([sys.executable, "-m", "tests.chaos.drill"], cwd=ROOT, env=own, check=False)
    assert drill.returncode == 0
