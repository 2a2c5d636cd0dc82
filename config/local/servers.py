"""Database and broker of an instance: embedded, or those that DATABASE_URL and VALKEY_URL name."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.local import account as accounts
from config.local.account import Account
from config.local.options import Options
from config.local.output import Output
from config.local.postgres import NOT_DURABLE, OWNER, ROLES_WITH_PASSWORD, SUPERUSER, WEB, WORKER, Postgres
from config.local.programs import SYSTEM_DIRECTORY, open_directory
from config.local.refusal import Refusal
from config.local.server import Server
from config.local.valkey import Valkey


@dataclass(frozen=True)
class Servers:
    """Where everything else finds database and broker."""

    options: Options
    account: Account
    postgres: Postgres | None = None
    valkey: Valkey | None = None

    @property
    def embedded(self) -> list[Server]:
        """Those that we start ourselves."""
        return [server for server in (self.postgres, self.valkey) if server]

    def urls(self) -> dict[str, str]:
        """What the application is told."""
        return {
            "DATABASE_URL": self.postgres.url(WEB) if self.postgres else self.options.database_url,
            "VALKEY_URL": self.valkey.url() if self.valkey else self.options.valkey_url,
        }

    def worker_url(self) -> str:
        """What workers, beat and watchdog are told instead of the web's."""
        return self.postgres.url(WORKER) if self.postgres else self.options.worker_url

    def owner_url(self) -> str:
        """What migrations are told, and nothing else."""
        return self.postgres.url(OWNER) if self.postgres else self.options.owner_url


def choose(options: Options, secrets: Mapping[str, str], output: Output) -> Servers:
    """The servers of this instance, not started yet."""
    account = accounts.ordinary(options.directory)
    if options.database_url and options.valkey_url:
        return Servers(options, account)
    root = _root(options.directory, secrets["INSTANCE_ID"], account)
    if root != options.directory:
        output.say(f"the account {account.name} cannot reach {options.directory}: the servers' data is in {root}")
    passwords = {
        role: secrets[f"{role.removeprefix('forecourt_').upper()}_PASSWORD"]
        for role in (SUPERUSER, *ROLES_WITH_PASSWORD)
    }
    return Servers(
        options,
        account,
        None if options.database_url else Postgres(root, passwords=passwords, account=account),
        None if options.valkey_url else Valkey(root, password=secrets["VALKEY_PASSWORD"], account=account),
    )


@contextlib.contextmanager
def temporary(*, durable: bool = False) -> Iterator[tuple[Postgres, Valkey]]:
    """Both servers on empty data that is thrown away afterwards: for tests and measurements."""
    account = accounts.ordinary(Path("/"))
    parent = Path(tempfile.gettempdir())
    if not account.can_enter(parent):
        parent = open_directory(SYSTEM_DIRECTORY)
    root = Path(tempfile.mkdtemp(prefix="forecourt-", dir=parent))
    account.own(root)
    try:
        settings = {} if durable else NOT_DURABLE
        with Postgres(root, account=account, settings=settings) as postgres, Valkey(root, account=account) as valkey:
            postgres.create_database()
            yield postgres, valkey
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _root(directory: Path, instance_id: str, account: Account) -> Path:
    """VAR_DIR, or a place for an account that cannot reach it; once chosen, it stays."""
    elsewhere = SYSTEM_DIRECTORY / instance_id
    if elsewhere.exists():
        return elsewhere
    if account.can_enter(directory):
        return directory
    if (directory / Postgres.name).exists():
        raise Refusal(f"The data in {directory} belongs to the account {account.name}, which cannot reach it any more.")
    return open_directory(elsewhere)
