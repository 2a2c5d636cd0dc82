"""Who holds a run: claims with a fencing number, leases that are renewed, and runs that were given up.

All in PostgreSQL and by its clock. A run is claimed by raising its fence; what its holder writes is taken only under
the fence it was given, so that a worker that was believed dead cannot write any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from ingestion.admission import (
    AT_ONCE,
    Pass,
    Places,
    charge,
    circuit_of,
    gates_of,
    gateway_of,
    keep,
    shares_used_up,
    shut,
)
from ingestion.client import Call, Gateway
from ingestion.models import Feed, Run

LEASE = timedelta(seconds=40)
"""How long a run is believed without a sign of life."""
SIGN_OF_LIFE = 8.0
"""Seconds between two."""
WORKERS_LOST = 3
"""A run that so many workers died of is not given to another."""
GIVEN_UP = "%d workers stopped in the middle of it"


@dataclass
class Work:
    """A claimed run and the windows still to fetch."""

    run: Run
    feed: Feed
    gateway: Gateway
    windows: list[tuple[datetime, datetime]]
    fence: int
    """The run's, as it was claimed."""
    probe: bool = False
    calls: int = 0
    """Requests made since."""

    def call(self) -> Call:
        since, until = self.windows[0]
        kind = self.feed.kind
        return Call(kind.module, self.feed.dealership.code, since, until, kind.filters, self.feed.dealership_id)

    def halve(self) -> None:
        """Ask for the window in two parts."""
        since, until = self.windows[0]
        middle = (since + (until - since) / 2).replace(microsecond=0)
        self.windows[0:1] = [(since, middle), (middle, until)]


@dataclass
class Claimer:
    """Claims what waits in a lane, as much as this process has places and the gates let through."""

    lane: str
    places: Places = field(default_factory=Places)
    owed: Counter[tuple[int, bool]] = field(default_factory=Counter)
    """Calls made beyond those that were let through, by connection and whether by backfills: charged with the next
    claim."""
    held_back: bool = False
    """Whether runs wait for the pace of their gateway, and so for less than a second."""
    backfills: Collection[int] | None = None
    """Only runs of these."""

    LOOK_AT = 4 * AT_ONCE

    def claim(self) -> list[Work]:
        """Take queued runs, the oldest first."""
        self.held_back = False
        with transaction.atomic():
            candidates = self.candidates()
            passes = self.passes({found[1] for found in candidates} | {pk for pk, _ in self.owed})
            chosen = [found[0] for found in candidates if self.lets_through(passes, *found[1:])]
            keep(each.gate for each in passes.values())
            taken = take(chosen)
        probes = {pk for pk, each in passes.items() if each.probe}
        for pk, each in passes.items():
            if not each.gate.is_open and circuit_of(pk).is_open:
                circuit_of(pk).succeeded()  # another process found the gateway well
        return [work_of(run, probe=run.connection_id in probes) for run in taken]

    def candidates(self) -> Sequence[tuple[int, int, int, int | None]]:
        """Queued runs that have a place here: run, connection, dealership, and the backfill's share of the quota."""
        now = timezone.now()
        runs = (
            Run.objects.waiting(self.lane)
            .filter(Q() if self.backfills is None else Q(backfill__in=self.backfills))
            .exclude(connection__in=[*self.places.full_connections(), *shut(now)])
            .exclude(shares_used_up(now) if self.lane == "bulk" else Q(pk__in=[]))
            .exclude(dealership__in=self.places.full_dealerships())
            .order_by("id")
            .select_for_update(skip_locked=True, of=("self",))
        )
        found = runs.values_list("pk", "connection_id", "dealership_id", "backfill__share")
        return list(found[: self.LOOK_AT])

    def passes(self, connection_ids: Iterable[int]) -> dict[int, Pass]:
        found = {}
        for pk, gate in gates_of(connection_ids).items():
            for backfill in (False, True):
                charge(gate, self.owed.pop((pk, backfill), 0), backfill=backfill)
            found[pk] = Pass(gate, timezone.now(), bulk=self.lane == "bulk")
        return found

    def lets_through(self, passes: dict[int, Pass], connection_id: int, dealership_id: int, share: int | None) -> bool:
        if not self.places.has_room_for(connection_id, dealership_id):
            return False
        if connection_id not in passes:  # another process is just passing through
            self.held_back = True
            return False
        if not passes[connection_id].admits(share or 100):
            self.held_back = self.held_back or passes[connection_id].grants(share or 100)
            return False
        passes[connection_id].take(backfill=share is not None)
        self.places.take(connection_id, dealership_id)
        return True

    def done(self, work: Work) -> None:
        """The work has ended: its place is free, and what it called beyond the first time is charged."""
        self.places.give_back(work.run.connection_id, work.run.dealership_id)
        self.owed[work.run.connection_id, work.run.backfill_id is not None] += max(work.calls - 1, 0)


