"""The API of the feeds: job types, their records and histories, runs and quarantine, and how fresh all of it is."""

from django.urls import path
from rest_framework.routers import BaseRouter

from ingestion.api.freshness import FreshnessViewSet
from ingestion.api.imports import ImportView
from ingestion.api.job_types import JobTypeViewSet
from ingestion.api.quarantine import QuarantineViewSet
from ingestion.api.records import history_viewset, record_viewset
from ingestion.api.runs import RunViewSet
from ingestion.job_types import JOB_TYPES

urlpatterns = [path("dgi/imports/", ImportView.as_view(), name="import")]


def register(router: BaseRouter) -> None:
    """Put every endpoint of ours below `dgi/`."""
    router.register("dgi/freshness", FreshnessViewSet, "freshness")
    router.register("dgi/runs", RunViewSet, "run")
    router.register("dgi/quarantine", QuarantineViewSet, "quarantine")
    for job in JOB_TYPES.values():
        router.register(f"dgi/{job.code}", record_viewset(job), job.code)
        router.register(rf"dgi/{job.code}/(?P<record>\d+)/history", history_viewset(job), f"{job.code}-history")
    router.register("dgi", JobTypeViewSet, "job-type")
