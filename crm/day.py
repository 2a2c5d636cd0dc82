"""What a salesperson does today, the most urgent first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Case, F, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.backoffice.pages import ResourcePage
from crm.lead_resources import APPOINTMENTS, ASSIGN, LEADS, choices_of, people
from crm.models import Appointment, Lead

MOST = 20
SOON = timedelta(hours=1)
LATE, NEW, OVERDUE, TODAY = range(4)
"""By how urgent: nobody has answered in time, or somebody is about to come; nobody has answered yet; a step that should
have been done; the rest of today."""


@dataclass(frozen=True)
class Task:
    """Something to do: with a lead, at a moment."""

    rank: int
    at: datetime
    lead: Lead
    words: str | Promise
    address: str
    tag: str = ""

    @property
    def key(self) -> tuple[int, datetime, int]:
        return self.rank, self.at, self.lead.pk


@dataclass(frozen=True)
class Day:
    """The most urgent tasks, and how many more there are."""

    tasks: list[Task]
    further: int


def day_of(user: Any, person: Any, now: datetime, most: int = MOST) -> Day:
    """What `person` does today, as far as `user` may see it; today is that of the active time zone."""
    end = timezone.make_aware(datetime.combine(timezone.localdate(now) + timedelta(days=1), time()))
    begin = end - timedelta(days=1)
    unanswered = Q(first_response_at=None)
    rank = Case(
        When(unanswered & Q(first_response_due_at__lt=now), then=Value(LATE)),
        When(unanswered, then=Value(NEW)),
        When(next_step_at__lt=now, then=Value(OVERDUE)),
        default=Value(TODAY),
        output_field=IntegerField(),
    )
    at = Case(When(unanswered, then=Coalesce("first_response_due_at", "next_step_at")), default=F("next_step_at"))
    visible: Any = LEADS.rows(user)
    booked: Any = APPOINTMENTS.rows(user)
    leads = visible.open().filter(unanswered | Q(next_step_at__lt=end), assigned_to=person)
    meetings = booked.planned().filter(salesperson=person, starts_at__gte=begin, starts_at__lt=end)
    tasks = [step_of(each) for each in leads.annotate(rank=rank, at=at).order_by("rank", "at", "pk")[:most]]
    tasks += [meeting_of(each, now) for each in meetings.order_by("starts_at")[:most]]
    found = sorted(tasks, key=lambda each: each.key)[:most]
    return Day(found, leads.count() + meetings.count() - len(found))


def step_of(lead: Any) -> Task:
    tag = {LATE: "bad", NEW: "warn", OVERDUE: "bad"}.get(lead.rank, "")
    words = {LATE: _("Not answered in time"), NEW: _("New: answer")}.get(lead.rank) or lead.next_step or _("Next step")
    return Task(lead.rank, lead.at, lead, words, LEADS.address(lead), tag)


def meeting_of(meeting: Appointment, now: datetime) -> Task:
    words = " ".join(filter(None, (meeting.get_kind_display(), meeting.vehicle.name if meeting.vehicle else "")))
    rank = LATE if meeting.starts_at < now + SOON else TODAY
    return Task(rank, meeting.starts_at, meeting.lead, words, APPOINTMENTS.address(meeting), "info")


class DayPage(ResourcePage):
    """One's own day; whoever assigns leads looks at anybody's."""

    def get(self, request: HttpRequest) -> HttpResponse:
        user, person = request.user, request.user
        others = people(user, ASSIGN) if user.has_perm(ASSIGN) else None
        wanted = request.GET.get("of", "")
        if others is not None and wanted.isascii() and wanted.isdecimal() and len(wanted) < 19:
            person = get_object_or_404(others, pk=int(wanted))
        day = day_of(user, person, timezone.now())
        rest = f"{LEADS.list_address}?{urlencode({'assigned_to': person.pk, 'ordering': 'next_step_at'})}"
        return self.answer(
            "crm/day.html",
            day=day,
            person=person,
            people=choices_of(others) if others is not None else [],
            rest=rest,
            crumbs=self.crumbs(),
        )
