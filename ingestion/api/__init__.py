"""The API of the feeds: job types, their records and histories, runs, backfills and quarantine."""

from rest_framework.routers import BaseRouter

from ingestion.api.backfills import BackfillViewSet
from ingestion.api.job_types import JobTypeViewSet
from ingestion.api.records import history_viewset, record_viewset
from ingestion.api.runs import QuarantineViewSet, RunViewSet
from ingestion.job_types import JOB_TYPES


def register(router: BaseRouter) -> None:
    """Put every endpoint of ours below `dgi/`."""
    router.register("dgi/runs", RunViewSet, "run")
    router.register("dgi/backfills", BackfillViewSet, "backfill")
    router.register("dgi/quarantine", QuarantineViewSet, "quarantine")
    for job in JOB_TYPES.values():
        router.register(f"dgi/{job.code}", record_viewset(job), job.code)
        router.register(rf"dgi/{job.code}/(?P<record>\d+)/history", history_viewset(job), f"{job.code}-history")
    router.register("dgi", JobTypeViewSet, "job-type")
