"""Who may call a gateway now: places in this process, the credential's quota, the pace, and the circuit breaker.

What all processes share stands in `Gate`, locked for the moment of a claim; places are each process's own.
"""

from __future__ import annotations

import math
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


def shares_used_up(now: datetime) -> Q:
    """The runs whose backfill has had its share of today's quota."""
    found = Q(pk__in=[])
    for gate in Gate.objects.filter(backfill_calls__gt=0).select_related("connection"):
        quota = gate.connection.calls_per_day
        if quota and gate.day == now.astimezone(gate.connection.zone).date():
            for_one_more = math.ceil(100 * (gate.backfill_calls + 1) / quota)
            found |= Q(connection=gate.pk, backfill__share__lt=for_one_more)
    return found


def gates_of(connection_ids: Iterable[int], *, wait: bool = False) -> dict[int, Gate]:
    """The gates of connections, locked; one that another process is passing through is waited for or left out."""
    wanted = set(connection_ids)
    locked = Gate.objects.select_for_update(skip_locked=not wait, of=("self",)).select_related("connection")
    locked = locked.order_by("pk")
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
    """A gate on the way of one claim: which runs it lets through, and what their calls are charged to."""

    gate: Gate
    now: datetime
    bulk: bool = False
    taken: int = 0
    probe: bool = False

    def admits(self, share: int = 100, calls: int = 1) -> bool:
        """Whether one more run may pass; the bulk lane's leaves half of the pace."""
        gate = self.gate
        if gate.probe_at is not None:
            return self.taken == 0 and gate.probe_at <= self.now
        return self.grants(share, calls) and gate.tokens >= (gate.connection.calls_per_second if self.bulk else 1)

    def grants(self, share: int = 100, calls: int = 1) -> bool:
        """Whether today's quota holds so many calls more; for a backfill, whether its share of the quota holds one."""
        quota, left = self.gate.connection.calls_per_day, self.gate.left_today()
        if quota is None or left is None:
            return True
        return left >= min(calls, quota) and (not self.bulk or self.gate.backfill_calls < quota * share // 100)

    def take(self, calls: int = 1, *, backfill: bool) -> None:
        """Let one run through; the first through an open breaker is its probe."""
        gate = self.gate
        self.taken += 1
        if gate.probe_at is not None:
            self.probe = True
            gate.probe_at = self.now + PROBE_PAUSE
        charge(gate, calls, backfill=backfill)


Owed = Counter[tuple[int, bool]]
"""Calls by connection and whether backfills made them; fewer than none where less was called than was paid for."""


def charge(gate: Gate, calls: int, *, backfill: bool) -> None:
    gate.calls = max(gate.calls + calls, 0)
    gate.tokens -= calls
    if backfill:
        gate.backfill_calls = max(gate.backfill_calls + calls, 0)


def settle(owed: Owed) -> None:
    """Charge what was called and not paid for."""
    if any(owed.values()):
        with transaction.atomic():
            gates = gates_of({pk for pk, _ in owed}, wait=True)
            for (pk, backfill), calls in owed.items():
                if pk in gates:
                    charge(gates[pk], calls, backfill=backfill)
            keep(gates.values())


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
