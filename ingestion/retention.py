"""What is not kept for ever: runs that brought nothing new. At a thousand dealerships they are a million rows a day."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from ingestion.models import Run

AT_ONCE = 5_000


def forget_runs() -> int:
    """Delete the runs of more than RUNS_KEPT_DAYS ago that stored nothing and that nobody has to look at; how many.

    Runs that wrote a version, quarantined something, failed or were flagged stay: other rows name them.
    """
    uneventful = Run.objects.filter(
        kind=Run.Kind.LIVE,
        state=Run.State.SUCCEEDED,
        created=0,
        updated=0,
        quarantined=0,
        flag="",
        finished_at__lt=timezone.now() - timedelta(days=settings.RUNS_KEPT_DAYS),
    ).order_by("finished_at")
    forgotten = 0
    while batch := list(uneventful.values_list("pk", flat=True)[:AT_ONCE]):
        forgotten += Run.objects.filter(pk__in=batch).delete()[0]
    return forgotten
