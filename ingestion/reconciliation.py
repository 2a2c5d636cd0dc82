"""Comparisons asked for: every night, by people, and what is done about what they found."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone

from ingestion import services
from ingestion.intake import lock
from ingestion.models import Connection, Feed, Run


def queue_last_day() -> None:
    """A comparison of the last full day for every live feed that is fetched beyond it, once."""
    now = timezone.now()
    for connection in Connection.objects.filter(is_active=True):
        since, until = last_day(connection, now)
        there = Run.objects.filter(kind=Run.Kind.COMPARISON, until=until, started_by="schedule")
        same_feed = there.filter(dealership=OuterRef("dealership"), job_type=OuterRef("job_type"))
        feeds = Feed.objects.live().filter(connection=connection, cursor__gte=until).exclude(Exists(same_feed))
        runs = [
            Run(
                feed=feed,
                dealership_id=feed.dealership_id,
                connection=connection,
                job_type=feed.job_type,
                kind=Run.Kind.COMPARISON,
                since=since,
                until=until,
                started_by="schedule",
            )
            for feed in feeds.order_by("pk")
        ]
        Run.objects.bulk_create(runs, ignore_conflicts=True, batch_size=1000)


def window_asked_for(
    connection: Connection, since: datetime | None, until: datetime | None
) -> tuple[datetime, datetime]:
    """What to compare: without an end up to the last midnight, or to now if it begins later; else a day."""
    now = timezone.now()
    day_before, midnight = last_day(connection, now)
    end = until or (midnight if since is None or since < midnight else now)
    return since or (end - timedelta(days=1) if until else day_before), end


def last_day(connection: Connection, now: datetime, days: int = 1) -> tuple[datetime, datetime]:
    """The last full days on the main dealer's clock, as far as the gateway gives them."""
    end = datetime.combine(now.astimezone(connection.zone).date(), time(), connection.zone)
    oldest = connection.oldest(now).replace(microsecond=0)
    return max(end - timedelta(days=days), oldest), end


@transaction.atomic
def open_repair(compared: Run, *, by: str) -> Run:
    """A queued live run over the window of a comparison; what it found stored otherwise is taken anew.

    Raises services.AlreadyRunning and services.BadWindow. What is surplus stays: nothing is deleted.
    """
    feed = compared.feed
    lock(feed, [feed.dealership.code])
    doubtful = {f"{feed.kind.key}__in": (compared.differences or {}).get("keys", {}).get("different", [])}
    stored = feed.kind.record.objects.filter(dealership=compared.dealership_id, **doubtful)
    stored.update(raw_hash=UUID(int=0), content_hash=UUID(int=0))
    return services.open_run(feed=feed, by=by, since=compared.since, until=compared.until)
