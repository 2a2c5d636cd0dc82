"""Connections, feeds, runs, backfills, quarantine and the records of every job type in the admin."""

from ingestion.admin import backfills, connections, records, runs

__all__ = ["backfills", "connections", "records", "runs"]
