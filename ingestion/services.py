"""What people, schedules and commands do with feeds: connect, request a run, carry runs out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from billiard.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from dealers.models import Dealership
from ingestion import intake
from ingestion.answer import GatewayError
from ingestion.body import Answer
from ingestion.client import Call, Fetcher, Gateway
from ingestion.job_types import JOB_TYPES
from ingestion.models import Connection, Feed, Run

log = logging.getLogger(__name__)

AT_ONCE = 20
"""Runs that one task carries out side by side."""


class AlreadyRunning(Exception):
    """The feed has an unfinished run: `run`."""

    def __init__(self, run: Run | None) -> None:
        super().__init__(f"run {run} of this dealership and job type is {run.state}" if run else "a run is unfinished")
        self.run = run


class BadWindow(ValueError):
    """A window that the gateway would not serve."""


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
    for code in dealers:
        dealership = Dealership.objects.filter(code=code).first()
        if dealership is None:
            dealership = Dealership(code=code, name=code, time_zone=connection.time_zone)
            dealership.full_clean()
            dealership.save()
        Feed.objects.filter(dealership=dealership).update(connection=connection)
        add_feeds(connection, dealership)
    return connection


def add_feeds(connection: Connection, dealership: Dealership) -> None:
    """A feed through `connection` of every job type that `dealership` lacks."""
    for job_type in JOB_TYPES.values():
        Feed.objects.get_or_create(
            dealership=dealership,
            job_type=job_type.code,
            defaults={"connection": connection, "is_enabled": job_type.enabled},
        )


# -- requesting runs


def request_run(*, feed: Feed, by: str, since: datetime | None = None, until: datetime | None = None) -> Run:
    """Queue a run of `feed` and nudge a worker. Raises AlreadyRunning and BadWindow."""
    from ingestion import tasks

    run = open_run(feed=feed, by=by, since=since, until=until)
    transaction.on_commit(lambda: tasks.nudge([run.pk]))
    return run


def open_run(*, feed: Feed, by: str, since: datetime | None = None, until: datetime | None = None) -> Run:
    """A queued run; without `since` its window begins where the feed stands. Raises AlreadyRunning and BadWindow."""
    now = timezone.now().replace(microsecond=0)
    begin, end = since or feed.next_since(now), min(until or now, now)
    if begin < feed.connection.oldest(now):
        oldest = feed.connection.oldest(now).astimezone(feed.connection.zone)
        raise BadWindow(
            f"the gateway gives the last {feed.connection.days_back} days;"
            f" the earliest start is {oldest:%Y-%m-%d %H:%M:%S %Z}"
        )
    if begin >= end:
        raise BadWindow("the window is empty: its start is not before its end, or lies in the future")
    give_up_abandoned(feed)
    try:
        with transaction.atomic():
            return Run.objects.create(
                feed=feed,
                dealership_id=feed.dealership_id,
                job_type=feed.job_type,
                since=begin,
                until=end,
                started_by=by,
            )
    except IntegrityError as error:
        if "one_unfinished_run_per_feed" not in str(error):
            raise
        raise AlreadyRunning(feed.runs.unfinished().first()) from None


def give_up_abandoned(feed: Feed) -> None:
    """Close the feed's run whose worker is gone; what it stored stays, and the cursor knows how far it came."""
    Run.objects.abandoned().filter(dealership_id=feed.dealership_id, job_type=feed.job_type).update(
        state=Run.State.FAILED, error="its worker stopped before the end", finished_at=timezone.now(), leased_until=None
    )


def fan_out(job_type: str) -> list[int]:
    """Queue a run for every live feed of `job_type` and return the ids to carry out, waiting ones included."""
    queued = []
    for feed in Feed.objects.live().filter(job_type=job_type).select_related("connection", "dealership"):
        try:
            queued.append(open_run(feed=feed, by="schedule").pk)
        except AlreadyRunning as error:
            if error.run and error.run.state == Run.State.QUEUED:
                queued.append(error.run.pk)
        except BadWindow:
            continue  # the feed was fetched this very second
    return queued


# -- carrying runs out


@dataclass
class Work:
    """A claimed run and the windows still to fetch."""

    run: Run
    feed: Feed
    gateway: Gateway
    windows: list[tuple[datetime, datetime]]
    stored: int = 0

    def call(self) -> Call:
        since, until = self.windows[0]
        kind = self.feed.kind
        return Call(kind.module, self.feed.dealership.code, since, until, kind.filters, self.feed.dealership_id)


@dataclass
class Desk:
    """The calls under way, each with its work."""

    fetcher: Fetcher
    under_way: dict[Future[Answer], Work] = field(default_factory=dict)

    def send(self, work: Work) -> None:
        self.under_way[self.fetcher.submit(work.gateway, work.call())] = work

    def arrivals(self) -> Iterator[tuple[Work, Future[Answer]]]:
        while self.under_way:
            done, _ = wait(self.under_way, return_when=FIRST_COMPLETED)
            for future in done:
                yield self.under_way.pop(future), future


