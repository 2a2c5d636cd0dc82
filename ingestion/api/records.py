"""Endpoints of the records: one serializer and one viewset for each job type, read off its models."""

from __future__ import annotations

from functools import cache, partial
from typing import Any

from django.db.models import Model, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import get_language
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets

from config.backoffice.api import BackofficeView
from config.backoffice.filters import StrictFilterBackend
from ingestion import fields, identity
from ingestion.api.pages import RecordPages
from ingestion.api.quick import QuickSerializer, Read
from ingestion.display import label_of
from ingestion.filters import record_filters
from ingestion.job_types import JobType
from ingestion.models import Record
from ingestion.values import canonical


@extend_schema_field({"type": "string", "format": "decimal", "example": "18181.5"})
class ExactDecimal(serializers.Field):
    """A number as text, exact, without zeros that mean nothing."""

    def to_representation(self, value: Any) -> str:
        return canonical(value)


@extend_schema_field({"type": "string", "format": "date-time"})
class OffsetMoment(serializers.Field):
    """ISO 8601 with offset."""

    def to_representation(self, value: Any) -> str:
        return str(value.isoformat())


@extend_schema_field({"type": "string", "pattern": r"^\d\d:\d\d:\d\d(\.\d+)?$", "example": "09:00:00"})
class ClockTime(serializers.TimeField):
    """Of a wall clock, without offset, which the format `time` of OpenAPI would ask for."""


@extend_schema_field({"type": "string", "nullable": True})
class CodeLabel(serializers.Field):
    """What a code means; null if its table lacks it."""

    def __init__(self, column: fields.Code, **options: Any) -> None:
        super().__init__(**options)
        self.column = column

    def to_representation(self, value: Any) -> str | None:
        return label_of(self.column, value)

    def read_of_row(self) -> Read:
        """Each label is translated once for each language, not for each row."""
        name, labels = self.column.name, dict[tuple[str, Any], str | None]()

        def read(row: Any) -> str | None:
            code = getattr(row, name)
            key = (get_language() or "", code)
            if code is None or key in labels:
                return labels.get(key)
            found = label_of(self.column, code)
            if found is not None:  # codes that the table lacks are data, and there may be any number of them
                labels[key] = found
            return found

        return read


class IdentityNumber(serializers.CharField):
    """A number of somebody's identity papers; its last digits for whom it is not told."""

    def __init__(self, column: fields.IdentityNumber, **options: Any) -> None:
        super().__init__(**options)
        self.column = column

    def get_attribute(self, instance: Any) -> str | None:
        return identity.of_row(instance, self.column)

    def read_of_row(self) -> Read:
        return partial(identity.of_row, column=self.column)


def column_field(column: fields.WireField) -> serializers.Field:
    """How a column stands in an answer."""
    options: dict[str, Any] = {"read_only": True, "allow_null": column.null, "help_text": str(column.verbose_name)}
    if isinstance(column, fields.IdentityNumber):
        return IdentityNumber(column, **options)
    kinds: dict[type[fields.WireField], type[serializers.Field]] = {
        fields.Text: serializers.CharField,
        fields.Whole: serializers.IntegerField,
        fields.Decimal: ExactDecimal,
        fields.Day: serializers.DateField,
        fields.Time: ClockTime,
        fields.Moment: OffsetMoment,
    }
    return next(made for kind, made in kinds.items() if isinstance(column, kind))(**options)


def column_fields(model: type[Model]) -> dict[str, serializers.Field]:
    """Every column by its name, codes with their label beside them."""
    found: dict[str, serializers.Field] = {}
    for column in fields.wire_fields(model):
        found[column.name] = column_field(column)
        if isinstance(column, fields.Code):
            found[f"{column.name}_label"] = CodeLabel(column, source=column.name, read_only=True)
    return found


