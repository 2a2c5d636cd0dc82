"""Filters of records, feeds, runs and quarantine; those of a record model are read off its columns."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, partial
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import DateTimeField, F, Func, QuerySet, Value
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.timezone import is_aware
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field

from config.backoffice.filters import (
    AnyNumberOf,
    AnyOf,
    Bounds,
    YesOrNoFilter,
    amount_bounds,
    count_bounds,
    day_bounds,
    from_,
    to,
)
from config.backoffice.schema import NOT_BLANK
from ingestion import fields, identity, search
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Backfill, Feed, QuarantinedRecord, Run
from ingestion.naming import saying

TWO_LETTERS = r"^\s*[^\s\u0000][^\u0000]*[^\s\u0000]\s*$"


class MomentBound(forms.Field):
    """A moment with or without offset, or a whole day."""

    def to_python(self, value: Any) -> date | datetime | None:
        if not value:
            return None
        try:
            bound = parse_date(value) or parse_datetime(value)
            if isinstance(bound, datetime) and is_aware(bound):
                bound = bound.astimezone(UTC)  # PostgreSQL reads no offset of 16 hours or more
        except (ValueError, OverflowError):
            bound = None
        if bound is None or bound.year > 9998:
            raise ValidationError(_("Write a day, 2026-01-31, or a moment, 2026-01-31T08:00:00+07:00."))
        return bound


class AtZone(Func):
    """A wall clock's reading in a time zone, as the moment it is."""

    template = "timezone(%(expressions)s::timestamp)"
    output_field = DateTimeField()

    def __init__(self, zone: str, clock: datetime) -> None:
        super().__init__(F(zone), Value(clock.isoformat()))
        self.clock = clock


class MomentFilter(django_filters.Filter):
    """Moments from, or up to, a bound. A day, and a moment without offset, are the dealership's own."""

    field_class = MomentBound

    def filter(self, qs: QuerySet[Any], value: date | datetime | None) -> QuerySet[Any]:
        if value is None:
            return qs
        lookup, bound = self.lookup_expr, value
        if not isinstance(bound, datetime):
            if lookup == "lte":  # to the end of the day
                lookup, bound = "lt", bound + timedelta(days=1)
            bound = datetime.combine(bound, time())  # in the zone of the row's dealership, see AtZone
        moment = bound if is_aware(bound) else AtZone("dealership__time_zone", bound)
        return qs.filter(**{f"{self.field_name}__{lookup}": moment})


