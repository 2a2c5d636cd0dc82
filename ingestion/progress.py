"""How far backfills have come: what their runs brought, what is left, how long that takes, what they wait for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from ingestion.models import Backfill, Gate, Run
from ingestion.plans import USUAL_SECONDS, allowance, expected_minutes, pieces, windows_waiting

ENDED_WELL = Q(state__in=[Run.State.SUCCEEDED, Run.State.PARTIAL], error="")


@dataclass(frozen=True)
class Figures:
    """A backfill in numbers."""

    received: int
    created: int
    updated: int
    unchanged: int
    quarantined: int
    calls: int
    windows_done: int
    windows_left: int
    minutes_left: float | None
    """Expected, if it is not held up; None once it has ended."""
    waits_for: str
    """What holds it up, in words; blank if nothing does."""


def figures(backfills: Iterable[Backfill]) -> dict[int, Figures]:
    """The figures of each, by its id, in a few queries however many there are."""
    asked = list(backfills)
    brought = runs_of(asked)
    connections = {backfill.feed.connection_id for backfill in asked}
    waiting, gates, now = windows_waiting(connections), Gate.objects.in_bulk(connections), timezone.now()
    return {each.pk: of(each, brought.get(each.pk, {}), waiting, gates, now) for each in asked}


def tell(backfills: Iterable[Backfill]) -> None:
    """Put its figures on each."""
    asked = list(backfills)
    told = figures(asked)
    for each in asked:
        each.figures = told[each.pk]


def runs_of(backfills: Sequence[Backfill]) -> dict[int, dict[str, Any]]:
    """Sums over the runs of each backfill: counts, requests, windows that ended well and the time they took."""
    sums = {name: Sum(name) for name in (*Run.COUNTS, "calls")}
    spent = Sum(F("finished_at") - F("started_at"), filter=ENDED_WELL)
    of_backfill = Run.objects.filter(backfill__in=backfills).order_by().values("backfill_id")
    summed = of_backfill.annotate(**sums, windows=Count("pk", filter=ENDED_WELL), spent=spent)
    return {row.pop("backfill_id"): row for row in summed}


def of(backfill: Backfill, brought: dict[str, Any], waiting: Any, gates: dict[int, Gate], now: datetime) -> Figures:
    connection, windows = backfill.feed.connection, brought.get("windows", 0)
    unfinished, running = backfill.state in Backfill.UNFINISHED, backfill.state == Backfill.State.RUNNING
    left = len(pieces(connection, backfill.reached, backfill.until)) if unfinished else 0
    ahead = waiting[connection.pk] - left if running else waiting[connection.pk]
    gate = gates.get(connection.pk)
    allowed = allowance(connection, gate, backfill.share, now)
    usual = (brought.get("spent") or timedelta()).total_seconds() / windows if windows else USUAL_SECONDS
    return Figures(
        **{name: brought.get(name, 0) for name in (*Run.COUNTS, "calls")},
        windows_done=windows,
        windows_left=left,
        minutes_left=expected_minutes(connection, left * usual, left + ahead, allowed, now) if unfinished else None,
        waits_for=held_up(gate, allowed.left_today) if running else "",
    )


def held_up(gate: Gate | None, left_today: int | None) -> str:
    if gate and gate.is_open:
        return _("The gateway is left alone since it failed; it is tried again every minute.")
    if left_today == 0:
        return _("Today's share of requests is used up; it goes on after midnight of the main dealer.")
    return ""
