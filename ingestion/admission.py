"""Who may call a gateway now: places in this process, the credential's quota, the pace, and the circuit breaker.

What all processes share stands in `Gate`, locked for the moment of a claim; places are each process's own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

import msgspec
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, F, Q
from django.utils import timezone

from ingestion.circuit import Circuit
from ingestion.client import TRIES, Gateway
from ingestion.models import Connection, Feed, Gate

AT_ONCE = 50
"""Calls under way in a process."""
PER_CONNECTION, PER_DEALERSHIP = 8, 3
"""Of these, so that nobody waits for a neighbour whose gateway stalls."""
PROBE_PAUSE = timedelta(minutes=1)


@cache
def circuit_of(connection_id: int) -> Circuit:
    """This process's memory of how calls through a connection ended."""
    alone = Feed.objects.filter(connection=connection_id).aggregate(count=Count("dealership", distinct=True))
    return Circuit(alone=alone["count"] <= 1)


def gateway_of(connection: Connection, *, probe: bool = False) -> Gateway:
    return Gateway(
        base_url=connection.base_url,
        api_key=connection.api_key,
        secret_key=connection.secret_key,
        joiner=connection.joiner,
        zone=connection.zone,
        deadline=settings.DGI_RUN_DEADLINE,
        clock_tolerance=connection.clock_tolerance,
        circuit=circuit_of(connection.pk),
        tries=1 if probe else TRIES,
    )


@dataclass
class Places:
    """The calls under way in this process, by connection and by dealership."""

    taken: int = 0
    by_connection: Counter[int] = field(default_factory=Counter)
    by_dealership: Counter[int] = field(default_factory=Counter)

    def has_room_for(self, connection_id: int, dealership_id: int) -> bool:
        return (
            self.taken < AT_ONCE
            and self.by_connection[connection_id] < PER_CONNECTION
            and self.by_dealership[dealership_id] < PER_DEALERSHIP
        )

    def take(self, connection_id: int, dealership_id: int, places: int = 1) -> None:
        self.taken += places
        self.by_connection[connection_id] += places
        self.by_dealership[dealership_id] += places

    def give_back(self, connection_id: int, dealership_id: int) -> None:
        self.take(connection_id, dealership_id, -1)

    def full_connections(self) -> list[int]:
        return [pk for pk, taken in self.by_connection.items() if taken >= PER_CONNECTION]

    def full_dealerships(self) -> list[int]:
        return [pk for pk, taken in self.by_dealership.items() if taken >= PER_DEALERSHIP]


def shut(now: datetime) -> list[int]:
    """Connections that nothing passes now: left alone until the next probe, or their quota is used up."""
    used_up = Q(connection__calls_per_day__isnull=False, calls__gte=F("connection__calls_per_day"))
    gates = Gate.objects.filter(Q(probe_at__gt=now) | used_up).select_related("connection")
    return [
        gate.pk
        for gate in gates
        if (gate.probe_at and gate.probe_at > now) or gate.day == now.astimezone(gate.connection.zone).date()
    ]


def gates_of(connection_ids: Iterable[int]) -> dict[int, Gate]:
    """The gates of connections, locked; one that another process is passing through is left out."""
    wanted = set(connection_ids)
    locked = Gate.objects.select_for_update(skip_locked=True, of=("self",)).select_related("connection")
    found = {gate.pk: gate for gate in locked.filter(pk__in=wanted)}
    missing = wanted - found.keys() - set(Gate.objects.filter(pk__in=wanted).values_list("pk", flat=True))
    if missing:
        now = timezone.now()
        fresh = [
            Gate(connection=each, day=now.astimezone(each.zone).date(), tokens=2.0 * each.calls_per_second)
            for each in Connection.objects.filter(pk__in=missing)
        ]
        Gate.objects.bulk_create(fresh, ignore_conflicts=True)
        found |= {gate.pk: gate for gate in locked.filter(pk__in=missing)}
    for gate in found.values():
        gate.refill(timezone.now())
    return found


@dataclass
class Pass:
    """A gate on the way of one claim: how many calls it lets through, and what they are charged to."""

    gate: Gate
    now: datetime
    bulk: bool = False
    taken: int = 0
    probe: bool = False

    def admits(self, share: int = 100) -> bool:
        """Whether one more call may pass; a backfill's leaves half of the pace and all but its share of the quota."""
        gate = self.gate
        if gate.probe_at is not None:
            return self.taken == 0 and gate.probe_at <= self.now
        left = gate.left_today()
        if left is not None and left <= 0:
            return False
        if not self.bulk:
            return gate.tokens >= 1
        quota = gate.connection.calls_per_day
        within = quota is None or gate.backfill_calls < quota * share / 100
        return within and gate.tokens >= max(gate.connection.calls_per_second, 1)

    def take(self) -> None:
        """Let one call through; the first through an open breaker is its probe."""
        gate = self.gate
        self.taken += 1
        if gate.probe_at is not None:
            self.probe = True
            gate.probe_at = self.now + PROBE_PAUSE
        charge(gate, 1, bulk=self.bulk)


def charge(gate: Gate, calls: int, *, bulk: bool) -> None:
    gate.calls += calls
    gate.tokens -= calls
    if bulk:
        gate.backfill_calls += calls


def keep(gates: Iterable[Gate]) -> None:
    """Write gates that the caller's transaction holds; in one short statement, for every claim does."""
    update = """
        UPDATE ingestion_gate AS gate
        SET day = kept.day, calls = kept.calls, backfill_calls = kept.backfill_calls, tokens = kept.tokens,
            refilled_at = kept.refilled_at, probe_at = kept.probe_at, opened_at = kept.opened_at, error = kept.error
        FROM json_populate_recordset(NULL::ingestion_gate, %s) AS kept WHERE gate.connection_id = kept.connection_id
    """
    rows = [{field.column: getattr(gate, field.attname) for field in Gate._meta.concrete_fields} for gate in gates]
    with connection.cursor() as cursor:
        cursor.execute(update, [msgspec.json.encode(rows).decode()])


def leave_alone(connection_id: int, why: str) -> None:
    """Open the breaker: for everybody, until a probe succeeds."""
    now = timezone.now()
    with transaction.atomic():
        for gate in Gate.objects.select_for_update().filter(pk=connection_id):
            gate.opened_at = gate.opened_at or now
            gate.probe_at = now + PROBE_PAUSE
            gate.error = why
            gate.save(update_fields=["opened_at", "probe_at", "error"])


def open_again(connection_id: int) -> None:
    """Close the breaker: a call went well."""
    Gate.objects.filter(pk=connection_id, opened_at__isnull=False).update(opened_at=None, probe_at=None, error="")
