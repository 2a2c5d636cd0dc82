"""What happens between the servers' start and the application's: tables, static files, the first administrator."""

import hashlib
import os
import sys
from pathlib import Path

from config.local import account as accounts
from config.local.account import Account
from config.local.instance import PROJECT
from config.local.options import Options
from config.local.output import Output
from config.local.parts import Launcher
from config.local.refusal import Refusal


def application_account(wanted: Account, output: Output) -> Account:
    """Who web, worker and beat run as: the servers' account if it can run the project, else whoever started it."""
    command = [sys.executable, "-c", "import django, config.local.refusal"]
    if wanted.can_run(command, cwd=PROJECT, env={"PATH": os.environ.get("PATH", ""), "DJANGO_SETTINGS_MODULE": ""}):
        return wanted
    starter = accounts.current()
    output.say(f"the account {wanted.name} cannot run the project's Python: web, worker and beat run as {starter.name}")
    return starter


def prepare(options: Options, launcher: Launcher, owner_url: str) -> None:
    """Migrate under the owner role; collect static files and seed when there is something new."""
    launcher.output.say("migrating")
    _succeed(
        launcher.manage(
            "migrate", "--no-input", "--verbosity", "0", DATABASE_URL=owner_url, DATABASE_OWNER_URL=owner_url
        )
    )
    static = launcher.account.directory(options.directory / "static", mode=0o755)
    collected = options.directory / "static.from"
    fingerprint = _static_fingerprint()
    if not static.joinpath("staticfiles.json").exists() or not _reads(collected, fingerprint):
        launcher.output.say("collecting static files")
        _succeed(launcher.manage("collectstatic", "--no-input", "--clear", "--ignore", "redoc", "--verbosity", "0"))
        collected.write_text(fingerprint)
    _seed(options, launcher)


def _seed(options: Options, launcher: Launcher) -> None:
    how = ["--gateway-port", str(options.sandbox_port)] if options.sandbox_port else ["--no-sandbox"]
    seeded = options.directory / "seeded"
    if not _reads(seeded, " ".join(how)):
        administrator = {name: os.environ[name] for name in ("ADMIN_EMAIL", "ADMIN_PASSWORD") if name in os.environ}
        _succeed(launcher.manage("seed_demo", *how, **administrator))
        seeded.write_text(" ".join(how))


def _succeed(status: int) -> None:
    if status:
        raise Refusal("Forecourt did not start; the lines above say why.")


def _reads(path: Path, content: str) -> bool:
    return path.exists() and path.read_text() == content


def _static_fingerprint() -> str:
    """Changes when a static file of ours, a package or a setting does."""
    digest = hashlib.blake2b((PROJECT / "requirements.lock").read_bytes(), digest_size=16)
    digest.update((PROJECT / "config" / "settings.py").read_bytes())
    packages = sorted(file.parent for file in PROJECT.glob("*/__init__.py"))
    folders = [PROJECT / "static", *(package / "static" for package in packages)]
    for file in (file for folder in folders for file in sorted(folder.rglob("*")) if file.is_file()):
        found = file.stat()
        digest.update(f"{file.relative_to(PROJECT)} {found.st_mtime_ns} {found.st_size}\n".encode())
    return digest.hexdigest()
