"""Questions that may take too long: ended by the database after a while, and told in words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import OperationalError, connection, transaction
from django.db.models import QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

TOO_SLOW = gettext_lazy(
    "This took too long and was stopped. Narrow it: fewer days, one dealership, or a filter that fewer records match."
)


class TooSlow(Exception):
    """A question was stopped; its text says what to do, for the person who asked."""

    def __init__(self) -> None:
        super().__init__(str(TOO_SLOW))


@contextmanager
def patience(milliseconds: int | None = None) -> Iterator[None]:
    """A question that the database ends is TooSlow, and the transaction around it goes on.

    With `milliseconds` it has no more than that for each statement, else what the role has.
    """
    try:
        with transaction.atomic():
            if milliseconds is not None:
                limit(f"{milliseconds}ms")
            yield
            if milliseconds is not None:
                limit(None)
    except OperationalError as error:
        if not was_stopped(error):
            raise
        raise TooSlow from error


def was_stopped(error: OperationalError) -> bool:
    """Whether the database ended the question, because of its time or at an administrator's word."""
    return isinstance(error.__cause__, psycopg.errors.QueryCanceled)


def limit(time: str | None) -> None:
    """Until the end of the transaction or savepoint; None: what the role has."""
    with connection.cursor() as cursor:
        if time is None:
            cursor.execute("SET LOCAL statement_timeout TO DEFAULT")
        else:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [time])


@dataclass(frozen=True)
class Counted:
    """How many rows there are, up to a bound."""

    number: int
    more: bool = False

    def __str__(self) -> str:
        told = number_format(self.number, use_l10n=True, force_grouping=True)
        return _("more than %(number)s") % {"number": told} if self.more else told


def counted(rows: QuerySet[Any], most: int = 10_000) -> Counted:
    """The rows of a list: nobody counts a big table to its end."""
    found = rows.order_by()[: most + 1].count()
    return Counted(min(found, most), found > most)
