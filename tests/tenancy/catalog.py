"""What PostgreSQL's own catalog says of the fences, asked as the owner of the tables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import namedtuple_row

from tests.conftest import owner_conninfo

APP_ROLES = ("forecourt_web", "forecourt_worker", "forecourt_platform", "forecourt_readonly")
ROLES = (*APP_ROLES, "forecourt_backup", "forecourt_owner")
OURS = "n.nspname = 'public' AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.objid = c.oid AND e.deptype = 'e')"
"""What is in our schema and came with no extension."""


def asked(statement: str, *values: Any) -> list[Any]:
    """The rows of an answer, by the names of their columns."""
    with psycopg.connect(owner_conninfo(), row_factory=namedtuple_row) as owner:
        return owner.execute(statement, values or None).fetchall()


def relations(kinds: str) -> list[Any]:
    return asked(
        "SELECT c.relname AS name, c.relrowsecurity AS fenced, c.relforcerowsecurity AS forced, c.reloptions AS options"
        f" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {OURS}"
        " AND c.relkind::text = ANY(%s) ORDER BY 1",
        list(kinds),
    )


@contextmanager
def as_web(*dealerships: int, role: str = "none") -> Iterator[psycopg.Connection]:
    """A connection of the application's own role in a scope, in one transaction that leaves nothing behind."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as web:
        scope = f"{{{','.join(map(str, dealerships))}}}"
        web.execute("SELECT set_config('role', %s, true), set_config('app.dealerships', %s, true)", [role, scope])
        yield web
        web.rollback()


@contextmanager
def as_owner(*unfenced: str) -> Iterator[psycopg.Connection]:
    """A connection of the tables' owner, to whom the tables named show everything; it leaves nothing behind."""
    with psycopg.connect(owner_conninfo()) as owner:
        for table in unfenced:
            owner.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        yield owner
        owner.rollback()
