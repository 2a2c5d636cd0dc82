"""Figures of several places: counted and added up by day, remembered until a run stores something.

What tallies tell is asked of them (`ingestion.measures`), the rest of the records, by an index.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from config.backoffice import charts
from config.backoffice.charts import Bucket, Chart
from ingestion import fields, measures
from ingestion.dashboard.places import Place
from ingestion.filters import AtZone
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Tally

DAYS = 30
"""What a widget looks back, today with it."""
Found = TypeVar("Found")
Money = dict[date, Decimal]
OfPlaces = list[tuple[Place, Mapping[date, Any]]]
"""What each place has by day."""


def asked(piece: str, job: JobType, rows: QuerySet[Any], ask: Callable[[], Found]) -> Found:
    """What the records themselves say, remembered."""
    return measures.remembered(f"dashboard {piece}", job, rows, ask)


def lately(place: Place, job: JobType) -> QuerySet[Any]:
    """A job type's records of the last days, by its main date."""
    bounds: list[Any] = [place.first(DAYS), place.today + timedelta(days=1)]
    if isinstance(job.column(job.day), fields.Moment):  # said so that the tallies can tell
        bounds = [AtZone("dealership__time_zone", datetime.combine(day, time())) for day in bounds]
    return place.rows(job.record).filter(**{f"{job.day}__gte": bounds[0], f"{job.day}__lt": bounds[1]})


def count_by_day(places: Iterable[Place], code: str) -> OfPlaces:
    """How many records of a job type each of the last days has."""
    job = JOB_TYPES[code]
    return [(place, measures.by_day(job, lately(place, job))) for place in places]  # type: ignore[misc]  # no day is null


def sum_by_day(place: Place, code: str, name: str) -> Money:
    """A sum of `JobType.measured` for each of the last days."""
    job = JOB_TYPES[code]
    rows, where = lately(place, job), job.measured.index(name)

    def ask() -> Money:
        tallies = Tally.objects.filter(job_type=code, column="", dealership__in=place.dealerships)
        of_days = tallies.filter(day__gte=place.first(DAYS), day__lte=place.today).values_list("day")
        return {day: amount or Decimal(0) for day, amount in of_days.annotate(sum=Sum(F(f"amounts__{where}")))}

    return asked(f"sums {name}", job, rows, ask)


def moments_by_day(place: Place, code: str, column: str, what: Any) -> dict[date, Any]:
    """`what` (an aggregate) of the records whose moment lies on each of the last days, by the place's clock."""
    job = JOB_TYPES[code]
    begin, end = place.begin(place.first(DAYS)), place.begin(place.today + timedelta(days=1))
    rows = place.rows(job.record).filter(**{f"{column}__gte": begin, f"{column}__lt": end})

    def ask() -> dict[date, Any]:
        by_day = rows.annotate(told_day=TruncDate(column, tzinfo=ZoneInfo(place.zone))).values_list("told_day")
        return {day: value for day, value in by_day.annotate(value=what) if value is not None}

    return asked(f"{column} {what!r} {place.zone}", job, rows, ask)


def codes_lately(places: Iterable[Place], code: str, column: str) -> Counter[str]:
    """How many of the last days' records have each code of a column."""
    job = JOB_TYPES[code]
    found: Counter[str] = Counter()
    for place in places:
        found.update(measures.by_code(job, lately(place, job), column))
    return found


def total_lately(places: Iterable[Place], code: str, name: str) -> dict[str, Decimal]:
    """The sum of a money column over the last days, by currency."""
    job = JOB_TYPES[code]
    found: dict[str, Decimal] = defaultdict(Decimal)
    for place in places:
        found[place.currency] += measures.total(job, lately(place, job)).sums[name]
    return dict(found)


def whole(found: OfPlaces) -> dict[date, Any]:
    """Days added up over places; a day of which there is nothing is 0."""
    added: dict[date, Any] = {}
    for place, by_day in found:
        for back in range(DAYS):
            day = place.today - timedelta(days=back)
            added[day] = added.get(day, 0) + by_day.get(day, 0)
    return dict(sorted(added.items()))


def recent(found: OfPlaces, days: int = DAYS) -> Any:
    """The sum over the last days of each place: where it is tomorrow already, they are others."""
    return sum(value for place, by_day in found for day, value in by_day.items() if place.first(days) <= day)


def by_currency(found: OfPlaces) -> dict[str, Money]:
    """Money by day for each currency."""
    of: dict[str, OfPlaces] = defaultdict(list)
    for place, by_day in found:
        of[place.currency].append((place, by_day))
    return {currency: whole(own) for currency, own in of.items()}


def day_chart(what: str, by_day: Mapping[date, Any]) -> Chart:
    return charts.trend(what, by_day if any(by_day.values()) else {}, Bucket.DAY)


def money_charts(what: str, amounts: Mapping[str, Mapping[date, Decimal]]) -> tuple[Chart, ...]:
    """A chart for each currency that there is anything of; one that says so if there is nothing."""
    found = [(currency, by_day) for currency, by_day in sorted(amounts.items()) if any(by_day.values())]
    if not found:
        return (day_chart(what, {}),)
    named = _("%(what)s in %(currency)s")
    return tuple(day_chart(named % {"what": what, "currency": currency}, by_day) for currency, by_day in found)
