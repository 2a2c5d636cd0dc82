"""Connections, feeds, runs, quarantine and the records of every job type in the admin."""

from ingestion.admin import connections, records, runs

__all__ = ["connections", "records", "runs"]
