"""Connections with credentials that go in and never come out, and their feeds."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import Field, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.backoffice.admin import BigTableAdmin
from dealers import audit
from dealers.admin import DealershipFilter
from dealers.audited import Audited
from dealers.models import Dealership
from dealers.stepup import Confirmed
from ingestion import reconciliation, services
from ingestion.admin.freshness import FreshnessFilter, state, why
from ingestion.admin.runs import JobTypeFilter, moment
from ingestion.job_types import JOB_TYPES
from ingestion.models import Connection, Feed


class WriteOnly(forms.CharField):
    """A secret: typed in, never sent back."""

    def __init__(self, label: Any) -> None:
        widget = forms.PasswordInput(render_value=False, attrs={"autocomplete": "new-password", "size": 60})
        super().__init__(label=label, widget=widget, required=False, max_length=500)


class ConnectionForm(forms.ModelForm):
    SECRETS = ("api_key", "secret_key")

    api_key = WriteOnly(_("API key"))
    secret_key = WriteOnly(_("secret key"))

    class Meta:
        model = Connection
        fields = (
            *("main_dealer", "name", "base_url", "is_active", "api_key", "secret_key"),
            *("joiner", "time_zone", "clock_tolerance"),
            *("window_days", "days_back", "calls_per_day", "calls_per_second"),
        )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in self.SECRETS:
            self.initial[name] = ""
            self.fields[name].required = self.instance.pk is None
            self.fields[name].help_text = (
                _("Never shown again.") if self.fields[name].required else _("Blank: stays as it is.")
            )

    def clean(self) -> dict[str, Any] | None:
        """A secret left blank is the one stored."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in self.SECRETS:
            if self.instance.pk and not cleaned.get(name):
                cleaned[name] = getattr(self.instance, name)
        return cleaned


@admin.register(Connection)
class ConnectionAdmin(Confirmed, Audited):
    form = ConnectionForm
    list_display = ("main_dealer", "name", "base_url", "time_zone", "window_days", "days_back", "is_active")
    list_filter = ("is_active",)
    search_fields = ("main_dealer", "name", "base_url")
    fieldsets = (
        (None, {"fields": ("main_dealer", "name", "base_url", "is_active")}),
        (_("Credential"), {"fields": ("api_key", "secret_key")}),
        (_("Dialect"), {"fields": ("joiner", "time_zone", "clock_tolerance")}),
        (_("Limits"), {"fields": ("window_days", "days_back", "calls_per_day", "calls_per_second")}),
    )


def connections_of(request: HttpRequest) -> QuerySet[Connection]:
    """Those that serve a feed the person may see; all for a platform administrator."""
    if request.user.is_superuser:
        return Connection.objects.all()
    return Connection.objects.filter(pk__in=Feed.objects.visible_to(request.user).values("connection"))


class ConnectionFilter(admin.RelatedFieldListFilter):
    """Feeds of one connection, of those that the person's feeds have."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[Any]:
        ordering = self.field_admin_ordering(field, request, model_admin)
        mine = {"pk__in": connections_of(request).values("pk")}
        return list(field.get_choices(include_blank=False, ordering=ordering, limit_choices_to=mine))


@admin.register(Feed)
class FeedAdmin(Audited, BigTableAdmin):
    list_display = (
        *("__str__", "label", "connection", "is_enabled", state, moment("succeeded_at", _("last success"))),
        *(moment("next_slot", _("next run")), "failures"),
    )
    list_editable = ("is_enabled",)
    list_filter = (FreshnessFilter, "is_enabled", JobTypeFilter, DealershipFilter, ("connection", ConnectionFilter))
    list_select_related = ("dealership", "connection")
    list_per_page = 100
    search_fields = ("job_type", "dealership__code", "dealership__name")
    readonly_fields: ClassVar[Any] = (
        *(state, why, moment("succeeded_at", _("last success")), "failures"),
        *(moment("cursor", _("fetched up to")), moment("next_slot", _("next run"))),
    )
    fields: ClassVar[Any] = ("dealership", "job_type", "connection", "is_enabled", "daily_at", *readonly_fields)
    actions = ("fetch", "compare_day", "compare_week")
    acts_with = "ingestion.run:add"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Feed]:
        rows: Any = super().get_queryset(request)
        return rows.with_freshness()

    @admin.display(description=_("job type"), ordering="job_type")
    def label(self, feed: Feed) -> str:
        return feed.kind.label if feed.job_type in JOB_TYPES else feed.job_type

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[Any, ...]:
        return (*self.readonly_fields, "dealership", "job_type") if obj else self.readonly_fields

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "job_type":
            return forms.ChoiceField(label=_("job type"), choices=[(job.code, job.label) for job in JOB_TYPES.values()])
        if db_field.name == "dealership":
            options["queryset"] = Dealership.objects.visible_to(request.user, "ingestion.feed:change")
        if db_field.name == "connection":
            options["queryset"] = connections_of(request)
        return super().formfield_for_dbfield(db_field, request, **options)

    def has_fetch_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ingestion.add_run")

    @admin.action(description=_("Fetch now"), permissions=["fetch"])
    def fetch(self, request: HttpRequest, queryset: QuerySet[Feed]) -> None:
        """Start a run of each feed chosen."""
        started = 0
        for feed in queryset.select_related("dealership", "connection"):
            try:
                services.request_run(feed=feed, by=audit.signature())
                started += 1
            except (services.AlreadyRunning, services.BadWindow) as error:
                self.message_user(request, f"{feed}: {error}", messages.WARNING)
        if started:
            words = ngettext("%d run started.", "%d runs started.", started)
            self.message_user(request, words % started, messages.SUCCESS)

    @admin.action(description=_("Compare the last day"), permissions=["fetch"])
    def compare_day(self, request: HttpRequest, queryset: QuerySet[Feed]) -> None:
        """Start a comparison of each feed chosen."""
        self.compare(request, queryset, 1)

    @admin.action(description=_("Compare the last 7 days"), permissions=["fetch"])
    def compare_week(self, request: HttpRequest, queryset: QuerySet[Feed]) -> None:
        self.compare(request, queryset, 7)

    def compare(self, request: HttpRequest, queryset: QuerySet[Feed], days: int) -> None:
        started, now = 0, timezone.now()
        for feed in queryset.select_related("dealership", "connection"):
            since, until = reconciliation.last_day(feed.connection, now, days)
            try:
                services.request_comparison(feed=feed, by=audit.signature(), since=since, until=until)
                started += 1
            except (services.AlreadyRunning, services.BadWindow) as error:
                self.message_user(request, f"{feed}: {error}", messages.WARNING)
        if started:
            words = ngettext("%d comparison started.", "%d comparisons started.", started)
            self.message_user(request, words % started, messages.SUCCESS)
