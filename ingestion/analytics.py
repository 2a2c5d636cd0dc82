"""Figures and charts of records, from any filtered list of them.

What is asked by dealership, day and one code is told by the tallies (`ingestion.tallies`), whatever is stored; anything
else by the records themselves, for a few seconds at most (`patience`). Both are remembered until a run stores more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet, Sum
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.backoffice import charts
from config.backoffice.charts import Bucket, Chart
from config.backoffice.scales import Number
from dealers.models import Dealership
from dealers.permissions import dealerships_of
from ingestion import fields, measures
from ingestion.display import label_of
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Holding, Tally

LONGEST = timedelta(days=5 * 366)
"""What a trend reaches back at most: a gateway's slip of a century is no trend."""
AHEAD = timedelta(days=366)
"""What it reaches into the future at most."""
LATELY = timedelta(days=30)
"""What a sparkline shows."""


@dataclass(frozen=True)
class Figure:
    """One number above a list."""

    label: str
    value: Number | None
    """None: nothing to make it of."""
    kind: str
    """count, money, people or average."""
    money: bool = False
    """Whether it is an amount in the dealership's currency."""
    about: bool = False
    """Whether it is made from a sample, and right within some per cent."""


@dataclass(frozen=True)
class Card:
    """A job type as a person finds it: how many records they may see, when the last was stored, the last weeks."""

    job: JobType
    count: int
    newest: datetime | None
    sparkline: Chart


def figures(job: JobType, rows: QuerySet[Any]) -> list[Figure]:
    """How many records there are, what they come to, of how many people they tell, and averages.

    Raises TooSlow where only the records could tell, and there are too many.
    """
    total = measures.total(job, rows)
    found = [Figure(capfirst(job.label), total.records, "count")]
    for name in job.summed:
        label, money = capfirst(str(job.column(name).verbose_name)), is_money(job, name)
        found.append(Figure(label, total.amount(name), "money" if money else "count", money))
    if job.people:
        people = measures.people(job, rows, total.records)
        found.append(Figure(_("Different people"), people.number, "people", about=people.about))
    for name in job.averages:
        label = _("Average of “%(column)s”") % {"column": job.column(name).verbose_name}
        found.append(Figure(label, total.average(name), "average", is_money(job, name)))
    return found


def is_money(job: JobType, name: str) -> bool:
    return isinstance(job.column(name), fields.Money)


def trend(job: JobType, rows: QuerySet[Any], bucket: Bucket | None = None) -> Chart:
    """Records over time by the job type's main date; a bucket is as fine as stays readable by default."""
    by_day = dict(measures.by_day(job, rows))
    undated = by_day.pop(None, 0)
    dated = {day: number for day, number in by_day.items() if day is not None}
    shown = within_reach(dated)
    left_out = undated + sum(number for day, number in dated.items() if day not in shown)
    note = ngettext(
        "%(count)d record is left out: it has no date, or one that is far off.",
        "%(count)d records are left out: they have no date, or one that is far off.",
        left_out,
    ) % {"count": left_out}
    return charts.trend(capfirst(job.label), shown, bucket, note=note if left_out else "")


def within_reach(by_day: Mapping[date, int]) -> dict[date, Number]:
    """The days that a trend shows."""
    end = timezone.localdate() + AHEAD
    newest = max((day for day in by_day if day <= end), default=end)
    return {day: number for day, number in by_day.items() if newest - LONGEST <= day <= newest}


def breakdown(job: JobType, rows: QuerySet[Any], column: str | None = None) -> Chart:
    """Records by a column of the job type's `parts`, by default the one that tells most; else by dealership.

    A record counts under each code that its lines have. Raises LookupError for a column that is none of them.
    """
    name = job.part if column is None else column
    if name and name not in job.parts:
        raise LookupError(f"{job.code} is not told apart by {name!r}")
    what = capfirst(job.label)
    if not name:
        found = measures.by_dealership(job, rows)
        names = dict(Dealership.objects.filter(pk__in=found).values_list("pk", "name"))
        return charts.breakdown(what, _("dealership"), [(names.get(pk, str(pk)), count) for pk, count in found.items()])
    by_code = measures.by_code(job, rows, name)
    told = [(label_of_part(job.column(name), code), count) for code, count in by_code.items()]
    return charts.breakdown(what, str(job.column(name).verbose_name), told)


def label_of_part(column: fields.WireField, code: str) -> str:
    """What a code means, with the code; a text as it is."""
    if not code:
        return _("not said")
    label = label_of(column, code) if isinstance(column, fields.Code) else None
    return f"{label} ({code})" if label else code


def sparkline(job: JobType, by_day: Mapping[date, Number]) -> Chart:
    """The last weeks of a job type, day by day."""
    today = timezone.localdate()
    whole = {today - LATELY: 0, today: 0, **by_day} if by_day else {}
    return charts.sparkline(capfirst(job.label), whole)


def cards(user: Any) -> list[Card]:
    """A card for each job type that a person may see, in two queries beside those for what they may."""
    visible = visible_jobs(user)
    if not visible:
        return []
    asked = Q()
    for permission, dealerships in visible.items():
        own = Q(job_type__in=[job.code for job in JOB_TYPES.values() if job.seen_with == permission])
        asked |= own if dealerships is None else own & Q(dealership__in=dealerships)
    held = {
        each["job_type"]: each
        for each in Holding.objects.filter(asked).values("job_type").annotate(count=Sum("records"), at=Max("stored_at"))
    }
    today = timezone.localdate()
    lately = Tally.objects.filter(asked, column="", day__gt=today - LATELY, day__lte=today, records__gt=0)
    by_job: dict[str, dict[date, Number]] = {}
    for code, day, count in lately.values_list("job_type", "day").annotate(Sum("records")):
        by_job.setdefault(code, {})[day] = int(count)
    nothing: dict[str, Any] = {"count": 0, "at": None}
    return [
        Card(
            job,
            int(held.get(job.code, nothing)["count"]),
            held.get(job.code, nothing)["at"],
            sparkline(job, by_job.get(job.code, {})),
        )
        for job in JOB_TYPES.values()
        if job.seen_with in visible
    ]


def visible_jobs(user: Any) -> dict[str, set[int] | None]:
    """The permissions that records are seen with and a person has, each with where; None: everywhere."""
    found = {
        permission: dealerships_of(user, permission) for permission in {job.seen_with for job in JOB_TYPES.values()}
    }
    return {permission: where for permission, where in found.items() if where is None or where}
