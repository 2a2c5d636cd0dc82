"""Who may call a gateway now: quota, pace, breaker and places, for every process alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from threading import Event, Thread
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from ingestion import admission, claims, desk, services
from ingestion.admission import PER_CONNECTION, PER_DEALERSHIP, Places, circuit_of, gates_of, keep
from ingestion.claims import Claimer
from ingestion.job_types import JOB_TYPES
from ingestion.models import Connection, Feed, Gate, Run
from ingestion.sandbox.config import DEMO_API_KEY, DEMO_SECRET_KEY, SandboxConfig
from ingestion.sandbox.gateway import Gateway
from ingestion.sandbox.server import running
from tests.factories import ConnectionFactory, DealershipFactory, FeedFactory, RunFactory
from tests.ingestion.scripted import Reply, Script, http, scripted

pytestmark = pytest.mark.django_db

NOTHING = http(200, {"status": 1, "data": []})
PAGE = http(200, b"<html><title>Maintenance</title></html>")
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def script() -> Iterator[Script]:
    with scripted(NOTHING) as found:
        yield found


def queued(number: int, *, windows: int = 1, dealerships: int = 1, **columns: Any) -> list[Run]:
    """Runs that wait, each of so many windows, spread over so many dealerships of a connection."""
    gateway = columns.pop("connection", None) or ConnectionFactory(**columns)
    until = timezone.now().replace(microsecond=0)
    since = until - timedelta(days=gateway.window_days) * windows + timedelta(hours=1)
    owners, kinds = [DealershipFactory() for _ in range(dealerships)], list(JOB_TYPES)
    feeds = [
        FeedFactory(connection=gateway, dealership=owners[count % dealerships], job_type=kinds[count // dealerships])
        for count in range(number)
    ]
    return [RunFactory(feed=feed, state="queued", started_at=None, since=since, until=until) for feed in feeds]


def claimed(claimer: Claimer | None = None) -> list[int]:
    return [work.run.pk for work in (claimer or Claimer("live")).claim()]


def pks(runs: list[Run]) -> list[int]:
    return [run.pk for run in runs]


def states(runs: list[Run]) -> list[str]:
    found = dict(Run.objects.filter(pk__in=pks(runs)).values_list("pk", "state"))
    return [found[run.pk] for run in runs]


# -- the quota of a day


def test_no_more_runs_are_let_through_than_the_day_has_calls(clock: time_machine.Traveller) -> None:
    runs = queued(5, calls_per_day=3, dealerships=5)
    assert claimed() == pks(runs[:3])
    assert claimed() == []
    assert Gate.objects.get().calls == 3


def test_a_run_of_several_windows_is_let_through_only_if_all_its_calls_are(clock: time_machine.Traveller) -> None:
    runs = queued(3, calls_per_day=7, windows=3, dealerships=3)
    assert claimed() == pks(runs[:2])
    assert Gate.objects.get().calls == 6


def test_a_run_that_needs_more_than_a_whole_day_grants_begins_on_a_day_of_its_own(
    clock: time_machine.Traveller,
) -> None:
    runs = queued(1, calls_per_day=2, windows=5)
    assert claimed() == pks(runs)


def test_a_run_that_is_taken_over_pays_for_what_it_has_not_stored(clock: time_machine.Traveller) -> None:
    (run,) = queued(1, calls_per_day=10, windows=4)
    Run.objects.filter(pk=run.pk).update(reached=run.since + timedelta(days=14))
    assert claimed() == [run.pk]
    assert Gate.objects.get().calls == 2


@pytest.mark.parametrize("zone", ["Asia/Jakarta", "America/New_York", "Australia/Lord_Howe"])
def test_the_quota_begins_anew_at_the_main_dealers_midnight(zone: str, clock: time_machine.Traveller) -> None:
    first, second = queued(2, calls_per_day=1, time_zone=zone)
    assert claimed() == [first.pk]
    midnight = (NOON.astimezone(first.connection.zone) + timedelta(days=1)).replace(hour=0, minute=0)
    clock.move_to(midnight - timedelta(seconds=1))
    assert claimed() == []
    clock.move_to(midnight)
    assert claimed() == [second.pk]
    assert Gate.objects.get().calls == 1


def test_each_credential_has_a_quota_of_its_own(clock: time_machine.Traveller) -> None:
    poor, rich = queued(2, calls_per_day=1), queued(2)
    assert set(claimed()) == {poor[0].pk, *pks(rich)}


def test_what_was_called_beyond_is_charged_when_the_shift_ends(script: Script) -> None:
    script.replies = [Reply(http(503, {"message": "busy"}, Retry_After="0")), Reply(NOTHING)]
    queued(1, base_url=script.base_url, calls_per_day=100)
    assert [run.state for run in desk.serve("live")] == ["succeeded"]
    assert len(script.requests) == 2
    assert Gate.objects.get().calls == 2


def test_calls_that_a_command_makes_count_as_well(script: Script) -> None:
    (run,) = queued(1, base_url=script.base_url, windows=3, calls_per_day=100)
    claimed_before = Gate.objects.count()
    assert [run.state for run in desk.carry_out([run.pk])] == ["succeeded"]
    assert (claimed_before, Gate.objects.get().calls) == (0, 3)


def test_a_gateway_gets_no_more_requests_a_day_than_were_agreed(script: Script) -> None:
    queued(12, base_url=script.base_url, windows=2, calls_per_day=10, dealerships=4)
    ended = list(desk.serve("live"))
    assert (len(ended), len(script.requests)) == (5, 10)
    assert Run.objects.filter(state="queued").count() == 7


def test_a_window_that_is_empty_because_the_clock_went_back_is_one_call(script: Script) -> None:
    (run,) = queued(1, base_url=script.base_url)
    Run.objects.filter(pk=run.pk).update(since=run.until)
    assert [run.state for run in desk.serve("live")] == ["succeeded"]
    assert Gate.objects.get().calls == 1


# -- the pace


def test_two_seconds_worth_of_calls_may_come_at_once_and_then_as_time_passes(clock: time_machine.Traveller) -> None:
    runs = queued(8, calls_per_second=2, dealerships=8)
    claimer = Claimer("live")
    assert claimed(claimer) == pks(runs[:4])
    assert claimer.held_back, "the others wait for less than a second"
    assert claimed() == []
    clock.shift(timedelta(milliseconds=500))
    assert claimed() == pks(runs[4:5])
    clock.shift(timedelta(hours=1))
    assert claimed() == pks(runs[5:])


def test_all_processes_share_one_pace(clock: time_machine.Traveller) -> None:
    runs = queued(6, calls_per_second=1, dealerships=6)
    assert [claimed(Claimer("live")) for _ in range(3)] == [pks(runs[:2]), [], []]


def test_a_main_dealer_with_many_runs_ahead_does_not_keep_another_waiting(clock: time_machine.Traveller) -> None:
    queued(300, calls_per_second=1, dealerships=100)
    others = queued(3)
    assert set(pks(others)) <= set(claimed())


def test_what_waits_for_nothing_but_its_pace_is_carried_out_in_one_shift(script: Script) -> None:
    runs = queued(6, base_url=script.base_url, calls_per_second=2, dealerships=6)
    assert len(list(desk.serve("live"))) == len(runs)


# -- places


def test_a_connection_and_a_dealership_have_so_many_places_in_a_process(clock: time_machine.Traveller) -> None:
    crowd, other = queued(10), queued(20, dealerships=10)
    claimer = Claimer("live")
    taken = set(claimed(claimer))
    assert len(taken & set(pks(crowd))) == PER_DEALERSHIP
    assert len(taken & set(pks(other))) == PER_CONNECTION
    assert claimed(claimer) == []
    assert len(claimed(Claimer("live"))) == len(taken), "another process has places of its own"


def test_a_place_is_free_again_when_its_run_has_ended(clock: time_machine.Traveller) -> None:
    runs = queued(PER_DEALERSHIP + 1)
    claimer = Claimer("live")
    works = claimer.claim()
    claimer.done(works[0])
    assert claimed(claimer) == [runs[-1].pk]


def test_places_are_counted_by_connection_and_by_dealership() -> None:
    places = Places()
    for dealership in (1, 1, 1, 2, 2, 2, 3, 3):
        assert places.has_room_for(7, dealership)
        places.take(7, dealership)
    assert (places.full_connections(), places.full_dealerships()) == ([7], [1, 2])
    assert not places.has_room_for(7, 4)
    assert places.has_room_for(8, 3)
    places.give_back(7, 1)
    assert (places.full_connections(), places.full_dealerships()) == ([], [2])


# -- a gateway that fails


def failing(script: Script, number: int = 5, **columns: Any) -> list[Run]:
    """Runs of five dealerships whose calls all fail."""
    script.replies = [Reply(PAGE)]
    runs = queued(number, base_url=script.base_url, dealerships=number, **columns)
    assert [run.state for run in desk.serve("live")] == ["failed"] * number
    return runs


def test_five_failed_calls_in_a_row_leave_the_gateway_alone(script: Script) -> None:
    runs = failing(script)
    gate = Gate.objects.get()
    assert gate.is_open
    assert "Maintenance" in gate.error
    more = queued(5, connection=runs[0].connection)
    assert list(desk.serve("live")) == []
    assert states(more) == ["queued"] * 5, "they wait"
    assert len(script.requests) == 5


def test_four_do_not(script: Script) -> None:
    failing(script, 4)
    assert not Gate.objects.get().is_open


def test_a_success_in_between_begins_the_row_anew(script: Script) -> None:
    failing(script, 4)
    script.replies = [Reply(NOTHING), Reply(PAGE)]
    queued(5, connection=Connection.objects.get(), dealerships=5)
    assert sorted(run.state for run in desk.serve("live")) == ["failed"] * 4 + ["succeeded"]
    assert not Gate.objects.get().is_open


def test_failures_of_one_dealership_among_several_are_its_own(script: Script) -> None:
    gateway = ConnectionFactory(base_url=script.base_url)
    FeedFactory(connection=gateway)
    script.replies = [Reply(PAGE)]
    queued(6, connection=gateway)
    assert [run.state for run in desk.serve("live")] == ["failed"] * 6
    assert not Gate.objects.get().is_open


def test_a_minute_later_one_call_tries_and_so_every_minute(script: Script) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        runs = failing(script)
        more = queued(5, connection=runs[0].connection, dealerships=5)
        for minute in (1, 2):
            clock.move_to(NOON + timedelta(minutes=minute) - timedelta(seconds=1))
            assert list(desk.serve("live")) == []
            clock.move_to(NOON + timedelta(minutes=minute))
            assert [run.state for run in desk.serve("live")] == ["failed"]
            assert list(desk.serve("live")) == []
        assert states(more).count("queued") == 3
        assert len(script.requests) == 7


def test_of_all_processes_one_tries(script: Script, clock: time_machine.Traveller) -> None:
    runs = failing(script)
    queued(5, connection=runs[0].connection, dealerships=5)
    clock.shift(timedelta(minutes=1))
    probes = [work for _ in range(3) for work in Claimer("live").claim()]
    assert [(work.probe, work.gateway.tries) for work in probes] == [(True, 1)]


def test_a_try_that_succeeds_lets_everything_through_again(script: Script, clock: time_machine.Traveller) -> None:
    runs = failing(script)
    more = queued(5, connection=runs[0].connection, dealerships=5)
    script.replies = [Reply(NOTHING)]
    clock.shift(timedelta(minutes=1))
    list(desk.serve("live"))
    gate = Gate.objects.get()
    assert (gate.is_open, gate.probe_at, gate.error) == (False, None, "")
    clock.shift(timedelta(seconds=5))
    list(desk.serve("live"))
    assert states(more) == ["succeeded"] * 5


def test_a_gateway_that_another_process_found_well_is_well_here_too(
    script: Script, clock: time_machine.Traveller
) -> None:
    runs = failing(script)
    admission.open_again(runs[0].connection_id)
    queued(1, connection=runs[0].connection)
    assert circuit_of(runs[0].connection_id).is_open
    assert len(claimed()) == 1
    assert not circuit_of(runs[0].connection_id).is_open


def test_a_worker_that_dies_with_the_try_holds_nobody_up_for_longer_than_a_minute(
    script: Script, clock: time_machine.Traveller
) -> None:
    runs = failing(script)
    queued(5, connection=runs[0].connection, dealerships=5)
    clock.shift(timedelta(minutes=1))
    assert len(Claimer("live").claim()) == 1
    clock.shift(timedelta(seconds=59))
    assert Claimer("live").claim() == []
    clock.shift(timedelta(seconds=1))
    assert len(Claimer("live").claim()) == 1


def test_other_connections_go_on(script: Script) -> None:
    failing(script)
    with scripted(NOTHING) as well:
        queued(3, base_url=well.base_url)
        assert [run.state for run in desk.serve("live")] == ["succeeded"] * 3


def test_a_schedule_waits_with_the_runs_instead_of_heaping_them_up(script: Script) -> None:
    runs = failing(script)
    feed = runs[0].feed
    RunFactory(feed=feed, state="queued")
    with pytest.raises(services.AlreadyRunning):
        services.open_run(feed=feed, by="test")


# -- a gateway that stalls


class Worker:
    """A worker's shift in a thread of its own, with connections of its own."""

    def __init__(self) -> None:
        self.stop = Event()
        self.ended: list[Run] = []
        self.thread = Thread(target=self.work)

    def work(self) -> None:
        try:
            for run in desk.serve("live", stop=self.stop.is_set):
                self.ended.append(run)
        finally:
            connection.close()

    def __enter__(self) -> Worker:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self.thread.join(20)


