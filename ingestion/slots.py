"""The schedule: which slots are due, and a run for each, once, whoever asks how often.

A slot is a moment of a job type's schedule (a periodic task in the admin), or a feed's own time of day on its
dealership's clock. A feed that missed slots gets one run for the latest of them; its window covers the gap.
"""

from __future__ import annotations

import json
import logging
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from celery.schedules import ParseException
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from ingestion.models import Feed, Run
from ingestion.models.feed import FeedQuerySet

log = logging.getLogger(__name__)

FAN_OUT = "ingestion.fan_out"
FAR = 8 * 366
"""Days to look for a day that matches: 29 February may be so far away."""


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
        """None if no day matches."""
        here = now.astimezone(self.zone).date()
        past = (
            moment for days in range(-1, FAR) for moment in reversed(self.on(here - timedelta(days))) if moment <= now
        )
        coming = (moment for days in range(-1, FAR) for moment in self.on(here + timedelta(days)) if moment > now)
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


Rule = Every | Crontab


def rule_of(task: PeriodicTask) -> Rule | None:
    """How a periodic task recurs; None if it is of a kind that feeds do not know (solar, clocked).

    Raises ValueError or ParseException for a schedule that cannot be read.
    """
    if task.interval:
        if task.interval.every < 1:
            raise ValueError(f"an interval of {task.interval.every}")
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


def job_types_of(task: PeriodicTask) -> list[str]:
    """The job types that a periodic task asks for. Raises ValueError if its arguments are no list of names."""
    found = json.loads(task.args or "[]")
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise ValueError(f"its arguments are no list of job types: {task.args}")
    return found


def rules() -> dict[str, list[Rule]]:
    """The job types that periodic tasks ask for, and when. A task that cannot be read is told of and left out."""
    now = timezone.now()
    begun, not_over = Q(start_time=None) | Q(start_time__lte=now), Q(expires=None) | Q(expires__gt=now)
    tasks = PeriodicTask.objects.filter(begun, not_over, task=FAN_OUT, enabled=True)
    found: dict[str, list[Rule]] = defaultdict(list)
    for task in tasks.select_related("interval", "crontab"):
        try:
            rule, job_types = rule_of(task), job_types_of(task)
        except (ValueError, ParseException) as error:
            log.error("the periodic task %r is left out: %s", task.name, error)
            continue
        if rule is not None:
            for job_type in job_types:
                found[job_type].append(rule)
    return found


def due_of(several: Iterable[Rule], now: datetime) -> Due | None:
    """The latest slot of any of these rules, and the first one after it."""
    dues = [due for rule in several if (due := rule.due(now))]
    return Due(max(due.slot for due in dues), min(due.following for due in dues)) if dues else None


def fill(job_types: Iterable[str] | None = None) -> None:
    """Queue a run for every feed whose slot is due, once, and note when the next is; of these job types, or of all."""
    now = timezone.now()
    wanted = None if job_types is None else set(job_types)
    for job_type, several in rules().items():
        if wanted is not None and job_type not in wanted:
            continue
        feeds = Feed.objects.live().filter(job_type=job_type)
        if due := due_of(several, now):
            fill_slot(feeds.filter(daily_at=None), due)
        own = feeds.exclude(daily_at=None).order_by().values_list("daily_at", "dealership__time_zone").distinct()
        for at, time_zone in own:
            if due := daily(at, ZoneInfo(time_zone)).due(now):
                fill_slot(feeds.filter(daily_at=at, dealership__time_zone=time_zone), due)


@transaction.atomic
def fill_slot(feeds: FeedQuerySet, due: Due) -> None:
    """A run in `due.slot` for those of `feeds` that had none yet and have no other under way.

    Feeds that somebody else holds, mostly to store an answer, are left to the next look: to wait for one while
    holding another would be a deadlock with whoever does the same.
    """
    period = due.following - due.slot
    free = feeds.order_by("pk").select_for_update(skip_locked=True, no_key=True, of=("self",))
    stale = free.exclude(next_slot=due.following, period=period).values_list("pk", flat=True)
    if behind := list(stale):
        Feed.objects.filter(pk__in=behind).update(next_slot=due.following, period=period)
    same_feed = {"dealership": OuterRef("dealership"), "job_type": OuterRef("job_type")}
    busy = Run.objects.unfinished().filter(kind=Run.Kind.LIVE, **same_feed)
    ready = free.filter(Q(slot=None) | Q(slot__lt=due.slot)).exclude(Exists(busy))
    found = list(ready.select_related("connection"))
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
