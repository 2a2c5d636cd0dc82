"""Whose rows the database shows: the scope of whoever acts now, told to PostgreSQL in every transaction.

Row-level security shows a row of a dealership to a scope that holds the dealership, and to nobody else. Without a scope
there are no rows. What works across dealerships (the schedule, the watchdog, a platform administrator) says so by
`platform`, which is another database role, not a value of the same setting. See docs/security.md.

A scope lasts for a `with` block or a decorated function. PostgreSQL learns it with the first statement of each
transaction (SET LOCAL), so nothing of it stays with a connection that somebody else uses next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

PLATFORM_ROLE = "forecourt_platform"
TELL = "SELECT set_config('role', %s, true), set_config('app.dealerships', %s, true), set_config('app.user', %s, true)"


@dataclass(frozen=True, slots=True)
class Scope:
    """Who acts, and on whose rows."""

    dealerships: tuple[int, ...] = ()
    user_id: int | None = None
    purpose: str = ""
    """Of work across all dealerships; blank for everything else."""

    @property
    def settings(self) -> list[str]:
        """What PostgreSQL is told: the role, the dealerships as an array, the user."""
        role = PLATFORM_ROLE if self.purpose else "none"
        return [role, f"{{{','.join(map(str, self.dealerships))}}}", str(self.user_id or "")]


NOBODY = Scope()
scope: ContextVar[Scope] = ContextVar("scope", default=NOBODY)


@contextmanager
def acting(as_scope: Scope) -> Iterator[None]:
    """Whatever asks the database in this block asks as `as_scope`."""
    before = scope.set(as_scope)
    try:
        yield
    finally:
        scope.reset(before)


def acting_for(dealerships: Iterable[int], *, user_id: int | None = None) -> Any:
    """Only rows of these dealerships; a block or a decorator."""
    return acting(Scope(tuple(sorted(dealerships)), user_id))


def nobody() -> Any:
    """No rows of any dealership."""
    return acting(NOBODY)


def platform(purpose: str, *, user_id: int | None = None) -> Any:
    """The rows of all dealerships, for a purpose in a few words; a block or a decorator."""
    if not purpose:
        raise ValueError("work across all dealerships says what it is for")
    return acting(Scope((), user_id, purpose))


@contextmanager
def narrowed(dealerships: Iterable[int]) -> Iterator[None]:
    """Platform work that comes to the rows of these dealerships; whoever is no platform keeps their own scope."""
    here = scope.get()
    with acting(Scope(tuple(sorted(dealerships)), here.user_id) if here.purpose else here):
        yield


def streamed(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """`chunks` asked for in the scope of now, in one transaction, however late and by whomever they are consumed."""
    here, coming = scope.get(), iter(chunks)

    def asked() -> Iterator[bytes]:
        with transaction.atomic():
            while True:
                with acting(here):
                    chunk = next(coming, None)
                if chunk is None:
                    return
                yield chunk

    return asked()


class Fence:
    """Tells a connection's transactions the scope, before the first statement and whenever it changes.

    A statement outside of any transaction gets one of its own. Every statement of Django passes here.
    """

    def __init__(self) -> None:
        self.told: Scope | None = None
        """None: the transaction may have been told anything."""

    def __call__(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        connection: Any = context["connection"]
        if connection.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
            self.told = NOBODY  # a transaction that has not begun knows nothing
        if isinstance(sql, str) and sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT")):
            return execute(sql, params, many, context)
        if isinstance(sql, str) and sql.startswith("ROLLBACK TO SAVEPOINT"):
            self.told = None  # what was told since the savepoint is forgotten with the rest
            return execute(sql, params, many, context)
        wanted = scope.get()
        if connection.in_atomic_block:
            return self.told_first(wanted, execute, sql, params, many, context)
        if wanted == NOBODY:
            return execute(sql, params, many, context)
        with transaction.atomic(using=connection.alias):
            return self.told_first(wanted, execute, sql, params, many, context)

    def told_first(self, wanted: Scope, execute: Callable[..., Any], *statement: Any) -> Any:
        """Execute a statement in a transaction that knows the scope; both go to the database in one journey."""
        if self.told == wanted:
            return execute(*statement)
        context = statement[-1]
        connection = context["connection"]
        named = getattr(context["cursor"].cursor, "name", None)  # a server-side cursor takes part in no pipeline
        with connection.wrap_database_errors, nullcontext() if named else connection.connection.pipeline():
            with psycopg.Cursor(connection.connection) as cursor:
                cursor.execute(TELL, wanted.settings)
            self.told = wanted
            return execute(*statement)


def fence(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of `connection_created`: no connection of Django is without its fence."""
    if not any(isinstance(wrapper, Fence) for wrapper in connection.execute_wrappers):
        connection.execute_wrappers.insert(0, Fence())


def told() -> tuple[str, str, str]:
    """Role, dealerships and user as the current transaction knows them; for tests and reports."""
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT current_user, current_setting('app.dealerships', true), current_setting('app.user', true)"
        )
        return cursor.fetchone()
