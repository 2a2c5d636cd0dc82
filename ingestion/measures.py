"""What records come to: from tallies where they tell it, else from the records; remembered until a run stores more."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from django.core.cache import cache
from django.core.exceptions import EmptyResultSet
from django.db.models import Count, DateField, F, Func, OuterRef, QuerySet, Subquery, Sum

from config.backoffice.patience import patience
from dealers import tenancy
from ingestion import fields
from ingestion.job_types import JobType
from ingestion.models import Holding
from ingestion.narrowing import told
from ingestion.sampling import ONE_OF, Sampled

MILLISECONDS = 3_000
"""What a question to the records themselves may take."""
KEPT = 60 * 60
"""Seconds for which an answer is remembered if nothing is stored."""
COUNTED_UP_TO = 5_000
"""Records whose people are counted one by one; of more, a sample is."""
Found = TypeVar("Found")


@dataclass(frozen=True)
class Total:
    """How many records, and by the names of `JobType.measured` their sums and how many have that number."""

    records: int
    sums: Mapping[str, Decimal]
    counted: Mapping[str, int]

    def amount(self, name: str) -> Decimal | None:
        return self.sums[name] if self.counted[name] else None

    def average(self, name: str) -> Decimal | None:
        """Of the records that have it, to two places."""
        return round(self.sums[name] / self.counted[name], 2) if self.counted[name] else None


@dataclass(frozen=True)
class People:
    number: int
    about: bool = False


class LocalDay(Func):
    """The day of a moment in a time zone."""

    template = "timezone(%(expressions)s)::date"
    output_field = DateField()


def total(job: JobType, rows: QuerySet[Any]) -> Total:
    return remembered("total", job, rows, lambda: tallied_total(job, rows) or asked_total(job, rows))


def tallied_total(job: JobType, rows: QuerySet[Any]) -> Total | None:
    tallies = told(job, rows)
    if tallies is None:
        return None
    sums = {f"sum{place}": Sum(F(f"amounts__{place}")) for place in range(len(job.measured))}
    counts = {f"count{place}": Sum(F(f"counted__{place}")) for place in range(len(job.measured))}
    return total_of(job, tallies.all.aggregate(records=Sum("records"), **sums, **counts))


def asked_total(job: JobType, rows: QuerySet[Any]) -> Total:
    found: QuerySet[Any] = bare(rows)
    sums: dict[str, Any] = {}
    for place, name in enumerate(job.measured):
        column, path = f"measured{place}", name
        if "." in name:
            found, path = found.annotate(**{column: of_lines(job, name)}), column
        sums |= {f"sum{place}": Sum(path), f"count{place}": Count(path)}
    with patience(MILLISECONDS):
        return total_of(job, found.aggregate(records=Count("*"), **sums))


def total_of(job: JobType, found: Mapping[str, Any]) -> Total:
    return Total(
        int(found["records"] or 0),
        {name: Decimal(found[f"sum{place}"] or 0) for place, name in enumerate(job.measured)},
        {name: int(found[f"count{place}"] or 0) for place, name in enumerate(job.measured)},
    )


def of_lines(job: JobType, name: str) -> Subquery:
    """The sum of a number of a record's lines."""
    array, _, column = name.rpartition(".")
    lines: QuerySet[Any] = QuerySet(job.lines[array]).filter(record=OuterRef("pk")).order_by().values("record")
    return Subquery(lines.annotate(sum=Sum(column)).values("sum"))


def people(job: JobType, rows: QuerySet[Any], records: int) -> People:
    """How many people `records` records tell of; of a great many about."""

    def ask() -> People:
        found = bare(rows).exclude(**{f"{job.people}__isnull": True})
        with patience(MILLISECONDS):
            if records <= COUNTED_UP_TO:
                return People(different(found, job.people))
            return People(ONE_OF * different(found.filter(Sampled(F(job.people))), job.people), about=True)

    return remembered("people", job, rows, ask)


def different(rows: QuerySet[Any], column: str) -> int:
    """How many values a column has."""
    return int(rows.aggregate(found=Count(column, distinct=True))["found"])


def by_day(job: JobType, rows: QuerySet[Any]) -> dict[date | None, int]:
    """How many records each day has; None: those without a date."""

    def ask() -> dict[date | None, int]:
        tallies = told(job, rows)
        if tallies is not None:
            return counts(tallies.all.values_list("day").annotate(found=Sum("records")))
        is_moment = isinstance(job.column(job.day), fields.Moment)
        day = LocalDay(F("dealership__time_zone"), F(job.day)) if is_moment else F(job.day)
        with patience(MILLISECONDS):
            return counts(bare(rows).annotate(told_day=day).values_list("told_day").annotate(found=Count("*")))

    return remembered("days", job, rows, ask)


def by_code(job: JobType, rows: QuerySet[Any], name: str) -> dict[str, int]:
    """How many records each code of a column of `JobType.parts` has; blank: those without."""

    def ask() -> dict[str, int]:
        tallies = told(job, rows)
        by = tallies.by(name) if tallies else None
        if by is not None:
            return counts(by.values_list("code").annotate(found=Sum("records")))
        array, _, column = name.rpartition(".")
        asked = bare(rows).filter(**{f"{array}__isnull": False}) if array else bare(rows)
        with patience(MILLISECONDS):
            told_by = asked.values_list(f"{array}__{column}" if array else column)
            found = counts(told_by.annotate(found=Count("pk", distinct=True) if array else Count("*")))
        return {code or "": count for code, count in found.items()}

    return remembered(f"codes {name}", job, rows, ask)


def by_dealership(job: JobType, rows: QuerySet[Any]) -> dict[int, int]:
    def ask() -> dict[int, int]:
        tallies = told(job, rows)
        if tallies is not None:
            return counts(tallies.all.values_list("dealership").annotate(found=Sum("records")))
        with patience(MILLISECONDS):
            return counts(bare(rows).values_list("dealership").annotate(found=Count("*")))

    return remembered("dealerships", job, rows, ask)


def counts(found: QuerySet[Any]) -> dict[Any, int]:
    return {key: int(count) for key, count in found}


def bare(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The same records, nothing beside them, in no order."""
    return rows.model._default_manager.filter(pk__in=rows.values("pk")) if rows.query.is_sliced else rows.order_by()


def remembered(piece: str, job: JobType, rows: QuerySet[Any], ask: Callable[[], Found]) -> Found:
    """The answer to a question about these rows in this scope, asked anew once a run has stored something.

    The stamp is read before the question is asked, so that an answer is never older than its stamp says.
    """
    try:
        sql, params = bare(rows).values("pk").query.sql_with_params()
    except EmptyResultSet:
        return ask()
    scope = tenancy.scope.get()
    stamp = Holding.objects.filter(job_type=job.code).aggregate(changes=Sum("changes"))["changes"]
    asked = repr((piece, job.code, job.measured, sql, params, scope.dealerships, bool(scope.purpose), stamp))
    key = f"analytics:{hashlib.sha256(asked.encode()).hexdigest()}"
    found: Found | None = cache.get(key)
    if found is None:
        found = ask()
        cache.set(key, found, KEPT)
    return found
