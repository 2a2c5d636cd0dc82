"""Backfills: an old range of a feed, fetched window by window beside the live runs, whatever stops in between.

A backfill's next window is queued in the transaction that ends the one before, so there is always a row to go on from.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import Avg, DurationField, ExpressionWrapper, F
from django.utils import timezone

from ingestion.claims import close
from ingestion.models import Backfill, Connection, Feed, Gate, Run

LONGEST_WINDOW = timedelta(days=7)
USUAL_SECONDS = 2.0
"""A window of a feed that was never fetched."""


class BackfillUnderWay(Exception):
    """The feed has an unfinished backfill: `backfill`."""

    def __init__(self, backfill: Backfill) -> None:
        super().__init__(
            f"backfill {backfill} of this dealership and job type is {backfill.state};"
            f" resume or cancel it by its number, {backfill.pk}"
        )
        self.backfill = backfill


class NothingToFetch(ValueError):
    """A range that the gateway would give nothing of."""


class NotPossible(Exception):
    """What was asked of a backfill does not go with its state."""


@dataclass(frozen=True)
class Plan:
    """What a backfill would do."""

    since: datetime
    until: datetime
    left_out: str
    """What the gateway gives no more; blank if it gives all."""
    windows: list[tuple[datetime, datetime]]
    quota: int | None
    """Requests a day that backfills of the connection may make; None: any number."""
    left_today: int | None
    minutes: float
    """Expected, from how long the feed's runs took and what the quota allows."""

    @property
    def calls(self) -> int:
        return len(self.windows)


def plan(feed: Feed, since: datetime, until: datetime, share: int = 30) -> Plan:
    """What a backfill from `since` to `until` would do. Raises NothingToFetch."""
    now = timezone.now().replace(microsecond=0)
    connection = feed.connection
    oldest, until = connection.oldest(now), min(until, now)
    begin = max(since, oldest.replace(microsecond=0))
    if begin >= until:
        raise NothingToFetch(
            f"the gateway gives the last {connection.days_back} days, from {shown(oldest, connection)};"
            f" nothing of {shown(since, connection)} to {shown(until, connection)} is left"
        )
    windows = pieces(connection, begin, until)
    quota = None if connection.calls_per_day is None else int(connection.calls_per_day * share / 100)
    gate = Gate.objects.filter(pk=connection.pk).first()
    used = gate.backfill_calls if gate and gate.day == now.astimezone(connection.zone).date() else 0
    left = None if quota is None else max(quota - used, 0)
    return Plan(
        begin, until, left_out(since, begin, connection), windows, quota, left, minutes(feed, windows, quota, left)
    )


