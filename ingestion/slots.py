"""The schedule: which slots are due, and a run for each, once, whoever asks how often.

A slot is a moment of a job type's schedule (a periodic task in the admin), or a feed's own time of day on its
dealership's clock. A feed that missed slots gets one run for the latest of them; its window covers the gap.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from ingestion.models import Feed, Run
from ingestion.models.feed import FeedQuerySet

FAN_OUT = "ingestion.fan_out"


@dataclass(frozen=True)
class Due:
    """The latest slot of a schedule and the one after it."""

    slot: datetime
    following: datetime


@dataclass(frozen=True)
class Crontab:
    """Times of day on days that match, on a clock; a time that a clock skips or repeats is one moment all the same."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    zone: ZoneInfo
    weekdays: frozenset[int] = frozenset(range(7))
    days: frozenset[int] = frozenset(range(1, 32))
    months: frozenset[int] = frozenset(range(1, 13))

    def due(self, now: datetime) -> Due | None:
        """None if no day of the year before or after matches."""
        here = now.astimezone(self.zone).date()
        past = (
            moment for days in range(-1, 367) for moment in reversed(self.on(here - timedelta(days))) if moment <= now
        )
        coming = (moment for days in range(-1, 367) for moment in self.on(here + timedelta(days)) if moment > now)
        slot, following = next(past, None), next(coming, None)
        return Due(slot, following) if slot and following else None

    def on(self, day: date) -> list[datetime]:
        """The moments of a local day, in order."""
        if day.isoweekday() % 7 not in self.weekdays or day.day not in self.days or day.month not in self.months:
            return []
        local = (datetime.combine(day, time(hour, minute), self.zone) for hour in self.hours for minute in self.minutes)
        return sorted({moment.astimezone(UTC) for moment in local})


@dataclass(frozen=True)
class Every:
    """Every so often, counted from 1970 in UTC: the same moments for whoever counts."""

    period: timedelta

    def due(self, now: datetime) -> Due:
        passed = int(now.timestamp() // self.period.total_seconds())
        slot = datetime.fromtimestamp(passed * self.period.total_seconds(), UTC)
        return Due(slot, slot + self.period)


def daily(at: time, zone: ZoneInfo) -> Crontab:
    return Crontab((at.minute,), (at.hour,), zone)


def rule_of(task: PeriodicTask) -> Every | Crontab | None:
    """How a periodic task recurs; None if it is of a kind that feeds do not know (solar, clocked)."""
    if task.interval:
        return Every(timedelta(**{task.interval.period: task.interval.every}))
    if task.crontab:
        schedule = task.crontab.schedule
        return Crontab(
            tuple(sorted(schedule.minute)),
            tuple(sorted(schedule.hour)),
            ZoneInfo(str(task.crontab.timezone)),
            frozenset(schedule.day_of_week),
            frozenset(schedule.day_of_month),
            frozenset(schedule.month_of_year),
        )
    return None


def rules() -> Iterator[tuple[str, Every | Crontab]]:
    """Each job type that a periodic task asks for, and when."""
    tasks = PeriodicTask.objects.filter(task=FAN_OUT, enabled=True).select_related("interval", "crontab")
    for task in tasks:
        rule = rule_of(task)
        for job_type in json.loads(task.args or "[]"):
            if rule:
                yield job_type, rule


def fill(job_types: Iterable[str] | None = None) -> None:
    """Queue a run for every feed whose slot is due, once, and note when the next is; of these job types, or of all."""
    now = timezone.now()
    wanted = None if job_types is None else set(job_types)
    for job_type, rule in rules():
        if wanted is not None and job_type not in wanted:
            continue
        feeds = Feed.objects.live().filter(job_type=job_type)
        if due := rule.due(now):
            fill_slot(feeds.filter(daily_at=None), due)
        own = feeds.exclude(daily_at=None).order_by().values_list("daily_at", "dealership__time_zone").distinct()
        for at, time_zone in own:
            if due := daily(at, ZoneInfo(time_zone)).due(now):
                fill_slot(feeds.filter(daily_at=at, dealership__time_zone=time_zone), due)


@transaction.atomic
def fill_slot(feeds: FeedQuerySet, due: Due) -> None:
    """A run in `due.slot` for those of `feeds` that had none yet and have no other under way."""
    period = due.following - due.slot
    feeds.exclude(next_slot=due.following, period=period).update(next_slot=due.following, period=period)
    same_feed = {"dealership": OuterRef("dealership"), "job_type": OuterRef("job_type")}
    busy = Run.objects.unfinished().filter(kind=Run.Kind.LIVE, **same_feed)
    ready = (
        feeds.filter(Q(slot=None) | Q(slot__lt=due.slot))
        .exclude(Exists(busy))
        .select_related("connection")
        .order_by("pk")
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
    )
    found = list(ready)
    if not found:
        return
    random.shuffle(found)  # no main dealer's runs stand in front of all of another's
    runs = [scheduled(feed, due.slot) for feed in found]
    Run.objects.bulk_create(runs, ignore_conflicts=True, batch_size=1000)
    there = Run.objects.filter(slot=due.slot, **same_feed)
    Feed.objects.filter(Exists(there), pk__in=[feed.pk for feed in found]).update(slot=due.slot)


def scheduled(feed: Feed, slot: datetime) -> Run:
    now = timezone.now().replace(microsecond=0)
    return Run(
        feed=feed,
        dealership_id=feed.dealership_id,
        connection_id=feed.connection_id,
        job_type=feed.job_type,
        slot=slot,
        since=min(feed.next_since(now), now),
        until=now,
        started_by="schedule",
    )