def carry_out(run_ids: Iterable[int]) -> Iterator[Run]:
    """Carry out the queued runs among `run_ids`, fetching side by side, and yield each as it ends.

    A run that another worker claimed is left to it. A run's windows follow one another; each commits with its cursor.
    """
    claimed = [work for run_id in run_ids if (work := claim(run_id))]
    try:
        with Fetcher() as fetcher:
            desk = Desk(fetcher)
            for work in claimed:
                desk.send(work)
            for work, future in desk.arrivals():
                if take_in(work, future):
                    desk.send(work)
                else:
                    work.run.feed = work.feed  # with its dealership and connection: nobody has to fetch them again
                    yield work.run
    finally:
        cancel(Run.objects.unfinished().filter(pk__in=[work.run.pk for work in claimed]))


def carry_out_all(run_ids: list[int]) -> Iterator[Run]:
    """Any number of runs, so many side by side as one task would carry out; those not reached are cancelled."""
    try:
        for start in range(0, len(run_ids), AT_ONCE):
            yield from carry_out(run_ids[start : start + AT_ONCE])
    finally:
        cancel(Run.objects.filter(pk__in=run_ids, state=Run.State.QUEUED))


def cancel(runs: QuerySet[Run]) -> None:
    """Close runs of ours that will not end by themselves, because this process was told to stop."""
    runs.update(
        state=Run.State.CANCELLED, error="stopped before its end", finished_at=timezone.now(), leased_until=None
    )


def claim(run_id: int) -> Work | None:
    """Take a queued run for this process."""
    now = timezone.now()
    taken = Run.objects.filter(pk=run_id, state=Run.State.QUEUED).update(
        state=Run.State.RUNNING, started_at=now, leased_until=lease(now)
    )
    if not taken:
        return None
    run = Run.objects.select_related("feed__connection", "feed__dealership").get(pk=run_id)
    connection = run.feed.connection
    return Work(run, run.feed, gateway_of(connection), connection.windows(run.since, run.until))


def lease(now: datetime) -> datetime:
    """Until when a run is believed without news: the longest that a window may take, and a minute to store it."""
    return now + timedelta(seconds=settings.DGI_RUN_DEADLINE + 60)


def gateway_of(connection: Connection) -> Gateway:
    return Gateway(
        base_url=connection.base_url,
        api_key=connection.api_key,
        secret_key=connection.secret_key,
        joiner=connection.joiner,
        zone=connection.zone,
        deadline=settings.DGI_RUN_DEADLINE,
        clock_tolerance=connection.clock_tolerance,
    )


def take_in(work: Work, future: Future[Answer]) -> bool:
    """Store what arrived for the current window; whether the run goes on with the next."""
    try:
        with future.result() as answer:
            store_window(work, answer.records)
    except GatewayError as error:
        fail(work, str(error))
    except DatabaseError as error:
        log.exception("run %s could not be stored", work.run.pk)
        fail(work, f"the answer could not be stored: {type(error).__name__}")
    except SoftTimeLimitExceeded:
        raise  # the task must end; its runs are cancelled on the way out
    except Exception as error:  # a defect of ours must end this run with words, not its neighbours without any
        log.exception("run %s met a defect", work.run.pk)
        fail(work, f"a defect of Forecourt stopped the run ({type(error).__name__}); the log has the details")
    return work.run.state == Run.State.RUNNING


def store_window(work: Work, raws: list[msgspec.Raw]) -> None:
    """Records, history, cursor and counts of one window in one transaction."""
    until = work.windows[0][1]
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=work.run.pk)
        if run.state != Run.State.RUNNING:
            work.run = run
            return
        counts = intake.take(raws, run=run, feed=work.feed)
        move_cursor(work.feed, work.windows[0][0], until)
        for name, count in counts.items():
            setattr(run, name, getattr(run, name) + count)
        run.leased_until = lease(timezone.now())
        if len(work.windows) == 1:
            run.state = Run.State.PARTIAL if run.quarantined else Run.State.SUCCEEDED
            run.finished_at, run.leased_until = timezone.now(), None
        run.save()
    work.run = run
    work.windows.pop(0)
    work.stored += 1


def move_cursor(feed: Feed, since: datetime, until: datetime) -> None:
    """Advance the feed to `until`, neither backward nor over a gap; what the gateway gives no more is no gap."""
    oldest = feed.connection.oldest(timezone.now())
    if feed.cursor is None or (since <= max(feed.cursor, oldest) and feed.cursor < until):
        Feed.objects.filter(pk=feed.pk, cursor=feed.cursor).update(cursor=until)
        feed.cursor = until


def fail(work: Work, words: str) -> None:
    """End the run with its reason: partial if windows before this one are stored."""
    state = Run.State.PARTIAL if work.stored else Run.State.FAILED
    now = timezone.now()
    Run.objects.filter(pk=work.run.pk, state=Run.State.RUNNING).update(
        state=state, error=words, finished_at=now, leased_until=None
    )
    work.run.refresh_from_db()
