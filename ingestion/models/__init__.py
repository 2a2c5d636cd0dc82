"""Connections and feeds, runs, quarantine, and the records of every job type."""

from ingestion.models.connection import Connection, Feed
from ingestion.models.quarantine import QuarantinedRecord
from ingestion.models.record import Line, Record, Version
from ingestion.models.run import Run

from ingestion import job_types  # isort: skip  the records of the job types stand on the models above

__all__ = ["Connection", "Feed", "Line", "QuarantinedRecord", "Record", "Run", "Version", "job_types"]

job_types.load()
