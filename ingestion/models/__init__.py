"""Connections and feeds, runs and backfills, quarantine, alerts, and the records of every job type."""

from ingestion.models.adoption import Adoption
from ingestion.models.alert import Alert
from ingestion.models.backfill import Backfill
from ingestion.models.connection import Connection
from ingestion.models.feed import Feed
from ingestion.models.gate import Gate
from ingestion.models.quarantine import QuarantinedRecord
from ingestion.models.record import Line, Record, Version
from ingestion.models.run import Run
from ingestion.models.search import SearchText
from ingestion.models.tally import Holding, Tally

from ingestion import job_types  # isort: skip  the records of the job types stand on the models above

__all__ = [
    "Adoption",
    "Alert",
    "Backfill",
    "Connection",
    "Feed",
    "Gate",
    "Holding",
    "Line",
    "QuarantinedRecord",
    "Record",
    "Run",
    "SearchText",
    "Tally",
    "Version",
    "job_types",
]

job_types.load()
