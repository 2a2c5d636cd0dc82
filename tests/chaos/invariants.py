"""What must hold when everything has settled, whatever was killed and cut before; what does not is told in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max
from django.utils import timezone

from ingestion import intake
from ingestion.admission import gateway_of
from ingestion.client import Call, Fetcher
from ingestion.export import exported
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Backfill, Connection, Feed, Run
from ingestion.models.feed import OVERLAP

AS_GOOD_AS_LATER = timedelta(seconds=1)
"""What changed so shortly before a feed's cursor may have been asked for before."""

Identity = tuple[str, str]
"""A dealer code and a natural key."""
Records = dict[Identity, dict[str, Any]]


def all_of(direct_url: str, since: datetime, ended_at: datetime) -> list[str]:
    """Every breach; `since` is where the stored range begins, `ended_at` when the chaos ended."""
    checks: list[Iterable[str]] = [
        counts_add_up(),
        nothing_is_unfinished(),
        each_slot_has_one_run(),
        no_feed_stands_still(ended_at),
        no_window_leaves_a_gap(),
        history_is_complete(),
        what_is_stored_is_what_is_served(direct_url, since),
    ]
    return [breach for check in checks for breach in check]


def counts_add_up() -> Iterator[str]:
    total = F("created") + F("updated") + F("unchanged") + F("quarantined")
    for run in Run.objects.exclude(received=total):
        yield f"the counts of run {run} do not add up"


def nothing_is_unfinished() -> Iterator[str]:
    for run in Run.objects.unfinished():
        yield f"run {run} of {run.feed} is {run.state}"
    for backfill in Backfill.objects.exclude(state__in=["succeeded", "partial"]):
        yield f"backfill {backfill} of {backfill.feed} is {backfill.state}: {backfill.error}"


def each_slot_has_one_run() -> Iterator[str]:
    twice = Run.objects.exclude(slot=None).values("feed", "slot").annotate(runs=Count("pk")).filter(runs__gt=1)
    for found in twice:
        yield f"feed {found['feed']} has {found['runs']} runs in the slot of {found['slot']}"


def no_feed_stands_still(ended_at: datetime) -> Iterator[str]:
    """Slots that were missed are coalesced into a later one: each feed's last one lies behind the chaos."""
    for feed in Feed.objects.live().annotate(served=Max("runs__slot")):
        if feed.served is None or feed.served < ended_at or feed.slot != feed.served:
            yield f"the last slot of {feed} with a run is {feed.served}; the feed says {feed.slot}"


def no_window_leaves_a_gap() -> Iterator[str]:
    """A live run begins the overlap before the moment up to which those before it stored, or earlier."""
    for feed in Feed.objects.live():
        reached: datetime | None = None
        for run in feed.runs.filter(kind="live").order_by("pk"):
            if reached and run.since > reached - OVERLAP:
                yield f"{feed}: run {run} begins at {run.since}, but what is stored ends at {reached}"
            if run.reached:
                reached = max(reached or run.reached, run.reached)
        if feed.cursor != reached:
            yield f"{feed}: the cursor is at {feed.cursor}, but runs stored up to {reached}"


def history_is_complete() -> Iterator[str]:
    for kind in JOB_TYPES.values():
        versions: dict[int, list[tuple[str, Any]]] = {}
        by_run: dict[tuple[int, str], int] = {}
        rows = kind.record.history.order_by("id", "history_id")
        for pk, sort, content, run in rows.values_list("id", "history_type", "content_hash", "run"):
            versions.setdefault(pk, []).append((sort, content))
            by_run[run, sort] = by_run.get((run, sort), 0) + 1
        current = dict(kind.record.objects.values_list("pk", "content_hash"))
        if current.keys() != versions.keys():
            yield f"{kind}: records and histories differ: {list(current.keys() ^ versions.keys())[:5]}"
        for pk, history in versions.items():
            if current.get(pk) != history[-1][1]:
                yield f"{kind} {pk}: the record is not its newest version"
            if [sort for sort, _ in history] != ["+", *"~" * (len(history) - 1)]:
                yield f"{kind} {pk}: its history is {[sort for sort, _ in history]}"
            if any(older == newer for (_, older), (_, newer) in pairwise(history)):
                yield f"{kind} {pk}: two versions in a row say the same"
        for run in Run.objects.filter(job_type=kind.code):
            stored = by_run.get((run.pk, "+"), 0), by_run.get((run.pk, "~"), 0)
            if stored != (run.created, run.updated):
                yield f"{kind}: run {run} says {run.created} created, {run.updated} updated; history holds {stored}"


class Undone(Exception):
    """The end of a transaction that was for comparison only."""


def what_is_stored_is_what_is_served(direct_url: str, since: datetime) -> Iterator[str]:
    """Stores what the gateway serves now a second time, into emptied tables, and compares; then undoes it."""
    with Fetcher() as fetcher:
        for kind in JOB_TYPES.values():
            feeds = Feed.objects.live().filter(job_type=kind.code).select_related("connection", "dealership")
            cursors = {feed.dealership.code: feed.cursor for feed in feeds}
            stored = contents(kind)
            served: Records = {}
            try:
                with transaction.atomic():
                    kind.record.objects.all().delete()
                    for feed in feeds:
                        fetch(fetcher, feed, direct_url, since)
                    served = contents(kind)
                    raise Undone
            except Undone:
                yield from differences(kind, stored, served, cursors)


def differences(kind: JobType, stored: Records, served: Records, cursors: dict[str, Any]) -> Iterator[str]:
    for identity, record in served.items():
        changed = record["modified_time"] or record["created_time"]
        if changed and datetime.fromisoformat(changed) >= cursors[identity[0]] - AS_GOOD_AS_LATER:
            continue  # it changed after the last run
        if identity not in stored:
            yield f"{kind} {identity} is not stored"
        elif stored[identity] != record:
            names = [name for name in record if stored[identity].get(name) != record[name]]
            yield f"{kind} {identity} is stored otherwise: {names}"


def contents(kind: JobType) -> Records:
    return {(each["dealer"], each[kind.key]): each for each in exported(kind, kind.record.objects.all())}


def fetch(fetcher: Fetcher, feed: Feed, direct_url: str, since: datetime) -> None:
    """Store everything from `since` up to the feed's cursor, without proxy, schedule or worker."""
    run = Run.objects.create(
        feed=feed,
        dealership_id=feed.dealership_id,
        connection_id=feed.connection_id,
        job_type=feed.job_type,
        since=since,
        until=feed.cursor,
        started_by="drill",
        state=Run.State.CANCELLED,
        finished_at=timezone.now(),
    )
    gateway = replace(gateway_of(feed.connection), base_url=direct_url)
    for begin, end in Connection(window_days=7).windows(since, run.until):
        call = Call(feed.kind.module, feed.dealership.code, begin, end, feed.kind.filters, feed.dealership_id)
        with fetcher.submit(gateway, call).result() as answer:
            intake.take_sorted(intake.sort(answer.records, feed), run=run, feed=feed)
