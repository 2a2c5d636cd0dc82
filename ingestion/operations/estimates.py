"""Starting backfills of several dealerships and job types, with what they would take before it is done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.backoffice.inputs import day_input
from dealers.permissions import may
from ingestion import backfills
from ingestion.backfills import BackfillUnderWay
from ingestion.models import Backfill, Feed
from ingestion.operations import shown
from ingestion.operations.backfills import ADD
from ingestion.operations.refused import sentence
from ingestion.operations.starting import TOLD, FeedsForm, initial, tell
from ingestion.plans import SHARE, BadPlan, Plan, plan, windows_waiting

Range = tuple[Feed, datetime, datetime]


class BackfillForm(FeedsForm):
    permission = ADD

    since = forms.DateField(
        label=gettext_lazy("From"),
        widget=day_input(),
        help_text=gettext_lazy("The beginning of this day on the main dealer's clock."),
    )
    until = forms.DateField(
        label=gettext_lazy("To"),
        required=False,
        widget=day_input(),
        help_text=gettext_lazy("To the end of this day; blank: now."),
    )
    share = forms.IntegerField(
        label=gettext_lazy("Share of the quota, in percent"),
        initial=SHARE,
        min_value=1,
        max_value=100,
        help_text=gettext_lazy("Of the connection's requests a day, what backfills may use."),
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        if given.get("since") and given.get("until") and given["since"] > given["until"]:
            self.add_error("since", _("The range is empty: its first day is after its last."))
        for name in ("since", "until"):
            if given.get(name) and not 1970 <= given[name].year <= 9998:
                self.add_error(name, _("Write a day such as 2026-01-31."))
        return given

    def ranges(self) -> Iterator[Range]:
        """Each feed with the range on its main dealer's clock."""
        given, now = self.cleaned_data, timezone.now()
        for feed in given["feeds"]:
            zone = feed.connection.zone
            since = datetime.combine(given["since"], time(), zone)
            last = given["until"]
            yield feed, since, datetime.combine(last + timedelta(days=1), time(), zone) if last else now


@dataclass(frozen=True)
class Line:
    """What would become of one feed: its plan, or why there is none."""

    feed: Feed
    plan: Plan | None = None
    refused: str = ""

    @property
    def job(self) -> str:
        return shown.job_label(self.feed.job_type)

    @property
    def minutes(self) -> str:
        return shown.minutes(self.plan.minutes) if self.plan else ""


@dataclass(frozen=True)
class Estimate:
    lines: list[Line]

    @property
    def plans(self) -> list[Plan]:
        return [line.plan for line in self.lines if line.plan]

    @property
    def refused(self) -> int:
        return len(self.lines) - len(self.plans)

    @property
    def calls(self) -> int:
        return sum(each.calls for each in self.plans)

    @property
    def minutes(self) -> str:
        return shown.minutes(max(each.minutes for each in self.plans)) if self.plans else ""

    @property
    def quotas(self) -> list[tuple[str, int | None, int | None, int]]:
        """Of each connection: its requests a day for backfills and what is left of them today (None: any number),
        and how many of the calls are its."""
        found: dict[str, tuple[int | None, int | None, int]] = {}
        for each in self.plans:
            code = each.feed.connection.main_dealer
            calls = found[code][2] if code in found else 0
            found[code] = (each.allowance.per_day, each.allowance.left_today, calls + each.calls)
        return [(code, *numbers) for code, numbers in sorted(found.items())]


def estimate(form: BackfillForm) -> Estimate:
    """What would happen; nothing is written."""
    ranges = list(form.ranges())
    ahead = windows_waiting({feed.connection_id for feed, _since, _until in ranges})
    unfinished = Backfill.objects.unfinished().filter(feed__in=[feed for feed, _since, _until in ranges])
    there = {each.feed_id: each for each in unfinished}
    lines = []
    for feed, since, until in ranges:
        if feed.pk in there:
            lines.append(Line(feed, refused=sentence(BackfillUnderWay(there[feed.pk]))))
            continue
        try:
            found = plan(feed, since, until, form.cleaned_data["share"], ahead=ahead[feed.connection_id])
        except BadPlan as error:
            lines.append(Line(feed, refused=sentence(error)))
            continue
        ahead[feed.connection_id] += found.calls
        lines.append(Line(feed, found))
    return Estimate(lines)


def begin(form: BackfillForm, by: str) -> tuple[list[Backfill], list[str]]:
    """A backfill of each feed, and in words which feeds have none."""
    started, refused = [], []
    for feed, since, until in form.ranges():
        try:
            share = form.cleaned_data["share"]
            started.append(backfills.start(feed=feed, since=since, until=until, by=by, share=share))
        except (BadPlan, BackfillUnderWay) as error:
            refused.append(f"{feed}: {sentence(error)}")
    return started, refused


@login_required
def start(request: HttpRequest) -> HttpResponse:
    """The form; with `estimate` what it would take, to htmx that part alone."""
    if not may(request.user, ADD):
        raise PermissionDenied
    form = BackfillForm(request.user, request.POST if request.method == "POST" else None, initial=initial(request))
    found = None
    if form.is_valid():
        if "estimate" in request.POST:
            found = estimate(form)
        elif done := started(request, form):
            return done
    context = {
        "form": form,
        "title": _("Start backfills"),
        "crumbs": [(reverse("backfills"), _("Backfills"))],
        "action": _("Start"),
        "estimates": True,
        "estimate": found,
    }
    part = "estimate" in request.POST and getattr(request, "htmx", None)
    template = "operations/estimated.html" if part else "operations/start.html"
    return TemplateResponse(request, template, context, status=422 if form.errors else 200)


def started(request: HttpRequest, form: BackfillForm) -> HttpResponse | None:
    """To the list, if any backfill could be started; else the form says why none."""
    made, refused = begin(form, str(request.user))
    if not made:
        form.add_error(None, refused[:TOLD])
        return None
    messages.success(request, ngettext("%d backfill is started.", "%d backfills are started.", len(made)) % len(made))
    tell(request, refused)
    return redirect("backfills")