def pieces(connection: Connection, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
    longest = min(timedelta(days=connection.window_days), LONGEST_WINDOW)
    count = math.ceil((until - since) / longest)
    return [(since + number * longest, min(since + (number + 1) * longest, until)) for number in range(count)]


def left_out(since: datetime, begin: datetime, connection: Connection) -> str:
    if begin <= since:
        return ""
    return (
        f"{shown(since, connection)} to {shown(begin, connection)}:"
        f" the gateway gives the last {connection.days_back} days"
    )


def shown(moment: datetime, connection: Connection) -> str:
    return f"{moment.astimezone(connection.zone):%Y-%m-%d %H:%M:%S %Z}"


def minutes(feed: Feed, windows: list[tuple[datetime, datetime]], quota: int | None, left: int | None) -> float:
    """How long so many windows take: as the last runs did, a day more each time that the quota is used up."""
    recent = Run.objects.filter(dealership=feed.dealership_id, job_type=feed.job_type, finished_at__isnull=False)[:20]
    spent = ExpressionWrapper(F("finished_at") - F("started_at"), DurationField())
    usual = Run.objects.filter(pk__in=[run.pk for run in recent]).aggregate(usual=Avg(spent))["usual"]
    seconds = len(windows) * (usual.total_seconds() if usual else USUAL_SECONDS)
    days = 0 if quota is None or left is None else max(math.ceil((len(windows) - left) / max(quota, 1)), 0)
    return round(seconds / 60 + days * 24 * 60, 1)


@transaction.atomic
def start(*, feed: Feed, since: datetime, until: datetime, by: str, share: int = 30) -> Backfill:
    """Begin a backfill. Raises NothingToFetch and BackfillUnderWay."""
    planned = plan(feed, since, until, share)
    try:
        with transaction.atomic():
            backfill = Backfill.objects.create(
                feed=feed,
                dealership_id=feed.dealership_id,
                job_type=feed.job_type,
                since=planned.since,
                until=planned.until,
                reached=planned.since,
                left_out=planned.left_out,
                share=share,
                started_by=by,
            )
    except IntegrityError as error:
        if "one_unfinished_backfill_per_feed" not in str(error):
            raise
        raise BackfillUnderWay(feed.backfills.unfinished().get()) from None
    queue_next(backfill)
    return backfill


def locked(backfill_id: int | None) -> Backfill:
    return Backfill.objects.select_for_update(of=("self",)).select_related("feed__connection").get(pk=backfill_id)


def queue_next(backfill: Backfill) -> None:
    """Queue the window after what is reached; what the gateway gives no more by now is told as left out."""
    connection = backfill.feed.connection
    oldest = connection.oldest(timezone.now()).replace(microsecond=0)
    begin = max(backfill.reached, oldest)
    if begin > backfill.reached:
        words = left_out(backfill.reached, min(begin, backfill.until), connection)
        backfill.left_out = "\n".join(filter(None, [backfill.left_out, words]))
    if begin >= backfill.until:
        finish(backfill, reached=backfill.until)
        return
    backfill.reached = begin
    backfill.save(update_fields=["reached", "left_out"])
    window = pieces(connection, begin, backfill.until)[0]
    Run.objects.create(
        feed=backfill.feed,
        dealership_id=backfill.dealership_id,
        connection=connection,
        job_type=backfill.job_type,
        kind=Run.Kind.BACKFILL,
        backfill=backfill,
        since=window[0],
        until=window[1],
        started_by=backfill.started_by,
    )


def go_on(run: Run) -> None:
    """After a window: the next one, or the end. A window that failed pauses the backfill, for a person to resume."""
    backfill = (
        Backfill.objects.select_for_update(of=("self",)).select_related("feed__connection").get(pk=run.backfill_id)
    )
    if run.error:
        backfill.reached = max(run.reached or run.since, backfill.reached)
        backfill.state, backfill.error = Backfill.State.PAUSED, run.error
        backfill.save(update_fields=["reached", "state", "error"])
        return
    backfill.reached = run.until
    if backfill.state == Backfill.State.RUNNING and backfill.reached < backfill.until:
        queue_next(backfill)
    elif backfill.reached >= backfill.until and backfill.state in Backfill.UNFINISHED:
        finish(backfill, reached=run.until)
    else:
        backfill.save(update_fields=["reached"])


def finish(backfill: Backfill, *, reached: datetime) -> None:
    partial = backfill.runs.filter(state=Run.State.PARTIAL).exists()
    backfill.state = Backfill.State.PARTIAL if partial else Backfill.State.SUCCEEDED
    backfill.reached, backfill.finished_at, backfill.error = reached, timezone.now(), ""
    backfill.save(update_fields=["state", "reached", "finished_at", "left_out", "error"])


def pause(backfill: Backfill) -> None:
    """Take no further window; one under way is stored. Raises NotPossible."""
    if not Backfill.objects.filter(pk=backfill.pk, state=Backfill.State.RUNNING).update(state=Backfill.State.PAUSED):
        raise NotPossible(f"backfill {backfill} is not running")


@transaction.atomic
def resume(backfill: Backfill) -> Backfill:
    """Go on where it stopped. Raises NotPossible unless it is paused."""
    found = locked(backfill.pk)
    if found.state not in Backfill.UNFINISHED:
        raise NotPossible(f"backfill {found} is {found.state}")
    found.state, found.error = Backfill.State.RUNNING, ""
    found.save(update_fields=["state", "error"])
    if not found.runs.unfinished().exists():
        queue_next(found)
    return found


@transaction.atomic
def cancel(backfill: Backfill) -> None:
    """End it: what waits at once, what is under way as soon as its worker looks. Raises NotPossible if it has ended."""
    close(backfill.runs.unfinished().values_list("pk", flat=True), Run.State.CANCELLED, "the backfill was cancelled")
    ended = Backfill.objects.unfinished().filter(pk=backfill.pk)
    if not ended.update(state=Backfill.State.CANCELLED, finished_at=timezone.now()):
        raise NotPossible(f"backfill {backfill} has ended already")


def figures(backfills: Iterable[Backfill]) -> dict[int, dict[str, int]]:
    """The counts of each backfill's runs, by its id."""
    found: dict[int, dict[str, int]] = {}
    for run in Run.objects.filter(backfill__in=list(backfills)).values("backfill_id", *Run.COUNTS, "calls"):
        sums = found.setdefault(run.pop("backfill_id"), dict.fromkeys((*Run.COUNTS, "calls"), 0))
        for name, count in run.items():
            sums[name] += count
    return found
