"""Figures of several places: counted and added up by day, remembered until a run stores something.

What tallies tell is asked of them (`ingestion.measures`), the rest of the records, by an index.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import DecimalField, F, QuerySet, Sum, Value
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from config.backoffice import charts
from config.backoffice.charts import Bucket, Chart
from ingestion import fields, measures
from ingestion.dashboard.places import Place
from ingestion.filters import AtZone
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Holding, Tally

DAYS = 30
"""What a widget looks back, today with it."""
Found = TypeVar("Found")
Money = dict[date, Decimal]
OfPlaces = Sequence[tuple[Place, Mapping[date, Any]]]
"""What each place has by day."""


def asked(piece: str, job: JobType, rows: QuerySet[Any], ask: Callable[[], Found], *beside: str) -> Found:
    """What the records themselves say, remembered; `beside` names the other job types that it depends on."""
    changes = Holding.objects.filter(job_type__in=beside).order_by("job_type").values_list("job_type")
    stamps = list(changes.annotate(Sum("changes"))) if beside else ""
    return measures.remembered(f"dashboard {piece} {stamps}", job, rows, ask)


def lately(place: Place, job: JobType) -> QuerySet[Any]:
    """A job type's records of the last days, by its main date."""
    bounds: list[Any] = [place.first(DAYS), place.today + timedelta(days=1)]
    if isinstance(job.column(job.day), fields.Moment):  # said so that the tallies can tell
        bounds = [AtZone("dealership__time_zone", datetime.combine(day, time())) for day in bounds]
    return place.rows(job.record).filter(**{f"{job.day}__gte": bounds[0], f"{job.day}__lt": bounds[1]})


def tallied(places: Iterable[Place], code: str, name: str = "") -> tuple[OfPlaces, OfPlaces]:
    """How many records of a job type each of the last days has, and the sum of one of its `measured`."""
    found = [(place, tallied_in(place, code, name)) for place in places]
    counts: OfPlaces = [(place, {day: count for day, (count, _amount) in by_day.items()}) for place, by_day in found]
    sums: OfPlaces = [(place, {day: amount for day, (_count, amount) in by_day.items()}) for place, by_day in found]
    return counts, sums


def tallied_in(place: Place, code: str, name: str) -> dict[date, tuple[int, Decimal]]:
    job = JOB_TYPES[code]
    amount = F(f"amounts__{job.measured.index(name)}") if name else Value(0)

    def ask() -> dict[date, tuple[int, Decimal]]:
        tallies = Tally.objects.filter(job_type=code, column="", dealership__in=place.dealerships)
        of_days = tallies.filter(day__gte=place.first(DAYS), day__lte=place.today).values_list("day")
        found = of_days.annotate(count=Sum("records"), sum=Sum(amount, output_field=DecimalField()))
        return {day: (int(count), amount or Decimal(0)) for day, count, amount in found}

    return asked(f"tallied {name}", job, lately(place, job), ask)


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


def purse(found: OfPlaces) -> dict[str, Decimal]:
    """The sums of the last days by currency; nothing of one of which there is nothing."""
    added: dict[str, Decimal] = defaultdict(Decimal)
    for place, by_day in found:
        added[place.currency] += sum(by_day.values(), Decimal(0))
    return {currency: amount for currency, amount in added.items() if amount}


def by_currency(found: OfPlaces) -> dict[str, Money]:
    """Money by day for each currency."""
    of: dict[str, list[tuple[Place, Mapping[date, Any]]]] = defaultdict(list)
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
