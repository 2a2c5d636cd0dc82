"""Schedules: when each job type is fetched, and each feed's own time of day; a feed is switched on and off here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery.schedules import ParseException
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_celery_beat.models import PeriodicTask

from config.backoffice.cells import Cell, Column, attribute, cell
from config.backoffice.resources import Panel, Resource, Verb, register
from dealers import audit
from ingestion import adoption, freshness
from ingestion.adoption import ADOPTERS
from ingestion.filters import FreshnessFilters
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed
from ingestion.operations import shown
from ingestion.operations.freshness import main_dealers
from ingestion.operations.runs import SLOW
from ingestion.slots import FAN_OUT, job_types_of, rule_of

ADOPT = "ingestion.adoption:change"

# -- what the schedule of a job type is


@dataclass(frozen=True)
class Scheduled:
    """A job type's periodic task as people read it."""

    job: str
    when: str
    is_on: bool
    next_at: datetime | None
    address: str
    """Where platform staff edit it; blank for everybody else."""

    @property
    def label(self) -> str:
        return shown.job_label(self.job)


def when(task: PeriodicTask) -> str:
    if task.interval:
        return str(task.interval)
    if task.crontab:
        return f"{task.crontab.human_readable} ({task.crontab.timezone})"
    return _("of a kind that feeds do not know")


def following(task: PeriodicTask, now: datetime) -> datetime | None:
    """When it is due next; None if it never is, or cannot be read."""
    try:
        rule = rule_of(task)
    except (ValueError, ParseException):
        return None
    due = rule.due(now) if rule else None
    return due.following if due else None


def scheduled(user: Any) -> list[Scheduled]:
    """The periodic tasks of every job type, in its order; a job type that none asks for says so."""
    now, found = timezone.now(), defaultdict(list)
    tasks = PeriodicTask.objects.filter(task=FAN_OUT).select_related("interval", "crontab").order_by("pk")
    for task in tasks:
        try:
            codes = job_types_of(task)
        except ValueError:
            continue
        for code in codes:
            found[code].append(task)
    lines = []
    for code in JOB_TYPES:
        for task in found[code]:
            address = reverse("admin:django_celery_beat_periodictask_change", args=[task.pk])
            next_at = following(task, now) if task.enabled else None
            lines.append(Scheduled(code, when(task), task.enabled, next_at, address if user.is_superuser else ""))
        if not found[code]:
            lines.append(Scheduled(code, _("no schedule"), False, None, ""))
    return lines


# -- feeds


class FeedForm(forms.ModelForm):
    """Whether a feed is fetched, and when."""

    class Meta:
        model = Feed
        fields = ("is_enabled", "daily_at")
        widgets = {"daily_at": forms.TimeInput(attrs={"type": "time"}, format="%H:%M")}


def own_time(feed: Feed) -> str:
    if feed.daily_at:
        return _("once a day at %(time)s") % {"time": f"{feed.daily_at:%H:%M}"}
    if feed.period:
        return _("every %(interval)s") % {"interval": freshness.length(feed.period)}
    return _("as its job type")


def adopt(feed: Feed, *, by: Any) -> str:
    """Let the feed's records become what the dealership works with, those that are there as well."""
    count = adoption.switch(feed, True, by=by)
    return _("%(count)s records wait to be adopted.") % {"count": count}


def adopt_no_more(feed: Feed, *, by: Any) -> None:
    """What was adopted stays; what comes stays records."""
    adoption.switch(feed, False, by=by)


