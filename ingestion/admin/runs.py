"""Runs: read-only."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.backoffice.admin import BigTableAdmin, ReadOnly
from dealers.admin import DealershipFilter
from ingestion.display import local
from ingestion.job_types import JOB_TYPES
from ingestion.models import Run


class JobTypeFilter(admin.SimpleListFilter):
    """Rows of one job type."""

    title = _("job type")
    parameter_name = "job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(job.code, f"{job.code}: {job.label}") for job in JOB_TYPES.values()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(job_type=self.value()) if self.value() else queryset


def moment(name: str, words: Any) -> Any:
    """A column that shows a moment on the dealership's clock."""

    @admin.display(description=words, ordering=name)
    def shown(row: Any) -> str | None:
        value: datetime | None = getattr(row, name)
        return None if value is None else local(value, row.dealership.time_zone)

    shown.__name__ = name
    return shown


SECTIONS: Any = (
    (None, {"fields": ("dealership", "job_type", "state", "error", "started_by")}),
    (_("Window"), {"fields": (moment("since", _("since")), moment("until", _("until")))}),
    (_("Counts"), {"fields": (*Run.COUNTS, "unknown_fields")}),
    (
        _("Times"),
        {
            "fields": (
                moment("queued_at", _("queued")),
                moment("started_at", _("started")),
                moment("finished_at", _("finished")),
                "duration",
            )
        },
    ),
)


@admin.register(Run)
class RunAdmin(ReadOnly, BigTableAdmin):
    list_display = (
        *("id", "dealership", "job_type", "state", *Run.COUNTS, "error"),
        *(moment("since", _("since")), moment("until", _("until")), "duration", "started_by"),
    )
    list_filter = ("state", JobTypeFilter, DealershipFilter)
    list_select_related = ("dealership",)
    search_fields = ("error", "started_by")
    fieldsets = SECTIONS
    readonly_fields = tuple(name for _title, options in SECTIONS for name in options["fields"])

    @admin.display(description=_("seconds"))
    def duration(self, run: Run) -> str | None:
        return None if run.seconds is None else f"{run.seconds:.2f}"
