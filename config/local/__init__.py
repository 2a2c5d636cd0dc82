"""The launcher behind `make run`, and the way of management commands to the instance that runs."""

import base64
import os
import secrets
import sys
from collections.abc import Sequence

from config.local.instance import running_instance, shown, var_directory
from config.local.refusal import Refusal

__all__ = ["load_environment", "running_instance"]

OWNER_COMMANDS = {"migrate", "flush", "createcachetable"}
"""Commands that change tables: they act as the role that owns them."""
OFFLINE_COMMANDS = {
    "check", "collectstatic", "compilemessages", "dgi_sandbox", "diffsettings", "findstatic", "help", "makemessages",
    "makemigrations", "optimizemigration", "spectacular", "squashmigrations", "startapp", "version",
}  # fmt: skip
"""Commands that need no database, so no running instance either."""


def load_environment(argv: Sequence[str]) -> None:
    """Point Django at the database of DATABASE_URL or at the instance that runs from VAR_DIR, or end with a hint."""
    if "DATABASE_URL" not in os.environ:
        directory = var_directory(os.environ)
        try:
            found = running_instance(directory)
        except Refusal as refusal:
            sys.exit(str(refusal))
        if found is None and not _is_offline(argv):
            sys.exit(f"No running Forecourt in {shown(directory)}. Start one with `make run`, or set DATABASE_URL.")
        for name, value in (found or _placeholders()).items():
            os.environ.setdefault(name, value)
    owner_url = os.environ.get("DATABASE_OWNER_URL")
    if owner_url and _command(argv) in OWNER_COMMANDS:
        os.environ["DATABASE_URL"] = owner_url


def _command(argv: Sequence[str]) -> str:
    return argv[1] if len(argv) > 1 else "help"


def _is_offline(argv: Sequence[str]) -> bool:
    return _command(argv) in OFFLINE_COMMANDS or any(word in {"-h", "--help", "--version"} for word in argv[1:])


def _placeholders() -> dict[str, str]:
    """Settings with which Django starts; nothing answers at these addresses and no secret outlives the command."""
    return {
        "DATABASE_URL": "postgres://forecourt_web@database.invalid/forecourt",
        "VALKEY_URL": "redis://valkey.invalid:6379/0",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "FIELD_KEYS": base64.urlsafe_b64encode(os.urandom(32)).decode(),
        "HTTPS": "0",
        "DGI_ALLOW_LOOPBACK": "1",
    }
