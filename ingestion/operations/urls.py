"""The addresses below /ingestion/."""

from django.urls import path

from ingestion.operations import estimates, freshness, groups, starting
from ingestion.operations.adoptions import ADOPTIONS
from ingestion.operations.backfills import BACKFILLS
from ingestion.operations.connections import CONNECTIONS
from ingestion.operations.quarantine import QUARANTINE
from ingestion.operations.runs import RUNS
from ingestion.operations.schedules import SCHEDULES

urlpatterns = [
    path("ingestion/", freshness.matrix, name="freshness"),
    path("ingestion/runs/start/", starting.start, name="runs-start"),
    path("ingestion/backfills/start/", estimates.start, name="backfills-start"),
    path("ingestion/quarantine/", groups.groups, name="quarantine-causes"),
    *(each for found in (RUNS, QUARANTINE, BACKFILLS, CONNECTIONS, SCHEDULES, ADOPTIONS) for each in found.urls),
]
