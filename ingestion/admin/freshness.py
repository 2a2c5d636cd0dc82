"""How fresh feeds are: their state in lists, alerts and gates; all of it read-only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.backoffice.admin import BigTableAdmin, ReadOnly
from dealers.admin import DealershipFilter
from ingestion.admin.runs import moment
from ingestion.freshness import breaker_words, words_of
from ingestion.models import Alert, Feed, Gate


class FreshnessFilter(admin.SimpleListFilter):
    """Feeds in one state."""

    title = _("freshness")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return Feed.State.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(freshness=self.value()) if self.value() else queryset


@admin.display(description=_("freshness"), ordering="freshness")
def state(feed: Any) -> str:
    """The state in a word."""
    return str(Feed.State(feed.freshness).label)


@admin.display(description=_("why"))
def why(feed: Any) -> str:
    """The sentence that goes with the state."""
    return f"{words_of(feed)} {breaker_words(feed)}"


class Resolved(admin.SimpleListFilter):
    """Alerts that are open, or over."""

    title = _("resolved")
    parameter_name = "resolved"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("no", _("no")), ("yes", _("yes"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(resolved_at__isnull=self.value() == "no") if self.value() else queryset


@admin.register(Alert)
class AlertAdmin(ReadOnly, BigTableAdmin):
    list_display = (
        *("id", "dealership", "job_type", "state", "words"),
        *(moment("opened_at", _("opened")), moment("resolved_at", _("resolved")), moment("told_at", _("told"))),
    )
    list_filter = (Resolved, "state", DealershipFilter)
    list_select_related = ("dealership", "feed")
    search_fields = ("words", "feed__job_type")
    fields = readonly_fields = (
        *("dealership", "job_type", "state", "words"),
        *(moment("opened_at", _("opened")), moment("resolved_at", _("resolved"))),
        *(moment("told_at", _("told")), moment("told_resolved_at", _("told that it is resolved"))),
    )

    @admin.display(description=_("job type"), ordering="feed__job_type")
    def job_type(self, alert: Alert) -> str:
        return str(alert.feed.job_type)


@admin.register(Gate)
class GateAdmin(ReadOnly, admin.ModelAdmin):
    list_display = (
        *("connection", "left_alone", "opened_at", "probe_at", "error"),
        *("day", "calls", "limit", "backfill_calls"),
    )
    list_select_related = ("connection",)
    search_fields = ("connection__main_dealer", "error")
    fields = readonly_fields = list_display

    @admin.display(description=_("left alone"), boolean=True)
    def left_alone(self, gate: Gate) -> bool:
        return gate.is_open

    @admin.display(description=_("requests a day"), ordering="connection__calls_per_day")
    def limit(self, gate: Gate) -> int | None:
        return gate.connection.calls_per_day
