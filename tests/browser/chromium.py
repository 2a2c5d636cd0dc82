"""Where the tests find their browser. `python -m tests.browser.chromium` installs one where there is none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Of Debian, of Ubuntu and of Google, as they are on PATH; the first, which has no windows, opens a page in a third of
the time."""
ARGUMENTS = (
    "--no-sandbox",  # root has none, and every page is our own
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ADVICE = (
    "The tests in tests/browser/ need Chromium, and there is none. `make test` installs it; by hand it is"
    " `apt-get install chromium-headless-shell` as root on Debian, or"
    " `.venv/bin/python -m playwright install --with-deps chromium`."
)
PATIENCE = 900
"""Seconds for an installer to download and unpack."""


class NoBrowser(Exception):
    """There is none, and what to do about it."""


@cache
def path() -> Path:
    """The browser's program. Raises NoBrowser."""
    found = on_path() or playwrights_own()
    if found is None:
        raise NoBrowser(ADVICE)
    return found


def on_path() -> Path | None:
    for name in NAMES:
        place = shutil.which(name)
        if place and runs(place):
            return Path(place)
    return None


def playwrights_own() -> Path | None:
    """The one that `playwright install` puts into its cache."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        place = playwright.chromium.executable_path
    return Path(place) if Path(place).exists() and runs(place) else None


def runs(program: str) -> bool:
    """Whether it starts: Ubuntu's chromium-browser may only say what else to install, and libraries may be missing."""
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install() -> list[str]:
    """Try what there is until one way leads to a browser; what the others said, if none does."""
    said = []
    for command in ways():
        error = attempt(command)
        if not error and (on_path() or playwrights_own()):
            return []
        said.append(f"{' '.join(command)}: {error or 'it ended well, but no browser starts'}")
    return said


def ways() -> list[list[str]]:
    """The commands, first Debian's packages, which need root, then Playwright's download."""
    root = os.geteuid() == 0
    playwright = [sys.executable, "-m", "playwright", "install", "chromium"]
    apt = shutil.which("apt-get") if root else None
    if apt is None:
        return [playwright]
    package = f"{apt} -qq install --yes --no-install-recommends"
    either = f"{apt} -qq update && {{ {package} chromium-headless-shell || {package} chromium; }}"
    return [["/bin/sh", "-c", either], playwright]


def attempt(command: list[str]) -> str:
    """What a command said of its failure; nothing if it did not fail."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    try:
        done = subprocess.run(command, env=quiet, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    telling = [line for line in lines if re.search("error|failed|cannot|unable", line, re.IGNORECASE)]
    return " ".join(telling[:2] or lines[-1:]) or f"status {done.returncode}"


def main() -> int:
    """Quick and silent where there is a browser; the exit status."""
    if on_path() or playwrights_own():
        return 0
    sys.stderr.write("There is no Chromium for the tests; installing it ...\n")
    said = install()
    if said:
        sys.stderr.write("\n".join([ADVICE, "What was tried:", *said]) + "\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
