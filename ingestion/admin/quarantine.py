"""The quarantine: each entry as received, and what people do about them, one by one or by their cause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.backoffice.admin import BigTableAdmin, ReadOnly
from dealers import audit
from dealers.admin import DealershipFilter
from ingestion import identity, quarantine
from ingestion.admin.runs import JobTypeFilter, moment
from ingestion.display import pretty
from ingestion.job_types import JOB_TYPES
from ingestion.models import QuarantinedRecord
from ingestion.models.quarantine import QuarantineQuerySet
from ingestion.replays import TooMany, replay_at_request

LISTED = 50
"""Choices that a filter shows; a link may name any other."""
GROUP = ("job", "field", "cause")
"""What the members of a group have in common, as the list's filters call it."""


class StateFilter(admin.SimpleListFilter):
    """What waits, unless something else is asked for."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*QuarantinedRecord.State.choices, ("all", _("all"))]

    def choices(self, changelist: Any) -> Iterator[Any]:
        shown = self.value() or QuarantinedRecord.State.WAITING
        for state, label in self.lookup_choices:
            query = changelist.get_query_string({self.parameter_name: state})
            yield {"selected": shown == state, "query_string": query, "display": label}

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        state = self.value() or QuarantinedRecord.State.WAITING
        return queryset if state == "all" else queryset.filter(state=state)


class ValueFilter(admin.SimpleListFilter):
    """Entries with one value of a column, of those that the person may see waiting."""

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        column, waiting = str(self.parameter_name), QuarantinedRecord.objects.waiting().visible_to(request.user)
        values = waiting.order_by(column).values_list(column, flat=True).distinct()[:LISTED]
        return [(value, value or _("the record as a whole")) for value in values]

    def has_output(self) -> bool:
        """A filter that is named counts, even if it finds nothing."""
        return self.value() is not None or super().has_output()

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset if self.value() is None else queryset.filter(**{str(self.parameter_name): self.value()})


class FieldFilter(ValueFilter):
    title = _("field")
    parameter_name = "field"


class CauseFilter(ValueFilter):
    title = _("cause")
    parameter_name = "cause"


class Why(forms.Form):
    why = forms.CharField(
        label=_("Why"),
        help_text=_("They are left alone from now on, even if they are received again."),
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60, "autofocus": True}),
    )


@admin.register(QuarantinedRecord)
class QuarantinedRecordAdmin(ReadOnly, BigTableAdmin):
    list_display = (
        *("id", "natural_key", "dealership", "job_type", "field", "reason"),
        *(moment("quarantined_at", _("quarantined")), "state"),
    )
    list_filter = (StateFilter, JobTypeFilter, FieldFilter, CauseFilter, DealershipFilter)
    list_select_related = ("dealership",)  # joined to its run, an entry that a neighbour's brought would not be there
    search_fields = ("natural_key", "reason", "field")
    fields = readonly_fields = (
        *("dealership", "job_type", "natural_key", "dealer_code", "field", "reason", "cause", "run"),
        *(moment("quarantined_at", _("quarantined")), moment("received_at", _("last received"))),
        *("state", moment("settled_at", _("settled")), "settled_by", "why_ignored", "as_received"),
    )
    actions = ("try_again", "ignore", "wait_again")
    acts_with = "ingestion.quarantinedrecord:change"

    @admin.display(description=_("as received"))
    def as_received(self, record: QuarantinedRecord) -> str:
        raw = record.raw if identity.tells(record) else identity.hidden_in(record.raw, record.job_type)
        return format_html("<pre>{}</pre>", pretty(raw))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return identity.telling(super().get_queryset(request), request.user)

    def has_settle_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("ingestion.change_quarantinedrecord")

    @admin.action(description=_("Try again"), permissions=["settle"])
    def try_again(self, request: HttpRequest, queryset: QuarantineQuerySet) -> None:
        self.replay(request, queryset)

    @admin.action(description=_("Ignore…"), permissions=["settle"])
    def ignore(self, request: HttpRequest, queryset: QuarantineQuerySet) -> HttpResponse | None:
        """Ask for the reason, and ignore what is chosen."""
        return self.ignore_for_a_reason(request, queryset, [ACTION_CHECKBOX_NAME, "action", "select_across"])

    @admin.action(description=_("Wait again"), permissions=["settle"])
    def wait_again(self, request: HttpRequest, queryset: QuarantineQuerySet) -> None:
        count = quarantine.wait_again(queryset)
        words = ngettext("%d record waits again.", "%d records wait again.", count)
        self.message_user(request, words % count, messages.SUCCESS)

    def replay(self, request: HttpRequest, entries: QuarantineQuerySet) -> None:
        try:
            done = replay_at_request(entries, by=audit.signature())
        except TooMany as error:
            self.message_user(request, str(error), messages.ERROR)
            return
        stored, waiting = (sum(getattr(each, name) for each in done) for name in ("stored", "waiting"))
        if stored or not waiting:
            words = ngettext("%d record is stored.", "%d records are stored.", stored)
            self.message_user(request, words % stored, messages.SUCCESS)
        if waiting:
            words = ngettext("%d record still cannot be read.", "%d records still cannot be read.", waiting)
            self.message_user(request, words % waiting, messages.WARNING)

    def ignore_for_a_reason(
        self, request: HttpRequest, entries: QuarantineQuerySet, kept: list[str]
    ) -> HttpResponse | None:
        """Ignore `entries`; while there is no reason, the page that asks for it and sends the names `kept` back."""
        form = Why(request.POST if "why" in request.POST else None)
        if form.is_valid():
            count = quarantine.ignore(entries, by=audit.signature(), why=form.cleaned_data["why"])
            words = ngettext("%d record is ignored.", "%d records are ignored.", count)
            self.message_user(request, words % count, messages.SUCCESS)
            return None
        context = {
            "title": _("Ignore records of the quarantine"),
            "form": form,
            "count": entries.waiting().count(),
            "kept": [(name, value) for name in kept for value in request.POST.getlist(name)],
        }
        return self.page(request, "admin/ingestion/why_ignored.html", context)

    # -- by cause

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.groups_view)
        return [path("groups/", view, name="ingestion_quarantinedrecord_groups"), *super().get_urls()]

    def groups_view(self, request: HttpRequest) -> HttpResponseBase:
        """What waits, counted by job type, field and cause; and what to do with a group."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        entries: Any = QuarantinedRecord.objects.waiting().visible_to(
            request.user, self.acts_with if request.method == "POST" else ""
        )
        if request.method == "POST":
            return self.settle_group(request, entries) or HttpResponseRedirect(request.path)
        groups = [
            {**group, "label": JOB_TYPES[group["job_type"]].label, "query": query_of(group)}
            for group in quarantine.groups(entries.filter(job_type__in=JOB_TYPES))
        ]
        context = {
            "title": _("Quarantine by cause"),
            "groups": groups,
            "may_settle": self.has_settle_permission(request),
        }
        return self.page(request, "admin/ingestion/quarantine_groups.html", context)

    def settle_group(self, request: HttpRequest, entries: QuarantineQuerySet) -> HttpResponse | None:
        if not self.has_settle_permission(request):
            raise PermissionDenied
        job, field, cause = (request.POST.get(name, "") for name in GROUP)
        group = entries.filter(job_type=job, field=field, cause=cause)
        if request.POST.get("action") == "ignore":
            return self.ignore_for_a_reason(request, group, [*GROUP, "action"])
        self.replay(request, group)
        return None

    def page(self, request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
        shell = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media}
        return TemplateResponse(request, template, {**shell, **context})


def query_of(group: dict[str, Any]) -> str:
    """The list's filters for the members of a group."""
    query = QueryDict(mutable=True)
    query.update(dict(zip(GROUP, (group["job_type"], group["field"], group["cause"]), strict=True)))
    return query.urlencode()