def until(found: Callable[[], bool]) -> None:
    end = datetime.now(UTC) + timedelta(seconds=30)
    while not found():
        assert datetime.now(UTC) < end, f"not in time; runs: {list(Run.objects.values_list('job_type', 'state'))}"
        Event().wait(0.05)


def gateways(stack: ExitStack, **dealers: int) -> dict[str, Gateway]:
    """A sandbox for each main dealer, with so many dealers, connected."""
    found = {}
    for main_dealer, number in dealers.items():
        codes = tuple(f"{main_dealer}{count}" for count in range(number))
        address, found[main_dealer] = stack.enter_context(
            running(SandboxConfig(main_dealer=main_dealer, dealers=codes, volume=1))
        )
        keys = {"api_key": DEMO_API_KEY, "secret_key": DEMO_SECRET_KEY}
        services.connect(main_dealer=main_dealer, base_url=address, dealers=codes, **keys)
    return found


@pytest.mark.django_db(transaction=True)
def test_runs_of_others_end_while_those_of_a_stalled_main_dealer_hang() -> None:
    with ExitStack() as stack:
        gateways(stack, H2Z=4, M1D=2)["H2Z"].faults.switch(None, "stall")
        for feed in Feed.objects.order_by("dealership__code", "pk"):
            services.open_run(feed=feed, by="test")
        others = Run.objects.filter(connection__main_dealer="M1D")
        with Worker():
            until(lambda: not others.unfinished().exists())
            assert Run.objects.filter(connection__main_dealer="H2Z", state="running").count() == PER_CONNECTION
        assert not Run.objects.filter(state="running").exists(), "what was under way is queued again"
        assert not others.exclude(state__in=["succeeded", "partial"]).exists()


