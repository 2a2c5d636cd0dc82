"""Errands: runs that whoever asks for them carries out, batch by batch, each batch in a transaction of its own.

Such a run is never unfinished, and so never in anybody's way: until its last batch is stored, its row says that it was
stopped before its end.
"""

from __future__ import annotations

from django.utils import timezone

from ingestion import habits
from ingestion.desk import STOPPED
from ingestion.models import Feed, Run


def begin(feed: Feed, kind: Run.Kind, *, by: str) -> Run:
    """A run that the first batch's transaction is to save."""
    now = timezone.now()
    return Run(
        feed=feed,
        dealership=feed.dealership,
        connection=feed.connection,
        job_type=feed.job_type,
        kind=kind,
        since=now,
        until=now,
        state=Run.State.PARTIAL,
        error=STOPPED,
        started_by=by,
        started_at=now,
        finished_at=now,
    )


def book(run: Run, counts: dict[str, int], *, ends: bool) -> None:
    """Add the counts of a batch to the run; the last batch ends it."""
    for name, count in counts.items():
        setattr(run, name, getattr(run, name) + count)
    run.flag = run.flag or habits.suspicion(run, counts)
    run.finished_at = timezone.now()
    if ends:
        run.error = ""
        run.state = Run.State.PARTIAL if run.quarantined else Run.State.SUCCEEDED
    run.save()