def serializer(model: type[Model], declared: dict[str, serializers.Field]) -> type[QuickSerializer]:
    extra = serializers.JSONField(read_only=True, allow_null=True, help_text="Fields that the specification lacks.")
    return type(f"{model.__name__}Serializer", (QuickSerializer,), {**declared, "extra": extra})


@cache
def record_serializer(job: JobType) -> type[QuickSerializer]:
    """A record with its lines, nested in order under their array's name. Fields stand in the order they are made."""
    declared: dict[str, serializers.Field] = {
        "id": serializers.IntegerField(read_only=True),
        "dealer": serializers.CharField(source="dealership.code", read_only=True, help_text="Dealer code."),
    }
    declared.update(column_fields(job.record))
    for array, line in job.lines.items():
        declared[array] = serializer(line, column_fields(line))(many=True, read_only=True)
    return serializer(job.record, declared)


class RecordViewSet(BackofficeView, viewsets.ReadOnlyModelViewSet):
    """Records of a job type, as the main dealer's system said them."""

    job: JobType
    queryset: QuerySet[Any]
    filter_backends = [StrictFilterBackend]
    pagination_class = RecordPages
    lookup_value_regex = r"\d+"

    def get_queryset(self) -> QuerySet[Any]:
        rows = identity.telling(self.job.record.objects.visible_to(self.request.user), self.request.user)
        return rows.select_related("dealership").prefetch_related(*self.job.lines)


class VersionSerializer(serializers.Serializer):
    """A stored version of a record."""

    id = serializers.IntegerField(source="history_id", read_only=True)
    run = serializers.IntegerField(
        source="run_id", read_only=True, allow_null=True, help_text="The run that brought it."
    )
    date = OffsetMoment(source="history_date", read_only=True, help_text="When it was stored.")
    type = serializers.SerializerMethodField(help_text="created or changed")
    raw = serializers.SerializerMethodField(help_text="The record as received.")

    def get_raw(self, version: Any) -> str:
        return identity.received(
            version.raw, self.context["view"].job.code, version.dealership_id, self.context["request"].user
        )

    def get_type(self, version: Any) -> str:
        return "created" if version.history_type == "+" else "changed"


@extend_schema(parameters=[OpenApiParameter("record", int, OpenApiParameter.PATH, description="The record's id.")])
class HistoryViewSet(BackofficeView, mixins.ListModelMixin, viewsets.GenericViewSet):
    """Every stored version of a record, the newest first, as received."""

    job: JobType
    queryset: QuerySet[Any]
    serializer_class = VersionSerializer
    filter_backends = [StrictFilterBackend]
    ordering = "-history_id"

    def get_queryset(self) -> QuerySet[Any]:
        visible: QuerySet[Record] = self.job.record.objects.visible_to(self.request.user)
        record = get_object_or_404(visible.only("pk"), pk=self.kwargs["record"])
        return self.queryset.filter(id=record.pk).only(
            *("history_id", "run_id", "history_date", "history_type", "dealership_id", "raw")
        )


def record_viewset(job: JobType) -> type[RecordViewSet]:
    """The records' endpoint of a job type."""
    declared = {
        "job": job,
        "queryset": job.record.objects.none(),
        "serializer_class": record_serializer(job),
        "filterset_class": record_filters(job),
        "ordering_fields": [
            "id",
            *(
                column.name
                for column in fields.wire_fields(job.record)
                if not isinstance(column, fields.IdentityNumber)
            ),
        ],
        "__doc__": f"{job.label.capitalize()}, as the main dealer's system said them.",
    }
    return type(f"{job.record.__name__}ViewSet", (RecordViewSet,), declared)


def history_viewset(job: JobType) -> type[HistoryViewSet]:
    """The endpoint of the versions of a job type's records."""
    declared = {"job": job, "queryset": job.record.history.model.objects.all(), "__doc__": HistoryViewSet.__doc__}
    return type(f"{job.record.__name__}HistoryViewSet", (HistoryViewSet,), declared)
