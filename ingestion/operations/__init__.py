"""The pages below /ingestion/: how fresh the feeds are, their runs, quarantine, backfills, connections and schedules.

They ask and do nothing that the API and the commands do not: every verb is the one of services, backfills, quarantine
and replays.
"""
