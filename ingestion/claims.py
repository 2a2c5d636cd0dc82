"""Who holds a run: claims with a fencing number, leases that are renewed, and runs that were given up.

All in PostgreSQL and by its clock. A run is claimed by raising its fence; what its holder writes is taken only under
the fence it was given, so that a worker that was believed dead cannot write any more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, transaction
from django.db.models import F, OuterRef, Q
from django.utils import timezone

from ingestion.admission import (
    PER_CONNECTION,
    Owed,
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
from ingestion.models import Connection, Feed, Run
from ingestion.store import fetch

LEASE = timedelta(seconds=30)
"""How long a run is believed without a sign of life."""
SIGN_OF_LIFE = 5.0
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
    paid: int = 0
    """Requests that its gate let through with the claim."""
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


class Candidate(NamedTuple):
    """A queued run, whose it is, and what it needs of its gate."""

    run_id: int
    connection_id: int
    dealership_id: int
    share: int | None
    """Of the quota, that its backfill may use."""
    calls: int


@dataclass
class Claimer:
    """Claims what waits in a lane, as much as this process has places and the gates let through."""

    lane: str
    places: Places = field(default_factory=Places)
    owed: Owed = field(default_factory=Owed)
    """What is charged with the next claim."""
    held_back: bool = False
    """Whether runs wait for the pace of their gateway or for another process at its gate, and so not for long."""
    backfills: Collection[int] | None = None
    """Only runs of these."""

    def claim(self) -> list[Work]:
        """Take queued runs, the oldest of each connection first."""
        self.held_back = False
        with transaction.atomic():
            candidates = self.candidates()
            passes = self.passes({each.connection_id for each in candidates} | {pk for pk, _ in self.owed})
            idle = [pk for pk in passes if not self.places.by_connection[pk]]
            chosen = [each.run_id for each in candidates if self.lets_through(passes, each)]
            keep(each.gate for each in passes.values())
            taken = take(chosen)
        for pk in idle:
            if not passes[pk].gate.is_open and circuit_of(pk).is_open:
                circuit_of(pk).succeeded()  # another process found the gateway well
        return [work_of(run, probe=passes[run.connection_id].probe) for run in taken]

    def candidates(self) -> list[Candidate]:
        """The first queued runs of every connection that has a place here, in turns: none stands behind another's."""
        now = timezone.now()
        queue = (
            Run.objects.waiting(self.lane)
            .filter(Q() if self.backfills is None else Q(backfill__in=self.backfills))
            .exclude(shares_used_up(now) if self.lane == "bulk" else Q(pk__in=[]))
            .exclude(dealership__in=self.places.full_dealerships())
        )
        front = queue.filter(connection=OuterRef("pk")).order_by("id").values("pk")[:PER_CONNECTION]
        passable = Connection.objects.exclude(pk__in=[*self.places.full_connections(), *shut(now)]).order_by("pk")
        wanted = [pk for first in passable.values_list(ArraySubquery(front), flat=True) for pk in first]
        if not wanted:
            return []
        free = queue.filter(pk__in=wanted).order_by("id").select_for_update(skip_locked=True, of=("self",))
        found = list(free.select_related("connection", "backfill"))
        self.held_back = len(found) < len(wanted)
        turns = Places(by_connection=self.places.by_connection.copy())
        in_turns: list[tuple[int, Candidate]] = []
        for run in found:
            turns.take(run.connection_id, run.dealership_id)
            in_turns.append((turns.by_connection[run.connection_id], candidate(run)))
        return [each for _, each in sorted(in_turns)]

    def passes(self, connection_ids: Iterable[int]) -> dict[int, Pass]:
        found = {}
        for pk, gate in gates_of(connection_ids).items():
            for backfill in (False, True):
                charge(gate, self.owed.pop((pk, backfill), 0), backfill=backfill)
            found[pk] = Pass(gate, timezone.now(), bulk=self.lane == "bulk")
        return found

    def lets_through(self, passes: dict[int, Pass], each: Candidate) -> bool:
        if not self.places.has_room_for(each.connection_id, each.dealership_id):
            return False
        if each.connection_id not in passes:  # another process is just passing through
            self.held_back = True
            return False
        gate, share = passes[each.connection_id], each.share or 100
        if not gate.admits(share, each.calls):
            self.held_back = self.held_back or gate.grants(share, each.calls)
            return False
        gate.take(each.calls, backfill=each.share is not None)
        self.places.take(each.connection_id, each.dealership_id)
        return True

    def done(self, work: Work) -> None:
        """The work has ended: its place is free, and what it called beyond or below what it paid for is charged."""
        self.places.give_back(work.run.connection_id, work.run.dealership_id)
        self.owed[work.run.connection_id, work.run.backfill_id is not None] += work.calls - work.paid


def candidate(run: Run) -> Candidate:
    windows = len(windows_of(run))
    return Candidate(
        run.pk, run.connection_id, run.dealership_id, run.backfill.share if run.backfill else None, windows
    )


def claim(run_id: int) -> Work | None:
    """Take a queued run for this process, whatever the gates say: a person asked for it. Nothing is paid for yet."""
    taken = take([run_id])
    return replace(work_of(taken[0]), paid=0) if taken else None


def take(run_ids: list[int]) -> list[Run]:
    """Claim those of the runs that are queued."""
    if not run_ids:
        return []
    claimed = """
        UPDATE ingestion_run SET state = 'running', fence = fence + 1, started_at = COALESCE(started_at, %s),
               leased_until = clock_timestamp() + make_interval(secs => %s)
        WHERE id = ANY(%s) AND state = 'queued' RETURNING *
    """
    runs = sorted(Run.objects.raw(claimed, [timezone.now(), LEASE.total_seconds(), run_ids]), key=attrgetter("pk"))
    feeds = Feed.objects.select_related("connection", "dealership").in_bulk([run.feed_id for run in runs])
    for run in runs:
        run.feed = feeds[run.feed_id]
        if run.connection_id == run.feed.connection_id:
            run.connection = run.feed.connection
    return runs


def work_of(run: Run, *, probe: bool = False) -> Work:
    run.feed.connection = run.connection
    windows = windows_of(run)
    return Work(run, run.feed, gateway_of(run.connection, probe=probe), windows, run.fence, probe, paid=len(windows))


def windows_of(run: Run) -> list[tuple[datetime, datetime]]:
    """What is still to be fetched: at least one window, be it empty because the clock went back behind the cursor."""
    since = run.reached or run.since
    return run.connection.windows(since, run.until) or [(since, run.until)]


def hold(work: Work) -> bool:
    """Keep everybody else off the run until this transaction ends; False if it is no longer ours."""
    ours = "SELECT id FROM ingestion_run WHERE id = %s AND fence = %s AND state = 'running' FOR NO KEY UPDATE"
    return bool(fetch(ours, [work.run.pk, work.fence]))


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
        failing = Run.objects.filter(pk__in=over, kind=Run.Kind.LIVE).values("feed")
        Feed.objects.filter(pk__in=failing).update(failures=F("failures") + 1)
    return len(found)


def close(run_ids: Iterable[int], state: Run.State, words: str, **columns: object) -> None:
    """End unfinished runs that nobody will end otherwise."""
    Run.objects.unfinished().filter(pk__in=list(run_ids)).update(
        state=state, error=words, finished_at=timezone.now(), leased_until=None, **columns
    )