@pytest.mark.django_db(transaction=True)
def test_runs_of_others_end_while_those_of_stalled_dealers_of_the_same_main_dealer_hang() -> None:
    with ExitStack() as stack:
        gateway = gateways(stack, H2Z=4)["H2Z"]
        for code in ("H2Z0", "H2Z1"):
            gateway.faults.switch(code, "stall")
        for feed in Feed.objects.order_by("dealership__code", "pk"):
            services.open_run(feed=feed, by="test")
        others = Run.objects.exclude(dealership__code__in=["H2Z0", "H2Z1"])
        with Worker():
            until(lambda: not others.unfinished().exists())
        assert not others.exclude(state__in=["succeeded", "partial"]).exists()


# -- gates


def test_a_gate_is_made_when_it_is_first_passed_and_lives_as_long_as_its_connection() -> None:
    gateway = ConnectionFactory()
    assert gates_of([gateway.pk]).keys() == {gateway.pk}
    gateway.delete()
    assert not Gate.objects.exists()


def test_a_clock_that_goes_back_takes_no_tokens_away(clock: time_machine.Traveller) -> None:
    gateway = ConnectionFactory(calls_per_second=5)
    keep(gates_of([gateway.pk]).values())
    clock.shift(-timedelta(hours=1))
    assert gates_of([gateway.pk])[gateway.pk].tokens == 10


def test_the_lease_outlives_several_signs_of_life() -> None:
    assert 3 * claims.SIGN_OF_LIFE < claims.LEASE.total_seconds() <= 40
