"""Tasks carry no work, only word that there is some: the rows are the work (docs/architecture.md, Tasks)."""

from __future__ import annotations

import logging
import math
import time

from celery import shared_task
from kombu.exceptions import OperationalError

from config.backoffice.trace import traced
from config.celery import stopping
from dealers import sessions, tokens
from dealers.tasks import PlatformTask
from ingestion import adoption, backfills, claims, desk, reconciliation, retention, search, slots
from ingestion.models import Run

log = logging.getLogger(__name__)

RUNS_PER_MESSAGE, MOST_MESSAGES = 25, 16
INDEX_SECONDS = 2.0
"""What waits in the same queue, such as the dispatch of live runs, waits no longer than that and one transaction."""
ADOPTION_SECONDS = 4.0
"""Likewise."""


@shared_task(base=PlatformTask, name="ingestion.dispatch")
def dispatch() -> None:
    """Every few seconds: what is due is queued, what lost its worker is queued again, and workers hear of both."""
    claims.take_over()
    backfills.look_after()
    slots.fill()
    for lane in Run.LANES:
        nudge(lane)


@shared_task(base=PlatformTask, name=slots.FAN_OUT)
def fan_out(job_type: str) -> None:
    """A job type's schedule says that it is time."""
    slots.fill([job_type])
    nudge("live")


@shared_task(base=PlatformTask, name="ingestion.compare")
def compare() -> None:
    """Every night: the last full day of every feed that is live."""
    reconciliation.queue_last_day()
    nudge("bulk")


@shared_task(base=PlatformTask, name="ingestion.live")
def live() -> None:
    serve("live")


@shared_task(base=PlatformTask, name="ingestion.bulk")
def bulk() -> None:
    serve("bulk")


@shared_task(base=PlatformTask, name="ingestion.index")
def index() -> None:
    """Every few seconds: the index of words takes up what was stored meanwhile."""
    end = time.monotonic() + INDEX_SECONDS
    while search.index_some() == search.AT_ONCE and time.monotonic() < end and not stopping.is_set():
        pass


@shared_task(base=PlatformTask, name="ingestion.adopt")
def adopt() -> None:
    """Every few seconds: records that were stored meanwhile become what the dealership works with."""
    end = time.monotonic() + ADOPTION_SECONDS
    adoption.work(lambda: stopping.is_set() or time.monotonic() > end)


@shared_task(base=PlatformTask, name="ingestion.adopt_again")
def adopt_again() -> None:
    """Every night: what could not be adopted is tried once more."""
    log.info("%d records that could not be adopted wait again", adoption.try_refused())


@shared_task(base=PlatformTask, name="ingestion.sweep")
def sweep() -> None:
    """Once a day: what is not kept for ever goes."""
    log.info("%d runs without news forgotten", retention.forget_runs())
    log.info("%d sessions and %d tokens that are over forgotten", sessions.forget_expired(), tokens.forget_expired())


def serve(lane: str) -> None:
    for run in desk.serve(lane, stop=stopping.is_set):
        with traced(run.request_id):
            log.info("%s %s", run.feed, run.outcome)


def nudge(lane: str) -> None:
    """Tell workers that runs wait in a lane; `dispatch` makes good what is lost on the way."""
    waiting = Run.objects.waiting(lane).order_by()[: RUNS_PER_MESSAGE * MOST_MESSAGES].count()
    task = {"live": live, "bulk": bulk}[lane]
    try:
        for _ in range(math.ceil(waiting / RUNS_PER_MESSAGE)):
            task.apply_async(expires=60)
    except OperationalError as error:
        log.warning("the broker took no message (%s): the runs wait", error)
