"""Tasks carry ids; the rows they name are the work (docs/architecture.md, Tasks)."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from celery import shared_task
from kombu.exceptions import OperationalError

from ingestion import services

log = logging.getLogger(__name__)


@shared_task(name="ingestion.fan_out")
def fan_out(job_type: str) -> None:
    """A schedule's slot: a run for every live feed of the job type."""
    nudge(services.fan_out(job_type))


@shared_task(name="ingestion.carry_out")
def carry_out(run_ids: list[int]) -> None:
    for run in services.carry_out(run_ids):
        log.info("%s %s", run.feed, run.outcome)


def nudge(run_ids: Sequence[int]) -> None:
    """Tell workers of queued runs, a message for a group; what a lost message named is named again by the next slot."""
    try:
        for start in range(0, len(run_ids), services.AT_ONCE):
            carry_out.delay(list(run_ids[start : start + services.AT_ONCE]))
    except OperationalError as error:
        log.warning("the broker took no message (%s): the runs wait for the next slot", error)