class ScheduleResource(Resource):
    """Feeds with their place in the schedule. They are added with a connection, and nobody deletes them."""

    model = Feed
    name, path, icon, permission = "schedules", "ingestion/schedules/", "clock", "ingestion.feed:view"
    list_template, detail_template = "operations/list.html", "operations/detail.html"
    columns = (
        Column("id", gettext_lazy("feed"), lambda feed: f"{feed.dealership.code} {feed.job_type}", sortable=True),
        shown.DEALERSHIP,
        shown.JOB_TYPE,
        attribute("main_dealer", gettext_lazy("main dealer")),
        Column("adopts", gettext_lazy("adopted"), lambda feed: on_or_off(feed.adopts)),
        Column("is_enabled", gettext_lazy("enabled"), lambda feed: on_or_off(feed.is_enabled)),
        Column("when", gettext_lazy("fetched"), own_time),
        Column(
            "next_slot",
            gettext_lazy("next run"),
            lambda feed: Cell() if feed.freshness == Feed.State.OFF else at(feed.next_slot, feed),
            sortable=True,
        ),
        Column("succeeded_at", gettext_lazy("last success"), lambda feed: at(feed.succeeded_at, feed), sortable=True),
        Column("freshness", gettext_lazy("state"), lambda feed: shown.state_cell(Feed.State(feed.freshness))),
    )
    filterset = FreshnessFilters
    first_filters = ("dealer", "job", "main_dealer", "state")
    hidden_filters = ("id",)
    ordering = "id"
    form = FeedForm
    verbs = (
        Verb(
            "adopt",
            gettext_lazy("Adopt its records"),
            ADOPT,
            adopt,
            icon="replace",
            bulk=True,
            open_to=lambda feed: feed.job_type in ADOPTERS and not feed.adopts,
        ),
        Verb(
            "adopt-no-more",
            gettext_lazy("Adopt no more"),
            ADOPT,
            adopt_no_more,
            icon="player-stop",
            bulk=True,
            open_to=lambda feed: feed.adopts,
        ),
    )

    @property
    def label_plural(self) -> str:
        return _("schedules")

    def title(self, row: Feed) -> str:
        return f"{row.dealership.name}: {shown.job_label(row.job_type)}"

    def may(self, user: Any, verb: str = "view", row: Any = None) -> bool:
        return verb not in ("add", "delete") and super().may(user, verb, row)

    def rows(self, user: Any) -> QuerySet[Any]:
        rows: Any = super().rows(user)
        return rows.filter(job_type__in=JOB_TYPES).with_freshness().select_related("dealership", "connection")

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        return {**shown.choices(user, self.permission), "main_dealer": main_dealers(user)}

    def above(self, request: HttpRequest, rows: QuerySet[Any] | None) -> dict[str, Any]:
        return {"pace": SLOW, "above": "operations/schedule.html", "scheduled": scheduled(request.user)}

    def change_row(self, user: Any, form: Any) -> Any:
        """The slots are filled anew with the next look of the schedule."""
        before = {name: form.initial.get(name) for name in form.fields}
        feed = form.save(commit=False)
        feed.save(update_fields=list(form.fields))
        audit.record("feed.changed", feed, changes=audit.differences(before, feed, form.fields))
        return feed

    def panels(self, request: HttpRequest, row: Any) -> Iterator[Panel]:
        pairs = [(column.label, column.cell(row)) for column in self.columns[1:]]
        yield Panel(
            _("Schedule"),
            [
                *pairs,
                (_("why"), Cell(freshness.words_of(row))),
                (_("fetched up to"), at(row.cursor, row)),
                (_("last slot"), at(row.slot, row)),
                (_("failures in a row"), cell(row.failures)),
                (_("last record received"), at(row.received_at, row)),
                (_("added"), at(row.created_at, row)),
            ],
        )

    def beside_panels(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        runs = f"{reverse('runs')}?dealer={row.dealership.code}&job={row.job_type}"
        return {"state": shown.state_cell(Feed.State(row.freshness)), "leads": [(runs, _("Its runs"), "player-play")]}


def at(moment: datetime | None, feed: Any) -> Cell:
    return shown.at(moment, feed.dealership.time_zone)


def on_or_off(is_on: bool) -> Cell:
    return Cell(_("on"), tag="ok") if is_on else Cell(_("off"), tag="")


SCHEDULES = register(ScheduleResource())
