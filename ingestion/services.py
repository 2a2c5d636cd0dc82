"""What people and commands do with feeds: connect, request a run, cancel it, compare, put a flag down."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dealers import audit
from dealers.models import Dealership
from ingestion.claims import close, take_over
from ingestion.job_types import JOB_TYPES
from ingestion.models import Connection, Feed, Run


class AlreadyRunning(Exception):
    """The feed has an unfinished run: `run`."""

    def __init__(self, run: Run | None) -> None:
        words = _("run %(run)s of this dealership and job type is %(state)s") if run else _("a run is unfinished")
        super().__init__(words % {"run": run, "state": run.get_state_display()} if run else words)
        self.run = run


class BadWindow(ValueError):
    """A window that the gateway would not serve."""


class HasEnded(Exception):
    """Too late: the run has ended."""


# -- connections


@transaction.atomic
def connect(
    *, main_dealer: str, base_url: str, dealers: Iterable[str], api_key: str, secret_key: str, **options: Any
) -> Connection:
    """Create or update a main dealer's connection and its dealerships, with a feed of every job type for each.

    `options` are further columns of Connection. Raises ValidationError for an address that must not be called.
    """
    connection = Connection.objects.filter(main_dealer=main_dealer).first() or Connection(main_dealer=main_dealer)
    settled = {"base_url": base_url.rstrip("/"), "api_key": api_key, "secret_key": secret_key, **options}
    for name, value in settled.items():
        setattr(connection, name, value)
    connection.full_clean()
    connection.save()
    for code in (dealers := list(dealers)):
        dealership = Dealership.objects.filter(code=code).first()
        if dealership is None:
            dealership = Dealership(code=code, name=code, time_zone=connection.time_zone)
            dealership.full_clean()
            dealership.save()
        Feed.objects.filter(dealership=dealership).update(connection=connection)
        add_feeds(connection, dealership)
    audit.record(
        "connection.connected", connection, changes={"base_url": connection.base_url, "dealers": list(dealers)}
    )
    return connection


def add_feeds(connection: Connection, dealership: Dealership) -> None:
    """A feed through `connection` of every job type that `dealership` lacks."""
    for job_type in JOB_TYPES.values():
        Feed.objects.get_or_create(
            dealership=dealership,
            job_type=job_type.code,
            defaults={"connection": connection, "is_enabled": job_type.enabled},
        )


# -- runs


def request_run(*, feed: Feed, by: str, since: datetime | None = None, until: datetime | None = None) -> Run:
    """Queue a run of `feed` and nudge a worker. Raises AlreadyRunning and BadWindow."""
    from ingestion import tasks

    run = open_run(feed=feed, by=by, since=since, until=until)
    transaction.on_commit(lambda: tasks.nudge("live"))
    return run


def request_comparison(*, feed: Feed, by: str, since: datetime, until: datetime) -> Run:
    """Queue a comparison of what the gateway gives with what is stored. Raises AlreadyRunning and BadWindow."""
    from ingestion import tasks

    run = open_run(feed=feed, by=by, since=since, until=until, kind=Run.Kind.COMPARISON)
    transaction.on_commit(lambda: tasks.nudge("bulk"))
    return run


def open_run(
    *,
    feed: Feed,
    by: str,
    since: datetime | None = None,
    until: datetime | None = None,
    kind: Run.Kind = Run.Kind.LIVE,
) -> Run:
    """A queued run; without `since` its window begins where the feed stands. Raises AlreadyRunning and BadWindow."""
    now = timezone.now().replace(microsecond=0)
    begin, end = since or feed.next_since(now), min(until or now, now)
    if begin < feed.connection.oldest(now):
        oldest = feed.connection.oldest(now).astimezone(feed.connection.zone)
        raise BadWindow(
            _("the gateway gives the last %(days)s days; the earliest start is %(start)s")
            % {"days": feed.connection.days_back, "start": f"{oldest:%Y-%m-%d %H:%M:%S %Z}"}
        )
    if begin >= end:
        raise BadWindow(_("the window is empty: its start is not before its end, or lies in the future"))
    take_over()
    try:
        with transaction.atomic():
            run = Run.objects.create(
                feed=feed,
                dealership_id=feed.dealership_id,
                connection_id=feed.connection_id,
                job_type=feed.job_type,
                kind=kind,
                since=begin,
                until=end,
                started_by=by,
            )
            audit.record("run.started", run, changes={"kind": kind, "since": begin, "until": end})
            return run
    except IntegrityError as error:
        if "one_unfinished_run_per_feed" not in str(error):
            raise
        raise AlreadyRunning(feed.runs.unfinished().filter(kind=kind).first()) from None


@transaction.atomic
def cancel_run(run: Run, *, by: str) -> None:
    """End a run that has not ended; a worker that holds it notices within seconds. Raises HasEnded."""
    if run.backfill_id:
        raise HasEnded(
            _("run %(run)s belongs to backfill %(backfill)s; cancel that") % {"run": run, "backfill": run.backfill}
        )
    if not Run.objects.unfinished().filter(pk=run.pk).exists():
        raise HasEnded(_("run %(run)s has ended already") % {"run": run})
    close([run.pk], Run.State.CANCELLED, f"cancelled by {by}")
    audit.record("run.cancelled", run)


def see_flags(runs: Iterable[Run], *, by: str) -> int:
    """Note that somebody looked at what these runs stored; how many had a flag that nobody had looked at."""
    flagged = Run.objects.flagged().filter(pk__in=[run.pk for run in runs])
    return flagged.update(flag_seen_by=by, flag_seen_at=timezone.now())
