"""What the measurements share: servers and a database of their own, options, a stopwatch, and tables of figures."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from config.local.postgres import Postgres
    from config.local.valkey import Valkey


@dataclass(frozen=True)
class Options:
    """How much is measured; see `tests.bench.__main__`."""

    rounds: int
    records: int
    dealerships: int
    stored: int


@dataclass
class Table:
    """Figures as docs/performance.md has them."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: str) -> None:
        self.rows.append(cells)

    def __str__(self) -> str:
        lines = [self.columns, ["---"] * len(self.columns), *self.rows]
        table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        notes = "".join(f"\n- {note}" for note in self.notes)
        return f"{self.title}\n\n{table}\n{notes}".rstrip() + "\n"


@dataclass
class Session:
    """A PostgreSQL and a Valkey with default durability, migrated; one for all measurements."""

    options: Options
    postgres: Postgres
    valkey: Valkey
    fleet: Any = None
    """The pass that stored the records of `tests.bench.fleet`, as long as they are there."""

    def as_superuser(self, *statements: str) -> None:
        from config.local.postgres import SUPERUSER

        with psycopg.connect(self.postgres.url(SUPERUSER), autocommit=True) as superuser:
            for statement in statements:
                superuser.execute(statement)

    def empty(self) -> None:
        """No dealership, no run, no record."""
        self.fleet = None
        from django.apps import apps

        models = [model for name in ("ingestion", "dealers") for model in apps.get_app_config(name).get_models()]
        self.as_superuser(f"TRUNCATE {', '.join(model._meta.db_table for model in models)} CASCADE")

    def calm(self) -> None:
        """Nothing left over from what came before: dead rows, stale statistics, a checkpoint that is due."""
        self.as_superuser("VACUUM ANALYZE", "CHECKPOINT")


@contextmanager
def session(options: Options) -> Iterator[Session]:
    """Servers that are thrown away afterwards, and Django set up on them as the application's role."""
    from config.local import postgres as roles
    from config.local.servers import temporary

    with temporary(durable=True) as (postgres, valkey):
        owner = postgres.url(roles.OWNER)
        os.environ.update(
            SECRET_KEY="bench-only-" + "k" * 50,
            FIELD_KEYS="dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
            VALKEY_URL=valkey.url(),
            HTTPS="0",
            API_REQUESTS_PER_MINUTE="0",
            DGI_ALLOW_LOOPBACK="1",
            DATABASE_URL=owner,
            DATABASE_OWNER_URL=owner,
            DJANGO_SETTINGS_MODULE="config.settings",
        )
        subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], check=True)
        os.environ["DATABASE_URL"] = postgres.url(roles.WEB)
        import django

        django.setup()
        from django.conf import settings

        from config.garbage import spare_what_is_loaded
        from dealers.tenancy import platform

        settings.ALLOWED_HOSTS = ["testserver"]
        plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
        spare_what_is_loaded()  # as a web process does

        with platform("bench"):
            yield Session(options, postgres, valkey)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def medians(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(found[name] for found in rounds) for name in rounds[0]}
