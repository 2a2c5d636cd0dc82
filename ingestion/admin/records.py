"""The records of every job type: read-only, with their lines and every version as received."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import admin
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.backoffice.admin import BigTableAdmin, ReadOnly
from dealers.admin import DealershipFilter
from dealers.timeline import MOST, Entry, Timeline
from ingestion import fields, identity
from ingestion.display import pretty, shown
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Line

LISTED = 5
"""Columns in a list beside the natural key, the dealership and the time of the last change."""
SEARCHED = 8
"""Texts that a list's search looks into, the natural key first."""


def column(field: Field[Any, Any]) -> Any:
    """A column that shows `field` as a person reads it."""

    secret = isinstance(field, fields.IdentityNumber)

    @admin.display(description=field.verbose_name, ordering=None if secret else field.name)
    def value(row: Any) -> Any:
        told = identity.of_row(row, field) if secret else getattr(row, field.name)  # type: ignore[arg-type]
        found = shown(field, told, row.dealership.time_zone)
        return admin.site.empty_value_display if found is None else found

    value.__name__ = field.name
    return value


def columns(model: type[Model]) -> list[Any]:
    return [column(field) for field in fields.wire_fields(model)]


class LineInline(ReadOnly, admin.TabularInline):
    """A record's lines in the order received."""

    extra = 0
    can_delete = False

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever may see the record."""
        return True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return identity.telling(super().get_queryset(request), request.user).select_related("dealership")


class RecordAdmin(ReadOnly, Timeline, BigTableAdmin):
    job: JobType
    list_select_related = ("dealership",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return identity.telling(super().get_queryset(request), request.user)

    def versions(self, request: HttpRequest, object_id: str) -> Iterator[Entry]:
        """Each as received and with the run that brought it."""
        pk = int(object_id) if object_id.isdecimal() else 0
        for version in self.model.history.filter(id=pk).order_by("-history_id")[:MOST]:
            what = _("created") if version.history_type == "+" else _("changed")
            raw = pretty(identity.received(version.raw, self.job.code, version.dealership_id, request.user))
            yield Entry(version.history_date, what, run=version.run_id, received=raw)


def line_inline(line: type[Line]) -> type[LineInline]:
    shown_columns = columns(line)
    declared = {"model": line, "fields": [*shown_columns, "extra"], "readonly_fields": [*shown_columns, "extra"]}
    return type(f"{line.__name__}Inline", (LineInline,), declared)


def record_admin(job: JobType) -> type[RecordAdmin]:
    """The admin of a job type's records, read off their model."""
    declared = [field for field in fields.wire_fields(job.record) if field.name not in fields.SHARED]
    declared.sort(key=lambda field: field.name != job.key)
    no_words = (fields.Code, fields.IdentityNumber)
    texts = [field.name for field in declared if isinstance(field, fields.Text) and not isinstance(field, no_words)]
    every = [column(field) for field in declared]
    shared = [column(field) for field in fields.wire_fields(job.record) if field.name in fields.SHARED]
    options = {
        "list_display": [every[0], "dealership", *every[1 : 1 + LISTED], shared[-1]],
        "list_filter": [DealershipFilter, *(field.name for field in declared if isinstance(field, fields.Code))],
        "search_fields": texts[:SEARCHED],
        "fields": ["dealership", *every, *shared, "extra"],
        "readonly_fields": ["dealership", *every, *shared, "extra"],
        "inlines": [line_inline(line) for line in job.lines.values()],
        "job": job,
    }
    return type(f"{job.record.__name__}Admin", (RecordAdmin,), options)


for each in JOB_TYPES.values():
    admin.site.register(each.record, record_admin(each))
