"""Backfills: started with a form, steered with actions, and otherwise read-only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.widgets import AdminDateWidget
from django.db.models import Field, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.backoffice.admin import BigTableAdmin
from dealers import audit
from dealers.admin import DealershipFilter
from dealers.models import Dealership
from ingestion import backfills, progress
from ingestion.admin.runs import JobTypeFilter, moment
from ingestion.backfills import BackfillUnderWay, NotPossible
from ingestion.job_types import JOB_TYPES
from ingestion.models import Backfill, Feed, Run
from ingestion.plans import BadPlan, plan


class BackfillForm(forms.ModelForm):
    """A range of days of a dealership's job types: one backfill for each."""

    ASKED_BY = {"since": "first_day", "until": "last_day", "share": "share"}

    job_types = forms.MultipleChoiceField(
        label=_("job types"),
        choices=lambda: [(job.code, job.label) for job in JOB_TYPES.values()],
        widget=forms.CheckboxSelectMultiple,
    )
    first_day = forms.DateField(label=_("from"), widget=AdminDateWidget, help_text=_("On the main dealer's clock."))
    last_day = forms.DateField(label=_("to"), widget=AdminDateWidget, help_text=_("To the end of this day."))

    class Meta:
        model = Backfill
        fields = ("dealership", "share")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.ranges: list[tuple[Feed, datetime, datetime]] = []

    def clean(self) -> dict[str, Any] | None:
        """What cannot be fetched is told at the field that asks for it."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if self.errors:
            return cleaned
        feeds = Feed.objects.filter(dealership=cleaned["dealership"], job_type__in=cleaned["job_types"])
        for feed in feeds.select_related("connection", "dealership").order_by("job_type"):
            zone = feed.connection.zone
            since = datetime.combine(cleaned["first_day"], time(), zone)
            until = datetime.combine(cleaned["last_day"] + timedelta(days=1), time(), zone)
            self.check(feed, since, until)
            self.ranges.append((feed, since, until))
        if not self.ranges:
            self.add_error("job_types", _("This dealership has no feed of them."))
        return cleaned

    def check(self, feed: Feed, since: datetime, until: datetime) -> None:
        try:
            plan(feed, since, until, self.cleaned_data["share"])
        except BadPlan as error:
            self.add_error(self.ASKED_BY[error.field], f"{feed}: {error}")
        if there := feed.backfills.unfinished().first():
            self.add_error("job_types", str(BackfillUnderWay(there)))

    def start(self, by: str) -> list[Backfill]:
        """Raises BadPlan and BackfillUnderWay where things have changed meanwhile."""
        share = self.cleaned_data["share"]
        return [
            backfills.start(feed=feed, since=since, until=until, by=by, share=share)
            for feed, since, until in self.ranges
        ]


NEW: Any = ((None, {"fields": ("dealership", "job_types", "first_day", "last_day", "share")}),)
SECTIONS: Any = (
    (None, {"fields": ("dealership", "job_type", "state", "error", "started_by")}),
    (
        _("Range"),
        {"fields": (moment("since", _("since")), moment("until", _("until")), "left_out", "share")},
    ),
    (
        _("Progress"),
        {"fields": (moment("reached", _("reached")), "done", "expected", "waits_for", "calls", "counts")},
    ),
    (_("Times"), {"fields": (moment("started_at", _("started")), moment("finished_at", _("finished")))}),
)


@admin.register(Backfill)
class BackfillAdmin(BigTableAdmin):
    form = BackfillForm
    list_display = (
        *("id", "dealership", "job_type", "state", "done", "expected", "counts", "error"),
        *(moment("since", _("since")), moment("until", _("until")), "started_by"),
    )
    list_filter = ("state", JobTypeFilter, DealershipFilter)
    list_select_related = ("dealership", "feed__connection")
    search_fields = ("error", "started_by")
    actions = ("pause", "resume", "cancel")
    acts_with = "ingestion.backfill:add"

    # -- what is shown

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        return SECTIONS if obj else NEW

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return tuple(name for _title, options in SECTIONS for name in options["fields"]) if obj else ()

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changes = super().get_changelist_instance(request)
        progress.tell(changes.result_list)
        return changes

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id, from_field)
        progress.tell([found] if found else [])
        return found

    @admin.display(description=_("done"))
    def done(self, row: Backfill) -> str:
        told = row.figures
        windows = told.windows_done + told.windows_left
        words = ngettext("%(done)d of %(count)d window", "%(done)d of %(count)d windows", windows)
        return f"{row.progress:.0%}, {words % {'done': told.windows_done, 'count': windows}}"

    @admin.display(description=_("minutes left"))
    def expected(self, row: Backfill) -> float | None:
        return row.figures.minutes_left

    @admin.display(description=_("waits for"))
    def waits_for(self, row: Backfill) -> str:
        return row.figures.waits_for

    @admin.display(description=_("requests made"))
    def calls(self, row: Backfill) -> int:
        return row.figures.calls

    @admin.display(description=_("records"))
    def counts(self, row: Backfill) -> str:
        names = {name: Run._meta.get_field(name).verbose_name for name in Run.COUNTS}  # type: ignore[union-attr]
        return ", ".join(f"{count} {names[name]}" for name in names if (count := getattr(row.figures, name)))

    # -- a new one

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **options: Any) -> Any:
        if db_field.name == "dealership":
            options["queryset"] = Dealership.objects.visible_to(request.user, "ingestion.backfill:add")
        return super().formfield_for_dbfield(db_field, request, **options)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        try:
            return super().add_view(request, form_url, extra_context)
        except (BadPlan, BackfillUnderWay) as error:  # true since the form was checked
            self.message_user(request, str(error), messages.ERROR)
            return HttpResponseRedirect(request.get_full_path())

    def save_model(self, request: HttpRequest, obj: Backfill, form: Any, change: bool) -> None:
        first = form.start(audit.signature())[0]
        obj.pk, obj.job_type = first.pk, first.job_type

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    # -- those that there are

    def has_steer_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ingestion.add_backfill")

    @admin.action(description=_("Pause"), permissions=["steer"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Backfill]) -> None:
        """Take no further window."""
        self.steer(request, queryset, backfills.pause)

    @admin.action(description=_("Resume"), permissions=["steer"])
    def resume(self, request: HttpRequest, queryset: QuerySet[Backfill]) -> None:
        """Go on where it stopped."""
        self.steer(request, queryset, backfills.resume)

    @admin.action(description=_("Cancel"), permissions=["steer"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Backfill]) -> None:
        """End it."""
        self.steer(request, queryset, lambda each: backfills.cancel(each, by=audit.signature()))

    def steer(self, request: HttpRequest, queryset: QuerySet[Backfill], verb: Callable[[Backfill], Any]) -> None:
        steered = 0
        for backfill in queryset:
            try:
                verb(backfill)
                steered += 1
            except NotPossible as error:
                self.message_user(request, str(error), messages.WARNING)
        if steered:
            self.message_user(request, ngettext("%d changed.", "%d changed.", steered) % steered, messages.SUCCESS)
