"""Connections, feeds, runs, quarantine and the records of every job type in the admin."""

from ingestion.admin import connections, quarantine, records, runs

__all__ = ["connections", "quarantine", "records", "runs"]
