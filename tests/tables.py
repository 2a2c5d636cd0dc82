"""The rows of the tables between tests that commit, past every fence: a test finds what the migrations left.

As a superuser and without triggers, so that no foreign key and no policy is asked; only tables that have pages are
touched. Django's own way, TRUNCATE of every table and the migrations' signal, takes twenty times as long.
"""

from __future__ import annotations

from functools import cache

import psycopg
from psycopg import sql

from tests.environment import superuser_conninfo

Rows = dict[str, bytes]
"""The rows of each table that has any, as COPY writes them."""

ALWAYS = ("django_migrations", "django_content_type", "auth_permission")
"""Tables that say what the code is like, which no test changes."""
LARGE = 1 << 20
"""Bytes from which on it is quicker to give a table new files than to delete its rows."""


@cache
def superuser() -> psycopg.Connection:
    """This process's own connection; it waits ten seconds for whoever has not ended a transaction."""
    options = "-c session_replication_role=replica -c lock_timeout=10s"
    return psycopg.connect(superuser_conninfo(), autocommit=True, options=options)


def with_pages(connection: psycopg.Connection) -> dict[str, int]:
    """Every table that has or had rows since it was made, and its size in bytes, indexes included."""
    found = connection.execute(
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind = 'r' AND relname <> ALL(%s) AND pg_relation_size(oid) > 0 ORDER BY relname",
        [list(ALWAYS)],
    )
    return dict(found.fetchall())


def kept() -> Rows:
    """What the tables hold now, committed."""
    connection, found = superuser(), {}
    for table in with_pages(connection):
        command = sql.SQL("COPY {} TO STDOUT (FORMAT binary)").format(sql.Identifier(table))
        with connection.cursor().copy(command) as rows:
            found[table] = b"".join(rows)
    return found


def put_back(rows: Rows) -> None:
    """Let the tables hold `rows` and nothing else.

    Raises psycopg.errors.LockNotAvailable if somebody's transaction goes on.
    """
    connection = superuser()
    with connection.transaction():
        sizes = with_pages(connection)
        if sizes:
            connection.execute(cleared(sizes))
        for table, content in rows.items():
            command = sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))
            with connection.cursor().copy(command) as into:
                into.write(content)


def cleared(sizes: dict[str, int]) -> sql.Composed:
    """The statements that empty the tables, in one message."""
    tables = [sql.Identifier(table) for table in sizes]
    statements = [sql.SQL("LOCK TABLE {} IN EXCLUSIVE MODE").format(sql.SQL(", ").join(tables))]
    for name, table in zip(sizes, tables, strict=True):
        large = sizes[name] >= LARGE
        statements.append(sql.SQL("TRUNCATE {} CASCADE" if large else "DELETE FROM {}").format(table))
    return sql.SQL("; ").join(statements)
