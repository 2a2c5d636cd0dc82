"""The tallies of the records that a query asks for, if they tell: by dealership, day and codes of `JobType.part`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import QuerySet
from django.db.models.expressions import Col
from django.db.models.lookups import Lookup
from django.db.models.sql.where import AND, WhereNode

from dealers.models import Dealership
from ingestion import fields
from ingestion.filters import AtZone
from ingestion.job_types import JobType
from ingestion.models import Tally
from ingestion.values import LONGEST_CODE

DAYS = ("exact", "gt", "gte", "lt", "lte")
CODES = ("exact", "in")


class Untold(Exception):
    """The tallies do not tell what is asked for."""


@dataclass(frozen=True)
class Told:
    """Tallies, and the column whose codes they were narrowed to; blank: none was."""

    job: JobType
    tallies: QuerySet[Tally]
    column: str

    @property
    def all(self) -> QuerySet[Tally]:
        """Each record once."""
        return self.tallies.filter(column=self.column)

    def by(self, column: str) -> QuerySet[Tally] | None:
        """Those of each code of a column; None for a column that is not tallied."""
        return self.tallies.filter(column=column) if column == self.job.part else None


def told(job: JobType, rows: QuerySet[Any]) -> Told | None:
    """What the tallies tell of `rows`; None if the records themselves must be asked."""
    query = rows.query
    if query.is_sliced or query.distinct or query.combinator or query.group_by:
        return None
    found, column = Tally.objects.filter(job_type=job.code, records__gt=0), ""
    try:
        for lookup in lookups(query.where):
            name, asked = narrowed(job, lookup)
            column = column or name
            found = found.filter(**asked)
    except Untold:
        return None
    return Told(job, found, column)


def lookups(where: WhereNode) -> Iterator[Lookup[Any]]:
    """The conditions that all hold. Raises Untold if there are others."""
    if where.connector != AND or where.negated:
        raise Untold
    for child in where.children:
        if isinstance(child, WhereNode):
            yield from lookups(child)
        elif isinstance(child, Lookup) and isinstance(child.lhs, Col):
            yield child
        else:
            raise Untold


def narrowed(job: JobType, lookup: Lookup[Any]) -> tuple[str, dict[str, Any]]:
    """The same condition on tallies, and the column whose codes it is about, if any."""
    column, kind, value = lookup.lhs.target, lookup.lookup_name, lookup.rhs
    if column.model is Dealership:
        return "", {f"dealership__{column.name}__{kind}": plain(value)}
    if column.model is not job.record:
        raise Untold
    if column.name == "dealership" and kind in CODES:
        return "", {f"dealership__{kind}": plain(value)}
    if column.name == job.day and kind in DAYS:
        return "", {f"day__{kind}": day(column, value)}
    if column.name == job.part and kind in CODES:
        return column.name, {f"code__{kind}": codes(value)}
    raise Untold


def plain(value: Any) -> Any:
    """A value or several; none that the database would have to find."""
    if hasattr(value, "resolve_expression") or hasattr(value, "as_sql"):
        raise Untold
    return value


def codes(value: Any) -> Any:
    """One code or several. Blank stands for none in tallies, and long texts are cut there."""
    if any(not each or len(each) > LONGEST_CODE for each in ([value] if isinstance(value, str) else plain(value))):
        raise Untold
    return value


def day(column: fields.WireField, value: Any) -> date:
    """The day that a bound stands for; of a moment, midnight where the dealership is."""
    if not isinstance(column, fields.Moment):
        found = plain(value)
    elif isinstance(value, AtZone) and value.clock.time() == time():
        found = value.clock.date()
    else:
        raise Untold
    if not isinstance(found, date) or isinstance(found, datetime):
        raise Untold
    return found