def claim(run_id: int) -> Work | None:
    """Take a queued run for this process, whatever the gates say: a person asked for it."""
    with transaction.atomic():
        mine = Run.objects.select_for_update(skip_locked=True).filter(pk=run_id, state=Run.State.QUEUED)
        taken = take([run.pk for run in mine])
    return work_of(taken[0]) if taken else None


def take(run_ids: list[int]) -> list[Run]:
    """Claim runs that this transaction has locked."""
    if not run_ids:
        return []
    Run.objects.filter(pk__in=run_ids).update(
        state=Run.State.RUNNING,
        fence=F("fence") + 1,
        started_at=Coalesce("started_at", timezone.now()),
        leased_until=Now() + LEASE,
    )
    return list(
        Run.objects.filter(pk__in=run_ids).select_related("feed", "connection", "feed__dealership").order_by("id")
    )


def work_of(run: Run, *, probe: bool = False) -> Work:
    run.feed.connection = run.connection
    windows = run.connection.windows(run.reached or run.since, run.until)
    return Work(run, run.feed, gateway_of(run.connection, probe=probe), windows, run.fence, probe)


def renew(works: Iterable[Work]) -> set[int]:
    """Give a sign of life for runs; those that are no longer ours, because somebody cancelled or took them over."""
    held = {work.run.pk: work.fence for work in works}
    if not held:
        return set()
    renewal = """
        UPDATE ingestion_run AS run SET leased_until = clock_timestamp() + make_interval(secs => %s)
        FROM unnest(%s::bigint[], %s::int[]) AS held(id, fence)
        WHERE run.id = held.id AND run.fence = held.fence AND run.state = 'running'
        RETURNING run.id
    """
    with connection.cursor() as cursor:
        cursor.execute(renewal, [LEASE.total_seconds(), list(held), list(held.values())])
        return held.keys() - {pk for (pk,) in cursor.fetchall()}


def release(works: Iterable[Work]) -> None:
    """Put runs back into the queue, where another worker finds them at once."""
    for work in works:
        Run.objects.filter(pk=work.run.pk, fence=work.fence, state=Run.State.RUNNING).update(
            state=Run.State.QUEUED, leased_until=None
        )


def take_over() -> int:
    """Queue the runs whose worker gave no sign of life in time; fail those that workers die of. How many there were."""
    with transaction.atomic():
        lost = Run.objects.abandoned().select_for_update(skip_locked=True).values_list("pk", "takeovers")
        found = list(lost)
        again = [pk for pk, takeovers in found if takeovers + 1 < WORKERS_LOST]
        over = [pk for pk, takeovers in found if takeovers + 1 >= WORKERS_LOST]
        gone = Run.objects.filter(pk__in=again)
        gone.update(state=Run.State.QUEUED, leased_until=None, takeovers=F("takeovers") + 1)
        close(over, Run.State.FAILED, GIVEN_UP % WORKERS_LOST, takeovers=F("takeovers") + 1)
    return len(found)


def close(run_ids: Iterable[int], state: Run.State, words: str, **columns: object) -> None:
    """End unfinished runs that nobody will end otherwise."""
    Run.objects.unfinished().filter(pk__in=list(run_ids)).update(
        state=state, error=words, finished_at=timezone.now(), leased_until=None, **columns
    )
