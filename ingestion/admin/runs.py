"""Runs: read-only."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.backoffice.admin import BigTableAdmin, ReadOnly
from dealers import audit
from dealers.admin import DealershipFilter
from ingestion import services
from ingestion.display import local, pretty
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


class FlagFilter(admin.SimpleListFilter):
    """Runs that a person should look at."""

    title = _("to look at")
    parameter_name = "flagged"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("nobody has looked")), ("any", _("all that were flagged"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[Run]:
        if self.value() == "waiting":
            return queryset.flagged()
        return queryset.exclude(flag="") if self.value() == "any" else queryset


SECTIONS: Any = (
    (None, {"fields": ("dealership", "job_type", "kind", "backfill", "state", "error", "started_by")}),
    (_("Window"), {"fields": (moment("since", _("since")), moment("until", _("until")), moment("slot", _("slot")))}),
    (_("Counts"), {"fields": (*Run.COUNTS, "unknown_fields", "calls")}),
    (
        _("To look at"),
        {"fields": ("flag", "flag_seen_by", moment("flag_seen_at", _("looked at")), "found_differences")},
    ),
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
        *("id", "dealership", "job_type", "kind", "state", *Run.COUNTS, "error", "flag"),
        *(moment("since", _("since")), moment("until", _("until")), "duration", "started_by"),
    )
    list_filter = ("state", "kind", FlagFilter, JobTypeFilter, DealershipFilter)
    list_select_related = ("dealership",)
    search_fields = ("error", "flag", "started_by")
    fieldsets = SECTIONS
    readonly_fields = tuple(name for _title, options in SECTIONS for name in options["fields"])
    actions = ("looked_at", "cancel")
    acts_with = "ingestion.run:add"

    @admin.display(description=_("seconds"))
    def duration(self, run: Run) -> str | None:
        return None if run.seconds is None else f"{run.seconds:.2f}"

    @admin.display(description=_("differences"))
    def found_differences(self, run: Run) -> str | None:
        if run.differences is None:
            return None
        return format_html("<pre>{}</pre>", pretty(json.dumps(run.differences, ensure_ascii=False)))

    def has_start_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ingestion.add_run")

    @admin.action(description=_("Looked at"), permissions=["start"])
    def looked_at(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """Take the flags of the runs chosen down."""
        seen = services.see_flags(queryset, by=audit.signature())
        words = ngettext("%d flag taken down.", "%d flags taken down.", seen)
        self.message_user(request, words % seen, messages.SUCCESS if seen else messages.WARNING)

    @admin.action(description=_("Cancel"), permissions=["start"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Run]) -> None:
        """End the runs chosen."""
        cancelled = 0
        for run in queryset.select_related("backfill"):
            try:
                services.cancel_run(run, by=audit.signature())
                cancelled += 1
            except services.HasEnded as error:
                self.message_user(request, str(error), messages.WARNING)
        if cancelled:
            words = ngettext("%d run cancelled.", "%d runs cancelled.", cancelled)
            self.message_user(request, words % cancelled, messages.SUCCESS)
