"""Connections, feeds, their freshness, runs, backfills, quarantine and the records of every job type in the admin."""

from ingestion.admin import backfills, connections, freshness, quarantine, records, runs

__all__ = ["backfills", "connections", "freshness", "quarantine", "records", "runs"]
