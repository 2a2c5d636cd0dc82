"""`make test` finds a browser, installs one where there is none, and else says what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.browser.chromium import ADVICE

ROOT = Path(__file__).resolve().parents[2]


def program(place: Path, text: str) -> None:
    place.parent.mkdir(exist_ok=True)
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)


def looking(directory: Path) -> subprocess.CompletedProcess[str]:
    """Look for a browser on a machine that has what is in `directory`/bin, and nowhere to put a download."""
    nowhere = directory / "no-directory"
    nowhere.touch()
    env = {**os.environ, "PATH": str(directory / "bin"), "PLAYWRIGHT_BROWSERS_PATH": str(nowhere / "browsers")}
    command = [sys.executable, "-m", "tests.browser.chromium"]
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def test_a_browser_on_the_path_is_enough(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "chromium", "echo Chromium 1.2.3")
    found = looking(tmp_path)
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")


def test_without_a_browser_and_without_a_way_to_one_it_says_what_to_install(tmp_path: Path) -> None:
    program(tmp_path / "bin" / "chromium-browser", "echo install the snap instead; exit 1")
    program(tmp_path / "bin" / "apt-get", "echo no network here >&2; exit 100")
    found = looking(tmp_path)
    assert found.returncode == 1
    assert ADVICE in found.stderr
    assert "playwright install chromium: " in found.stderr
    if os.geteuid() == 0:
        assert "no network here" in found.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="packages are installed by root")
def test_root_gets_the_distribution_s_browser(tmp_path: Path) -> None:
    browser = tmp_path / "bin" / "chromium"
    made = f'case "$*" in *install*) printf "#!/bin/sh\\n" > {browser}; /bin/chmod 755 {browser};; esac'
    program(tmp_path / "bin" / "apt-get", made)
    found = looking(tmp_path)
    assert found.returncode == 0, found.stderr
    assert browser.exists()
