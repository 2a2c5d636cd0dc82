"""VAR_DIR: what an instance keeps there, and who holds it.

Standard library only: `manage.py` looks here before Django starts.
"""

import base64
import contextlib
import fcntl
import os
import secrets
import shlex
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from config.local.refusal import Refusal

PROJECT = Path(__file__).resolve().parents[2]
SECRETS, ENVIRONMENT, LOCK = "secrets.env", "instance.env", "lock"
ROLE_PASSWORDS = (
    "POSTGRES_PASSWORD",
    *(f"{role}_PASSWORD" for role in ("OWNER", "WEB", "WORKER", "READONLY", "BACKUP")),
)
"""Of the superuser and of the roles of roles.sql."""


def var_directory(environ: Mapping[str, str]) -> Path:
    """The directory that VAR_DIR names; a relative one is inside the project, wherever the command was given."""
    return (PROJECT / Path(environ.get("VAR_DIR") or "var").expanduser()).resolve()


def shown(directory: Path) -> str:
    """A directory as a person would write it."""
    return f"{directory.relative_to(PROJECT) if directory.is_relative_to(PROJECT) else directory}/"


def prepare(directory: Path) -> None:
    """Make VAR_DIR if it is not there and see that we may write to it."""
    try:
        if not directory.exists():
            directory.mkdir(parents=True)
            # Started by root, the servers' account passes through it; the files in it stay closed.
            directory.chmod(0o711 if os.geteuid() == 0 else 0o700)
        with (directory / LOCK).open("ab"):
            pass
        _hand_over(directory / LOCK)
    except OSError as error:
        raise Refusal(
            f"{shown(directory)} cannot be written to ({error.strerror}). Start Forecourt as the user who owns it,"
            " or choose another directory: make run VAR_DIR=other PORT=8001"
        ) from None


@contextlib.contextmanager
def hold(directory: Path, note: str) -> Iterator[None]:
    """Keep VAR_DIR for this process; the kernel lets go of it however the process ends."""
    with (directory / LOCK).open("r+") as file:
        for _ in range(10):  # a management command looks whether the lock is held, for a blink
            if _locked(file.fileno(), fcntl.LOCK_EX):
                break
            time.sleep(0.05)
        else:
            raise Refusal(
                f"Forecourt already runs from {shown(directory)} ({file.read().strip()})."
                " A second one needs a directory and a port of its own: make run VAR_DIR=var2 PORT=8001"
            )
        file.truncate(0)
        file.write(note)
        file.flush()
        yield


def running_instance(directory: Path) -> dict[str, str] | None:
    """The environment of the Forecourt that runs from `directory`, or None."""
    try:
        with (directory / LOCK).open("rb") as file:
            if _locked(file.fileno(), fcntl.LOCK_SH):
                return None
        return read(directory / ENVIRONMENT)
    except FileNotFoundError:
        return None
    except PermissionError:
        raise Refusal(
            f"{shown(directory)} belongs to another user: run this as the user who started Forecourt."
        ) from None


def read_secrets(directory: Path) -> dict[str, str]:
    """The secrets of this VAR_DIR, made at the first start; never made anew beside data that needs the old ones."""
    path = directory / SECRETS
    if path.exists():
        kept = read(path)
        if missing := [name for name in ROLE_PASSWORDS if name not in kept]:
            kept |= {name: secrets.token_urlsafe(24) for name in missing}
            write(path, kept)
        return kept
    if (directory / ENVIRONMENT).exists() or (directory / "postgres").exists():
        raise Refusal(
            f"{shown(directory)} holds data but its {SECRETS} is gone: put it back, or choose another VAR_DIR."
        )
    made = {
        "INSTANCE_ID": secrets.token_hex(6),
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        **{name: secrets.token_urlsafe(24) for name in ROLE_PASSWORDS},
        "VALKEY_PASSWORD": secrets.token_urlsafe(24),
    }
    write(path, made)
    return made


def read(path: Path) -> dict[str, str]:
    """A file of KEY=value lines as a shell would read them."""
    return dict(word.split("=", 1) for word in shlex.split(path.read_text(), comments=True))


def write(path: Path, values: Mapping[str, str]) -> None:
    """Replace such a file in one step, readable by its owner only."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.writelines(f"{key}={shlex.quote(value)}\n" for key, value in values.items())
        file.flush()
        os.fsync(file.fileno())
    _hand_over(unfinished)
    unfinished.replace(path)


def _hand_over(path: Path) -> None:
    """What root writes in somebody's VAR_DIR belongs to that somebody."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _locked(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
