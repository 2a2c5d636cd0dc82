"""The account that servers run as: never root."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYSTEM_ACCOUNT = "forecourt"


@dataclass(frozen=True)
class Account:
    """A user of this machine, with what it takes to act as it."""

    name: str
    uid: int
    gid: int

    def popen_options(self) -> dict[str, Any]:
        """Keyword arguments that make `subprocess` run as this account."""
        if self.uid == os.geteuid():
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path | int) -> None:
        """Hand a path or an open file to this account."""
        if os.geteuid() == 0:
            os.chown(path, self.uid, self.gid)

    def directory(self, path: Path, mode: int = 0o700) -> Path:
        """`path` as a directory of this account."""
        path.mkdir(parents=True, exist_ok=True)
        self.own(path)
        path.chmod(mode)
        return path

    def can_run(
        self, argv: Sequence[str | Path], *, cwd: Path = Path("/"), env: Mapping[str, str] | None = None
    ) -> bool:
        """Whether a command succeeds as this account: the one true test of "reachable"."""
        try:
            outcome = subprocess.run(  # noqa: S603
                [str(word) for word in argv],
                check=False,
                cwd=cwd,
                env=dict(env or {"PATH": "/usr/bin:/bin"}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                **self.popen_options(),
            )
        except OSError:
            return False
        return outcome.returncode == 0

    def can_enter(self, directory: Path) -> bool:
        """Whether this account may walk into `directory`, through all its parents."""
        return self.can_run(["/bin/sh", "-c", 'cd "$0"', directory])


def current() -> Account:
    """Who we are."""
    return _of(os.geteuid())


def ordinary(directory: Path) -> Account:
    """Who servers with data under `directory` run as: us; when we are root, its owner or a system account."""
    if os.geteuid() != 0:
        return current()
    nearest = next(path for path in (directory, *directory.parents) if path.exists())
    owner = nearest.stat().st_uid
    if owner != 0 and nearest == directory:
        return _of(owner)
    return _system_account()


def _system_account() -> Account:
    command = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if command and not _exists(SYSTEM_ACCOUNT):
        options = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        subprocess.run(  # noqa: S603
            [command, *options, "--shell", "/usr/sbin/nologin", SYSTEM_ACCOUNT],
            check=False,
            capture_output=True,
        )
    return _named(SYSTEM_ACCOUNT if _exists(SYSTEM_ACCOUNT) else "nobody")


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _named(name: str) -> Account:
    entry = pwd.getpwnam(name)
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _of(uid: int) -> Account:
    try:
        return _named(pwd.getpwuid(uid).pw_name)
    except KeyError:  # a container may run us under a number without a name
        return Account(str(uid), uid, os.getegid())
