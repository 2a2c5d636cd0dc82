"""What the drill does in the house itself, as its staff would: connect, schedule, resume, look. Needs Django."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask, PeriodicTasks

from ingestion import backfills, claims, services
from ingestion.models import Backfill, Connection, Feed, Run
from ingestion.sandbox.config import DEMO_API_KEY, DEMO_SECRET_KEY
from ingestion.slots import FAN_OUT
from ingestion.tasks import nudge

SLOT_SECONDS, DISPATCH_SECONDS = 10, 2
DAYS = 14
"""How far back backfills go."""

Found = TypeVar("Found")


def patiently(look: Callable[[], Found], seconds: float = 60) -> Found:
    """What `look` finds in the database, however often that is restarted meanwhile."""
    end = time.monotonic() + seconds
    while True:
        try:
            return look()
        except (DatabaseError, InterfaceError):
            connection.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.2)


def schedule() -> None:
    """Slots every few seconds, and a dispatch more often than that."""
    for seconds, tasks in (
        (SLOT_SECONDS, PeriodicTask.objects.filter(task=FAN_OUT)),
        (DISPATCH_SECONDS, PeriodicTask.objects.filter(task="ingestion.dispatch")),
    ):
        every, _ = IntervalSchedule.objects.get_or_create(every=seconds, period=IntervalSchedule.SECONDS)
        tasks.update(interval=every)
    PeriodicTasks.update_changed()


def connect(main_dealer: str, base_url: str, dealers: list[str]) -> None:
    """A main dealer with its dealerships; the last DAYS of each come by backfills of a day per window."""
    services.connect(
        main_dealer=main_dealer,
        base_url=base_url,
        dealers=dealers,
        api_key=DEMO_API_KEY,
        secret_key=DEMO_SECRET_KEY,
        window_days=1,
    )
    now = timezone.now().replace(microsecond=0)
    for feed in Feed.objects.live().filter(dealership__code__in=dealers).select_related("connection"):
        if not feed.backfills.exists():
            backfills.start(feed=feed, since=now - timedelta(days=DAYS), until=now, by="drill", share=100)


def resume_backfills() -> int:
    """What a fault paused goes on; how many that were."""
    paused = list(Backfill.objects.filter(state=Backfill.State.PAUSED))
    for backfill in paused:
        backfills.resume(backfill)
    return len(paused)


def waiting_feeds(since: datetime) -> list[str]:
    """Feeds without a run of a slot after `since` that ended well."""
    well = Run.objects.filter(kind="live", slot__gt=since, state__in=[Run.State.SUCCEEDED, Run.State.PARTIAL], error="")
    return [str(feed) for feed in Feed.objects.live().exclude(pk__in=well.values("feed")).select_related("dealership")]


def held_runs() -> dict[int, int]:
    """The runs under way and the fences that they are held under."""
    return dict(Run.objects.filter(state=Run.State.RUNNING).values_list("pk", "fence"))


def held_anew(runs: dict[int, int]) -> list[int]:
    """Of these runs, those that somebody else holds now or has ended."""
    now = Run.objects.filter(pk__in=runs).values_list("pk", "fence", "state")
    return [pk for pk, fence, state in now if (fence > runs[pk] and state != "queued") or state not in Run.UNFINISHED]


def nothing_waits() -> bool:
    """Whether every run has ended; until then workers are told of them, as a dispatch would, but without new slots."""
    claims.take_over()
    for lane in Run.LANES:
        nudge(lane)
    return not Run.objects.unfinished().exists()


def figures() -> dict[str, int]:
    live = Run.objects.filter(kind="live")
    return {
        "dealerships": Feed.objects.values("dealership").distinct().count(),
        "live runs": live.count(),
        "of them failed": live.filter(state="failed").count(),
        "taken over": Run.objects.filter(takeovers__gt=0).count(),
        "windows of backfills": Run.objects.filter(kind="backfill").count(),
        "main dealers": Connection.objects.count(),
    }
