"""The quarantine: entries as received, and what people do about them, one by one, several at once or by cause."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.backoffice.cells import Cell, Column, attribute, cell
from config.backoffice.pages import MOST_AT_ONCE, ResourcePage
from config.backoffice.resources import Panel, Resource, Verb, register
from ingestion import identity, quarantine
from ingestion.display import pretty
from ingestion.filters import QuarantineFilters
from ingestion.models import QuarantinedRecord, Run
from ingestion.models.quarantine import QuarantineQuerySet
from ingestion.operations import shown
from ingestion.operations.refused import told
from ingestion.replays import replay_at_request

CHANGE = "ingestion.quarantinedrecord:change"
State = QuarantinedRecord.State
GROUP = ("job", "field", "cause")
"""What the entries of a group have in common, as the list's filters call it."""


class Why(forms.Form):
    """Why entries are left alone; for a group, also which."""

    why = forms.CharField(
        label=gettext_lazy("Why"),
        help_text=gettext_lazy("They are left alone from now on, even if they are received again."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


# -- what is done with any number of entries


def replay(entries: QuarantineQuerySet, by: str) -> str:
    with told():
        done = replay_at_request(entries, by=by)
    stored, waiting = (sum(getattr(each, name) for each in done) for name in ("stored", "waiting"))
    words = []
    if stored or not waiting:
        words.append(ngettext("%d record is stored.", "%d records are stored.", stored) % stored)
    if waiting:
        still = ngettext("%d record still cannot be read.", "%d records still cannot be read.", waiting)
        words.append(still % waiting)
    return " ".join(words)


def ignore(entries: QuarantineQuerySet, by: str, why: str) -> str:
    with told():
        count = quarantine.ignore(entries, by=by, why=why)
    return ngettext("%d record is ignored.", "%d records are ignored.", count) % count


def wait_again(entries: QuarantineQuerySet, by: str) -> str:
    count = quarantine.wait_again(entries)
    return ngettext("%d record waits again.", "%d records wait again.", count) % count


def one(act: Any) -> Any:
    """The same with one entry, as a verb calls it."""

    def with_one(entry: QuarantinedRecord, *, by: Any, **asked: Any) -> str:
        return str(act(QuarantinedRecord.objects.filter(pk=entry.pk), str(by), **asked))

    return with_one


ACTS: dict[str, Any] = {"replay": replay, "ignore": ignore, "wait-again": wait_again}


def waits(entry: QuarantinedRecord) -> bool:
    return entry.state == State.WAITING


def is_ignored(entry: QuarantinedRecord) -> bool:
    return entry.state == State.IGNORED


# -- pages


def state_of(entry: QuarantinedRecord) -> Cell:
    found = shown.state_cell(State(entry.state))
    return cell(found, tag="warn") if waits(entry) else found


class SettlePage(ResourcePage):
    """Does something with the entries chosen, or with what waits in a group: with all of them at once."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        if not request.user.has_perm(CHANGE):
            raise PermissionDenied
        entries = self.chosen()
        if entries is None:
            messages.error(request, _("Choose between 1 and %(most)s rows.") % {"most": MOST_AT_ONCE})
            return redirect("quarantined")
        form = self.verb.form(request.POST if "why" in request.POST else None) if self.verb.form else None
        if form is not None and not form.is_valid():
            return self.ask(form, entries)
        try:
            words = ACTS[self.verb.name](entries, str(request.user), **(form.cleaned_data if form else {}))
            messages.success(request, words)
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        return redirect("quarantine-causes" if self.group else "quarantined")

    @property
    def group(self) -> dict[str, str]:
        """What the entries have in common, if a group of them is meant."""
        given = self.request.POST
        return {name: given[name] for name in GROUP} if all(name in given for name in GROUP) else {}

    def chosen(self) -> Any:
        """The entries, of those that the person may change; None if none are named, or too many."""
        entries: Any = QuarantinedRecord.objects.visible_to(self.request.user, CHANGE)
        if group := self.group:
            if dealers := self.request.POST.getlist("dealer"):
                entries = entries.filter(dealership__code__in=dealers)
            return entries.waiting().filter(job_type=group["job"], field=group["field"], cause=group["cause"])
        picked = [pk for pk in self.request.POST.getlist("pk") if pk.isascii() and pk.isdecimal() and len(pk) < 19]
        return entries.filter(pk__in=picked) if 0 < len(picked) <= MOST_AT_ONCE else None

    def ask(self, form: Any, entries: QuerySet[Any]) -> HttpResponse:
        """For the reason; what was chosen is sent with it."""
        count = entries.count()
        title = ngettext("Ignore %d record", "Ignore %d records", count) % count
        kept = [(name, value) for name in ("pk", "dealer", *GROUP) for value in self.request.POST.getlist(name)]
        context = {"form": form, "title": title, "verb": self.verb, "kept": kept, "crumbs": self.crumbs()}
        return self.answer("operations/why.html", 422 if form.is_bound else 200, **context)


class QuarantineResource(Resource):
    model = QuarantinedRecord
    name, path, icon = "quarantined", "ingestion/quarantine/entries/", "bug"
    permission = "ingestion.quarantinedrecord:view"
    list_template, detail_template = "operations/list.html", "operations/detail.html"
    columns = (
        Column("natural_key", gettext_lazy("natural key"), lambda entry: entry.natural_key or "?", sortable=True),
        Column("state", gettext_lazy("state"), state_of),
        shown.DEALERSHIP,
        shown.JOB_TYPE,
        attribute("field", gettext_lazy("field")),
        Column("reason", gettext_lazy("reason"), lambda entry: shown.short(entry.reason)),
        Column(
            "quarantined_at",
            gettext_lazy("quarantined"),
            lambda entry: shown.at(entry.quarantined_at, entry.dealership.time_zone),
            sortable=True,
        ),
        Column(
            "received_at",
            gettext_lazy("last received"),
            lambda entry: shown.at(entry.received_at, entry.dealership.time_zone),
            sortable=True,
        ),
    )
    filterset = QuarantineFilters
    first_filters = ("dealer", "job", "state", "field", "reason")
    hidden_filters = ("id",)
    verbs = (
        Verb("replay", gettext_lazy("Try again"), CHANGE, one(replay), None, "refresh", False, True, waits),
        Verb("ignore", gettext_lazy("Ignore…"), CHANGE, one(ignore), Why, "eye-off", False, True, waits),
        Verb(
            *("wait-again", gettext_lazy("Wait again"), CHANGE, one(wait_again)),
            icon="clock",
            bulk=True,
            open_to=is_ignored,
        ),
    )

    def title(self, row: QuarantinedRecord) -> str:
        return _("%(key)s of %(job)s") % {"key": row.natural_key or "?", "job": shown.job_label(row.job_type)}

    def rows(self, user: Any) -> QuerySet[Any]:
        """Not joined to its run: an entry that a neighbour's answer brought would not be there."""
        return super().rows(user).select_related("dealership")

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        return shown.choices(user, self.permission)

    @property
    def urls(self) -> list[URLPattern]:
        """What is done with several is done with all of them at once: one run, and documents that stay whole."""
        found = [each for each in super().urls if "-bulk-" not in str(each.name)]
        for verb in self.verbs:
            page = SettlePage.as_view(resource=self, verb=verb)
            found.append(path(f"{self.path}bulk/{verb.name}/", page, name=f"{self.name}-bulk-{verb.name}"))
        return found

    def panels(self, request: HttpRequest, row: QuarantinedRecord) -> Iterator[Panel]:
        zone = row.dealership.time_zone
        yield Panel(
            _("Why it could not be stored"),
            shown.known(
                [
                    (_("reason"), Cell(row.reason)),
                    (_("field"), Cell(row.field or _("the record as a whole"))),
                    (_("natural key"), Cell(row.natural_key)),
                    (_("foreign dealer code"), Cell(row.dealer_code)),
                    (_("dealership"), Cell(f"{row.dealership.name} ({row.dealership.code})")),
                    (_("job type"), Cell(f"{shown.job_label(row.job_type)} ({row.job_type})")),
                    (_("quarantined"), shown.at(row.quarantined_at, zone)),
                    (_("last received"), shown.at(row.received_at, zone)),
                    (_("first met by"), run_of(request, row)),
                    (_("settled"), shown.at(row.settled_at, zone)),
                    (_("settled by"), Cell(row.settled_by)),
                    (_("why it is ignored"), cell(row.why_ignored)),
                ]
            ),
        )
        raw = pretty(identity.received(row.raw, row.job_type, row.dealership_id, request.user))
        yield Panel(_("As received"), template="operations/raw.html", context={"raw": raw, "copied": True})

    def beside_panels(self, request: HttpRequest, row: QuarantinedRecord) -> dict[str, Any]:
        return {"state": state_of(row)}


def run_of(request: HttpRequest, entry: QuarantinedRecord) -> Cell:
    """The run that met it first; a neighbour's leads nowhere."""
    theirs = Run.objects.visible_to(request.user).filter(pk=entry.run_id).exists()
    return Cell(f"#{entry.run_id}", reverse("runs-detail", args=[entry.run_id])) if theirs else Cell()


QUARANTINE = register(QuarantineResource())
