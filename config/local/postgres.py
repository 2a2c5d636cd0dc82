"""PostgreSQL of our own: a unix socket, scram passwords, six roles, default durability."""

import os
import re
import secrets
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from config.local import programs
from config.local.account import Account
from config.local.refusal import Refusal
from config.local.server import SERVER_ENVIRONMENT, Server

SUPERUSER, OWNER, WEB, WORKER = "postgres", "forecourt_owner", "forecourt_web", "forecourt_worker"
READONLY, BACKUP = "forecourt_readonly", "forecourt_backup"
ROLES_WITH_PASSWORD = (OWNER, WEB, WORKER, READONLY, BACKUP)
DATABASE = "forecourt"
PORT = 5432
"""Nothing listens on it: it is part of the socket's name."""
ROLES = Path(__file__).with_name("roles.sql")

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0777",  # the directory around it is 0700
    "max_connections": "100",
    "shared_buffers": "256MB",
    "wal_compression": "on",
    "jit": "off",
    "shared_preload_libraries": "pg_stat_statements",
    "password_encryption": "scram-sha-256",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
}
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For data that nobody misses: the tests'."""


def new_passwords() -> dict[str, str]:
    """A random password for each role."""
    return {role: secrets.token_urlsafe(24) for role in (SUPERUSER, *ROLES_WITH_PASSWORD)}


class Postgres(Server):
    """A PostgreSQL cluster under `root`/postgres, made when it is not there yet."""

    name = "postgres"
    programs = ("postgres",)
    socket_name = f".s.PGSQL.{PORT}"
    stop_signal = death_signal = signal.SIGINT  # fast shutdown

    def __init__(
        self,
        root: Path,
        *,
        passwords: Mapping[str, str] | None = None,
        account: Account | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(root, account=account)
        self.passwords = dict(passwords or new_passwords())
        self.settings = {**SETTINGS, **(settings or {})}
        self.bin = programs.postgres_bin(self.account)

    def url(self, role: str = WEB, database: str = DATABASE) -> str:
        """A URL that Django and libpq both read."""
        return (
            f"postgres://{role}:{self.passwords[role]}@{quote(str(self.socket_directory), safe='')}:{PORT}/{database}"
        )

    def create_database(self, name: str = DATABASE, *, template: str = "template1") -> None:
        """A database of the owner role with our extensions and grants, unless it is there; the roles as well."""
        with self._superuser("postgres") as connection:
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
                command = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
                connection.execute(command.format(sql.Identifier(name), sql.Identifier(template)))
        with self._superuser(name) as connection:
            connection.execute(self._roles(connection))

    def leader(self) -> int | None:
        """The postmaster: no other process of the cluster may be sent its signals."""
        lines = self._postmaster_file()
        return int(lines[0]) if lines else None

    def prepare(self) -> None:
        """The cluster, and none of the files by which a killed server would keep this one from starting."""
        if not (self.data / "PG_VERSION").exists():
            self._initialise()
        self._check_version()
        for stale in (self.data / "postmaster.pid", self.socket_directory / f"{self.socket_name}.lock"):
            stale.unlink(missing_ok=True)  # nothing works in the directory any more: see `Server.start`

    def command(self) -> list[str | Path]:
        """`postgres` in the foreground."""
        options = [word for name, value in self.settings.items() for word in ("-c", f"{name}={value}")]
        return [self.bin / "postgres", "-D", self.data, "-k", self.socket_directory, "-p", str(PORT), *options]

    def answers(self) -> bool:
        """Whether the postmaster reports that it is ready, as `pg_ctl` finds out."""
        lines = self._postmaster_file()
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def _postmaster_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def _superuser(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        # Passwords are set in statements that the statistics had better not keep.
        options = "-c pg_stat_statements.track_utility=off"
        return psycopg.connect(self.url(SUPERUSER, database), autocommit=True, options=options)

    def _roles(self, connection: "psycopg.Connection[tuple[object, ...]]") -> sql.Composed:
        """roles.sql with the passwords in place of psql's variables."""
        pieces = re.split(r":'([a-z]+)_password'", ROLES.read_text())
        return sql.Composed(
            sql.Literal(self.passwords[f"forecourt_{piece}"]) if index % 2 else sql.SQL(piece)  # type: ignore[arg-type]
            for index, piece in enumerate(pieces)
        )

    def _initialise(self) -> None:
        """initdb beside the final place, then a rename: a kill half way leaves nothing to stumble over."""
        unfinished = self.root / "postgres.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        self.account.directory(unfinished)
        reading, writing = os.pipe()
        os.write(writing, f"{self.passwords[SUPERUSER]}\n".encode())
        os.close(writing)
        self.account.own(reading)
        outcome = subprocess.run(  # noqa: S603
            [*self._initdb(), "-D", str(unfinished), f"--pwfile=/dev/fd/{reading}"],
            check=False,
            capture_output=True,
            text=True,
            env=SERVER_ENVIRONMENT,
            cwd="/",
            pass_fds=[reading],
            **self.account.popen_options(),
        )
        os.close(reading)
        if outcome.returncode:
            raise Refusal(f"initdb failed:\n{outcome.stdout}{outcome.stderr}")
        self.data.rmdir()
        unfinished.rename(self.data)

    def _initdb(self) -> list[str]:
        builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if self._version() >= 17 else []
        authentication = ["--auth=scram-sha-256", "--username", SUPERUSER]
        return [
            str(self.bin / "initdb"),
            *authentication,
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            *builtin,
            "--no-instructions",
        ]

    def _version(self) -> int:
        command = [str(self.bin / "postgres"), "--version"]
        answer = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
        found = re.search(r"(\d+)", answer.stdout)
        return int(found[1]) if found else 0

    def _check_version(self) -> None:
        made_by = int((self.data / "PG_VERSION").read_text())
        if made_by != self._version():
            raise Refusal(
                f"{self.data} was made by PostgreSQL {made_by}, this is {self._version()}. Dump it with the old one"
                " and load it into a new VAR_DIR (docs/operations.md)."
            )