def moment_bounds(name: str, label: Any) -> Bounds:
    """A filter from, and one up to, a moment or a day."""
    typed = extend_schema_field({"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]})
    made = partial(MomentFilter, field_name=name)
    return typed(made(lookup_expr="gte", label=from_(label))), typed(made(lookup_expr="lte", label=to(label)))


class AnyName(AnyOf):
    """Rows whose column is one of the texts given, found by the column's index if it has one."""

    def filter(self, qs: QuerySet[Any], value: list[Any]) -> QuerySet[Any]:
        return qs.filter(saying(qs.model, self.field_name, value)) if value else qs


class AnyIdentityNumber(AnyOf):
    """Rows with one of these numbers, among those whose numbers the person sees."""

    def filter(self, qs: QuerySet[Any], value: list[Any]) -> QuerySet[Any]:
        return identity.within(super().filter(qs, value), self.parent.request.user) if value else qs


BOUNDS: dict[type[fields.WireField], Callable[[str, Any], Bounds]] = {
    fields.Moment: moment_bounds,
    fields.Day: day_bounds,
    fields.Money: amount_bounds,
    fields.Whole: count_bounds,
}


def column_filters(column: fields.WireField) -> dict[str, django_filters.Filter]:
    """Texts and codes by any of the values given, days, moments, amounts and whole numbers by their bounds."""
    name, label = column.name, column.verbose_name
    if isinstance(column, fields.IdentityNumber):
        return {name: AnyIdentityNumber(field_name=name, label=label)}
    if isinstance(column, fields.Text):
        return {name: AnyName(field_name=name, label=label)}
    if bounds := BOUNDS.get(type(column)):
        return dict(zip((f"{name}_from", f"{name}_to"), bounds(name, label), strict=True))
    return {}


class RecordFilters(django_filters.FilterSet):
    """What can be asked of every record model."""

    job: JobType
    id = AnyNumberOf(field_name="id", label=_("id"))
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    search = extend_schema_field({"type": "string", "pattern": TWO_LETTERS})(
        django_filters.CharFilter(
            method="containing",
            min_length=2,
            label=_("words that each stand in a text of the record or of its lines, two letters or more"),
        )
    )

    def containing(self, queryset: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        return queryset.filter(pk__in=search.containing(self.job, value))


@cache
def record_filters(job: JobType) -> type[RecordFilters]:
    """The filter set of a job type's records."""
    filters = {name: each for column in fields.wire_fields(job.record) for name, each in column_filters(column).items()}
    meta = type("Meta", (), {"model": job.record, "fields": ()})
    return type(f"{job.record.__name__}Filters", (RecordFilters,), {**filters, "job": job, "Meta": meta})


class OfFeed(django_filters.FilterSet):
    """Rows that belong to a feed."""

    id = AnyNumberOf(field_name="id", label=_("id"))
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    job = django_filters.MultipleChoiceFilter(
        field_name="job_type", choices=[(code, code) for code in JOB_TYPES], distinct=False, label=_("job type")
    )


class FreshnessFilters(OfFeed):
    """Of feeds with their freshness."""

    main_dealer = AnyOf(field_name="connection__main_dealer", label=_("main dealer"))
    state = django_filters.MultipleChoiceFilter(
        field_name="freshness", choices=Feed.State.choices, distinct=False, label=_("state")
    )

    class Meta:
        model = Feed
        fields = ()


class RunFilters(OfFeed):
    state = django_filters.MultipleChoiceFilter(choices=Run.State.choices, distinct=False, label=_("state"))
    kind = django_filters.MultipleChoiceFilter(choices=Run.Kind.choices, distinct=False, label=_("kind"))
    backfill = AnyNumberOf(field_name="backfill_id", label=_("backfill"))
    flagged = YesOrNoFilter(method="to_look_at", label=_("has something that nobody has looked at"))
    queued_at_from, queued_at_to = moment_bounds("queued_at", "queued")
    since_from, since_to = moment_bounds("since", "window's begin")
    until_from, until_to = moment_bounds("until", "window's end")

    class Meta:
        model = Run
        fields = ()

    def to_look_at(self, queryset: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        flagged = Run.objects.flagged().values("pk")
        return queryset.filter(pk__in=flagged) if value else queryset.exclude(pk__in=flagged)


class BackfillFilters(OfFeed):
    state = django_filters.MultipleChoiceFilter(choices=Backfill.State.choices, distinct=False, label=_("state"))
    started_at_from, started_at_to = moment_bounds("started_at", "started")

    class Meta:
        model = Backfill
        fields = ()


class QuarantineFilters(OfFeed):
    natural_key = AnyOf(field_name="natural_key", label=_("natural key"))
    run = AnyNumberOf(field_name="run_id", label=_("the run that met it first"))
    state = django_filters.MultipleChoiceFilter(
        choices=QuarantinedRecord.State.choices, distinct=False, label=_("state; all without it")
    )
    field = AnyOf(field_name="field", label=_("field"))
    cause = AnyOf(field_name="cause", label=_("cause"))
    reason = extend_schema_field({"type": "string", "pattern": NOT_BLANK})(
        django_filters.CharFilter(lookup_expr="icontains", label=_("words of the reason"))
    )
    quarantined_at_from, quarantined_at_to = moment_bounds("quarantined_at", "quarantined")

    class Meta:
        model = QuarantinedRecord
        fields = ()
