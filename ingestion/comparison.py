"""Comparison (reconciliation): what a gateway gives for a window beside what is stored.

Nothing is stored but the differences.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from django.db.models.functions import Coalesce

from ingestion.documents import shape, sort_out
from ingestion.intake import known_dealerships, ours_and_strangers
from ingestion.models import Run
from ingestion.store import store_of

MOST = 1000
"""Natural keys listed of each kind of difference."""
KINDS = ("missing", "different", "surplus")


def compare(raws: list[msgspec.Raw], *, run: Run, window: tuple[datetime, datetime]) -> None:
    """Add to `run.differences` what of an answer is not stored, is stored otherwise, or is stored but was not sent.

    A record counts as sent in a window by the time of its last change.
    """
    feed = run.feed
    form, store = shape(feed.kind, run.connection.zone), store_of(feed.kind)
    dealerships = known_dealerships(feed)
    groups, _ = ours_and_strangers(sort_out(form, raws, feed.dealership.code).groups, dealerships)
    known = store.known((dealerships[identity[0]], identity, group) for identity, group in groups.items())
    found: dict[str, list[str]] = {name: [] for name in KINDS}
    for identity in groups:
        if identity not in known:
            found["missing"].append(identity[1])
        elif not known[identity].same:
            found["different"].append(identity[1])
    stored = feed.kind.record.objects.filter(dealership=run.dealership_id)
    stored = stored.annotate(changed_at=Coalesce("modified_time", "created_time"))
    within = stored.filter(changed_at__gte=window[0], changed_at__lt=window[1])
    sent = {key for _, key in groups}
    found["surplus"] = [key for key in within.values_list(feed.kind.key, flat=True) if key not in sent]
    run.differences = added(
        run.differences or {"compared": 0, **dict.fromkeys(KINDS, 0), "keys": {}}, found, len(groups)
    )


def added(so_far: dict[str, Any], found: dict[str, list[str]], compared: int) -> dict[str, Any]:
    so_far["compared"] += compared
    for name, keys in found.items():
        so_far[name] += len(keys)
        so_far["keys"][name] = [*so_far["keys"].get(name, []), *sorted(keys)][:MOST]
    return so_far
