"""Carries runs out: many calls under way at once, each answer stored with its cursor and counts in one transaction."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Future
from copy import copy
from dataclasses import dataclass, field
from datetime import timedelta
from queue import Empty, SimpleQueue

import msgspec
from billiard.exceptions import SoftTimeLimitExceeded
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils import timezone

from config.backoffice.trace import traced
from ingestion import backfills, comparison, habits, intake
from ingestion.admission import Owed, circuit_of, leave_alone, open_again, settle
from ingestion.answer import GatewayError, TooLarge
from ingestion.claims import SIGN_OF_LIFE, Claimer, Work, claim, close, hold, release, renew
from ingestion.client import Answer, Fetcher
from ingestion.documents import Sorted
from ingestion.models import Feed, Run
from ingestion.store import in_flight, put

log = logging.getLogger(__name__)

TICK = 0.2
"""Seconds between two looks at the queue."""
LONGEST_SHIFT = 240.0
"""Seconds after which a worker takes no more runs and asks for another to go on."""
SHORTEST_WINDOW = timedelta(minutes=1)
"""An answer that is too large even so is a failure."""
STOPPED = "stopped before its end"
PROGRESS = (*Run.COUNTS, "unknown_fields", "differences", "flag", "reached")
END = ("state", "calls", "finished_at", "leased_until")
"""What of a run its holder writes: after a window, and after the last one besides."""
AT_ONCE = 20
"""Runs that a command carries out side by side."""


@dataclass
class Desk:
    """The calls under way, each with its work."""

    fetcher: Fetcher
    under_way: dict[Future[Answer], Work] = field(default_factory=dict)
    arrived: SimpleQueue[Future[Answer]] = field(default_factory=SimpleQueue)
    renewed: float = field(default_factory=time.monotonic)

    def send(self, work: Work) -> None:
        with traced(work.run.request_id):
            future = self.fetcher.submit(work.gateway, work.call())
        self.under_way[future] = work
        future.add_done_callback(self.arrived.put)

    def next_arrival(self, patience: float) -> tuple[Work, Future[Answer]] | None:
        """What arrived first; None if nothing does within so many seconds.

        One at a time: between two, the caller looks whether to stop and gives signs of life.
        """
        try:
            future = self.arrived.get(timeout=patience)
        except Empty:
            return None
        work = self.under_way.pop(future, None)
        return (work, future) if work else None  # a call that was broken off arrives as well

    def works(self) -> list[Work]:
        return list(self.under_way.values())

    def give_signs_of_life(self) -> list[Work]:
        """Renew every lease when it is time; the works whose run is no longer ours, their calls broken off."""
        if time.monotonic() - self.renewed < SIGN_OF_LIFE:
            return []
        self.renewed = time.monotonic()
        gone = renew(self.works())
        lost = {future: work for future, work in self.under_way.items() if work.run.pk in gone}
        for future in lost:
            del self.under_way[future]
            future.cancel()
        return list(lost.values())


def never() -> bool:
    return False


def serve(lane: str, stop: Callable[[], bool] = never, backfills: Collection[int] | None = None) -> Iterator[Run]:
    """Carry out what waits in a lane, or of it these backfills, until nothing does, and yield each run as it ends.

    When `stop` says so, what is under way goes back into the queue.
    """
    claimer = Claimer(lane, backfills=backfills)
    end, look = time.monotonic() + LONGEST_SHIFT, 0.0
    with Fetcher() as fetcher:
        desk = Desk(fetcher)
        try:
            while not stop():
                now = time.monotonic()
                if (now >= look or not desk.under_way) and now < end:
                    look = now + TICK
                    for work in claimer.claim():
                        desk.send(work)
                if not desk.under_way and (not claimer.held_back or now >= end):
                    return
                if arrival := desk.next_arrival(TICK):
                    work, future = arrival
                    if take_in(work, future):
                        desk.send(work)
                    else:
                        claimer.done(work)
                        yield work.run
                for work in desk.give_signs_of_life():
                    claimer.done(work)
        finally:
            left = desk.works()
            release(left)
            for work in left:
                claimer.done(work)
            settle(claimer.owed)


def carry_out(run_ids: Iterable[int]) -> Iterator[Run]:
    """Carry out the queued runs among `run_ids` at once, whatever the gates say, and yield each as it ends.

    A run that another worker claimed is left to it; what is not ended when the caller stops is cancelled.
    """
    claimed = [work for run_id in run_ids if (work := claim(run_id))]
    try:
        with Fetcher() as fetcher:
            desk = Desk(fetcher)
            for work in claimed:
                desk.send(work)
            while desk.under_way:
                if arrival := desk.next_arrival(TICK):
                    work, future = arrival
                    if take_in(work, future):
                        desk.send(work)
                    else:
                        yield work.run
                desk.give_signs_of_life()
    finally:
        close([work.run.pk for work in claimed], Run.State.CANCELLED, STOPPED)
        settle(sum((Owed({(work.run.connection_id, False): work.calls}) for work in claimed), Owed()))


def carry_out_all(run_ids: list[int]) -> Iterator[Run]:
    """Any number of runs, so many side by side; those not reached are cancelled."""
    try:
        for start in range(0, len(run_ids), AT_ONCE):
            yield from carry_out(run_ids[start : start + AT_ONCE])
    finally:
        close(
            Run.objects.filter(pk__in=run_ids, state=Run.State.QUEUED).values_list("pk", flat=True),
            Run.State.CANCELLED,
            STOPPED,
        )


def take_in(work: Work, future: Future[Answer]) -> bool:
    """Store what arrived for the current window, under the id of who asked for the run; whether it goes on."""
    with traced(work.run.request_id):
        return stored(work, future)


def stored(work: Work, future: Future[Answer]) -> bool:
    """Whether the run goes on with another window."""
    try:
        with future.result() as answer:
            work.calls += answer.calls
            heard(work)
            return store_window(work, answer.records) and work.run.state == Run.State.RUNNING
    except TooLarge as error:
        work.calls += error.calls
        since, until = work.windows[0]
        if until - since < 2 * SHORTEST_WINDOW:
            return fail(work, str(error))
        work.halve()
        return True
    except GatewayError as error:
        work.calls += error.calls
        unheard(work, error)
        return fail(work, str(error))
    except DatabaseError as error:
        if not connection.is_usable():
            raise  # the database is away, and so is what we might write: the lease ends, and another takes over
        log.exception("run %s could not be stored", work.run.pk)
        return fail(work, f"the answer could not be stored: {type(error).__name__}")
    except SoftTimeLimitExceeded:
        raise  # the task must end; its runs go back on the way out
    except Exception as error:  # a defect of ours must end this run with words, not its neighbours without any
        log.exception("run %s met a defect", work.run.pk)
        return fail(work, f"a defect of Forecourt stopped the run ({type(error).__name__}); the log has the details")


def heard(work: Work) -> None:
    """The gateway answered: if it was left alone, it is no longer."""
    circuit = circuit_of(work.run.connection_id)
    if work.probe or circuit.is_open:
        open_again(work.run.connection_id)
    circuit.succeeded()


def unheard(work: Work, error: GatewayError) -> None:
    """A call brought nothing; when the gateway fails again and again, everybody leaves it alone for a while."""
    if error.counts is False:
        heard(work)
    elif error.counts and (work.probe or circuit_of(work.run.connection_id).is_open):
        leave_alone(work.run.connection_id, str(error))


def store_window(work: Work, raws: list[msgspec.Raw]) -> bool:
    """Records, history, cursor and counts of one window in one transaction; False if the run is no longer ours."""
    run = copy(work.run)
    compares = run.kind == Run.Kind.COMPARISON
    found = Sorted() if compares else intake.sort(raws, work.feed)
    with transaction.atomic():
        if not hold(work):
            work.run.refresh_from_db(fields=["state", "error", "finished_at"])
            return False
        if compares:
            comparison.compare(raws, run=run, window=work.windows[0])
            book(work, run)
        else:
            with intake.fenced(found, work.feed) as brought:
                counts = intake.take(brought, run=run)
                for name, count in counts.items():
                    setattr(run, name, getattr(run, name) + count)
                run.flag = run.flag or habits.suspicion(run, counts)
                book(work, run)
    work.run = run
    work.windows.pop(0)
    return True


def book(work: Work, run: Run) -> None:
    """Write what the run has come to with the current window."""
    since, until = work.windows[0]
    run.reached = until
    if len(work.windows) == 1:
        run.state = Run.State.PARTIAL if run.quarantined else Run.State.SUCCEEDED
        run.finished_at, run.leased_until = timezone.now(), None
        run.calls += work.calls
    with in_flight():
        put(run, PROGRESS + END if run.finished_at else PROGRESS)
        if run.kind == Run.Kind.LIVE:
            habits.note(run, since, until)
    if run.backfill_id and run.finished_at:
        backfills.go_on(run)


def fail(work: Work, words: str) -> bool:
    """End the run with its reason: partial if windows before this one are stored. It does not go on."""
    with transaction.atomic():
        run = Run.objects.select_for_update().get(pk=work.run.pk)
        if run.state == Run.State.RUNNING and run.fence == work.fence:
            run.state = Run.State.PARTIAL if run.reached else Run.State.FAILED
            run.error, run.calls = words, run.calls + work.calls
            run.finished_at, run.leased_until = timezone.now(), None
            run.save()
            if run.kind == Run.Kind.LIVE:
                Feed.objects.filter(pk=run.feed_id).update(failures=F("failures") + 1)
            elif run.backfill_id:
                backfills.go_on(run)
    run.feed, run.connection, work.run = work.feed, work.run.connection, run
    return False
