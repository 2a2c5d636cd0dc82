"""Backfills: an old range of a feed, fetched window by window beside the live runs, whatever stops in between.

A backfill's next window is queued in the transaction that ends the one before, so there is always a row to go on from.
Who holds the row of a run may wait for that of its backfill, never the other way round.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from dealers import audit
from ingestion.claims import close
from ingestion.models import Backfill, Feed, Run
from ingestion.plans import SHARE, pieces, plan, too_old

CANCELLED = "the backfill was cancelled"
PATIENCE = 500
"""Milliseconds that a cancel waits for who has its run in hands, which a claim has for a moment and a store for longer:
less than after which PostgreSQL sees a deadlock, since that one may wait for the backfill."""


class BackfillUnderWay(Exception):
    """The feed has an unfinished backfill: `backfill`; None if it has ended but for its last window."""

    def __init__(self, backfill: Backfill | None) -> None:
        super().__init__(
            _(
                "backfill %(backfill)s of this dealership and job type is %(state)s;"
                " resume or cancel it by its number, %(number)s"
            )
            % {"backfill": backfill, "state": backfill.get_state_display(), "number": backfill.pk}
            if backfill
            else _("the last window of a cancelled backfill is being stored; try again in a few seconds")
        )
        self.backfill = backfill


class NotPossible(Exception):
    """What was asked of a backfill does not go with its state."""


# -- what people do


@transaction.atomic
def start(*, feed: Feed, since: datetime, until: datetime, by: str, share: int = SHARE) -> Backfill:
    """Begin a backfill and nudge a worker. Raises plans.BadPlan and BackfillUnderWay."""
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
            queue_next(backfill)
            words = {"since": planned.since, "until": planned.until, "share": share}
            audit.record("backfill.started", backfill, changes=words)
    except IntegrityError as error:
        if "one_unfinished_" not in str(error):
            raise
        raise BackfillUnderWay(feed.backfills.unfinished().first()) from None
    nudge()
    return backfill


@transaction.atomic
def pause(backfill: Backfill) -> None:
    """Take no further window; one under way is stored. Raises NotPossible unless it is running."""
    if not Backfill.objects.filter(pk=backfill.pk, state=Backfill.State.RUNNING).update(state=Backfill.State.PAUSED):
        raise NotPossible(as_it_is(backfill))
    audit.record("backfill.paused", backfill)


@transaction.atomic
def resume(backfill: Backfill) -> Backfill:
    """Go on where it stopped, with the window that failed if one did. Raises NotPossible unless it is paused."""
    found = locked(backfill.pk)
    if found.state != Backfill.State.PAUSED:
        raise NotPossible(as_it_is(found))
    found.state, found.error = Backfill.State.RUNNING, ""
    found.save(update_fields=["state", "error"])
    if not found.runs.unfinished().exists():
        queue_next(found)
    audit.record("backfill.resumed", found)
    nudge()
    return found


@transaction.atomic
def cancel(backfill: Backfill, *, by: str) -> None:
    """End it; a worker that waits for an answer notices within seconds. Raises NotPossible if it has ended."""
    ended = Backfill.objects.unfinished().filter(pk=backfill.pk)
    now, words = timezone.now(), f"cancelled by {by}"
    if not ended.update(state=Backfill.State.CANCELLED, finished_at=now, error=words):
        raise NotPossible(as_it_is(backfill))
    with suppress(OperationalError), transaction.atomic():  # what is being stored for longer ends by itself
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = %s", [f"{PATIENCE}ms"])
        close(backfill.runs.unfinished().values_list("pk", flat=True), Run.State.CANCELLED, CANCELLED)
    audit.record("backfill.cancelled", backfill)


def as_it_is(backfill: Backfill) -> str:
    state = Backfill.State(Backfill.objects.values_list("state", flat=True).get(pk=backfill.pk))
    return _("backfill %(backfill)s is %(state)s") % {"backfill": backfill, "state": state.label}


def nudge() -> None:
    from ingestion import tasks

    transaction.on_commit(lambda: tasks.nudge("bulk"))


# -- from window to window


def locked(backfill_id: int | None) -> Backfill:
    """The row, until the transaction ends."""
    rows = Backfill.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("feed__connection").get(pk=backfill_id)


def queue_next(backfill: Backfill) -> None:
    """Queue the window after what is reached; what the gateway gives no more by now is told as left out."""
    gateway = backfill.feed.connection
    leave_out(backfill, gateway.oldest(timezone.now()).replace(microsecond=0))
    if backfill.reached >= backfill.until:
        finish(backfill)
        return
    backfill.save(update_fields=["reached", "left_out"])
    since, until = pieces(gateway, backfill.reached, backfill.until)[0]
    Run.objects.create(
        feed=backfill.feed,
        dealership_id=backfill.dealership_id,
        connection=gateway,
        job_type=backfill.job_type,
        kind=Run.Kind.BACKFILL,
        backfill=backfill,
        since=since,
        until=until,
        started_by=backfill.started_by,
    )


def leave_out(backfill: Backfill, oldest: datetime) -> None:
    """Step over what lies before `oldest`, and tell; the caller saves."""
    begin = min(oldest, backfill.until)
    if words := too_old(backfill.feed.connection, backfill.reached, begin):
        backfill.left_out = "\n".join(filter(None, [backfill.left_out, words]))
        backfill.reached = begin


def go_on(run: Run) -> None:
    """After a window: the next one, or the end. A window that failed pauses the backfill, for a person to resume.

    The caller has locked the run and holds the transaction.
    """
    backfill = locked(run.backfill_id)
    unfinished = backfill.state in Backfill.UNFINISHED
    backfill.reached = max(run.reached or run.since, backfill.reached) if run.error else run.until
    if run.error and unfinished:
        backfill.state, backfill.error = Backfill.State.PAUSED, run.error
    if unfinished and not run.error and backfill.reached >= backfill.until:
        finish(backfill)
    elif backfill.state == Backfill.State.RUNNING:
        queue_next(backfill)
    else:
        backfill.save(update_fields=["reached", "state", "error"])


def finish(backfill: Backfill) -> None:
    partial = backfill.runs.filter(quarantined__gt=0).exists()
    backfill.state = Backfill.State.PARTIAL if partial else Backfill.State.SUCCEEDED
    backfill.finished_at, backfill.error = timezone.now(), ""
    backfill.save(update_fields=["state", "reached", "finished_at", "left_out", "error"])


# -- what no worker comes by


def look_after() -> None:
    """Every few seconds: what ended, what has become too old while it waited, and what lost its run."""
    close_runs_of_ended()
    for run in Run.objects.filter(state=Run.State.QUEUED, kind=Run.Kind.BACKFILL).select_related("connection"):
        if (run.reached or run.since) < run.connection.oldest(timezone.now()):
            move_up(run.pk)
    unfinished = Run.objects.unfinished().filter(backfill=OuterRef("pk"))
    stranded = Backfill.objects.filter(~Exists(unfinished), state=Backfill.State.RUNNING)
    for backfill_id in stranded.values_list("pk", flat=True):
        pick_up(backfill_id)


@transaction.atomic
def close_runs_of_ended() -> None:
    """End the runs of backfills that have ended; one whose answer is being stored ends by itself."""
    left = Run.objects.unfinished().exclude(backfill=None).exclude(backfill__state__in=Backfill.UNFINISHED)
    found = left.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True)
    close(found, Run.State.CANCELLED, CANCELLED)


@transaction.atomic
def move_up(run_id: int) -> None:
    """Let a window that waits begin where the gateway still gives it; one that it gives no more ends untried."""
    waiting = Run.objects.filter(pk=run_id, state=Run.State.QUEUED)
    run = waiting.select_for_update(skip_locked=True, of=("self",)).select_related("connection").first()
    if run is None:
        return
    backfill = locked(run.backfill_id)
    oldest = run.connection.oldest(timezone.now()).replace(microsecond=0)
    backfill.reached = max(run.reached or run.since, backfill.reached)
    leave_out(backfill, oldest)
    if oldest < run.until:
        backfill.save(update_fields=["reached", "left_out"])
        Run.objects.filter(pk=run.pk).update(**{"reached" if run.reached else "since": oldest})
        return
    close([run.pk], Run.State.CANCELLED, "the gateway gives this window no more")
    if backfill.state == Backfill.State.RUNNING:
        queue_next(backfill)
    else:
        backfill.save(update_fields=["reached", "left_out"])


@transaction.atomic
def pick_up(backfill_id: int) -> None:
    """Go on with a backfill whose run ended without it, as one does that too many workers died of."""
    backfill = locked(backfill_id)
    if backfill.state == Backfill.State.RUNNING and not backfill.runs.unfinished().exists():
        last = backfill.runs.order_by("-pk").first()
        go_on(last) if last else queue_next(backfill)
