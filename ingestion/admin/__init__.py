"""Connections, feeds and their freshness, runs, quarantine and the records of every job type in the admin."""

from ingestion.admin import connections, freshness, quarantine, records, runs

__all__ = ["connections", "freshness", "quarantine", "records", "runs"]
