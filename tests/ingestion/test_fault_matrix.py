"""Every job type meets every fault of a gateway: runs end with words, nothing is half stored, the next ones succeed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from dealers.models import Dealership
from ingestion import client, desk, signing
from ingestion.desk import carry_out
from ingestion.export import exported
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed, QuarantinedRecord, Run
from ingestion.sandbox.config import BASE_PATH, DEMO_API_KEY, DEMO_SECRET_KEY, SandboxConfig
from ingestion.sandbox.faults import FAULTS
from ingestion.sandbox.gateway import Gateway
from ingestion.sandbox.server import running
from ingestion.sandbox.world import World
from ingestion.services import open_run
from tests.chaos.proxy import Blackhole, Mode, Pass, Proxy, Refuse, Reset, proxied, unanswered_port
from tests.factories import ConnectionFactory, DealershipFactory, FeedFactory

DEALER, NEIGHBOUR = "08138", "08139"
NOW = datetime(2026, 11, 18, 5, 0, tzinfo=UTC)
"""The sandbox's time stands still, so that the same window gives the same answer; so does that of our requests."""
UNTIL = NOW - timedelta(minutes=1)
SINCE = UNTIL - timedelta(days=4)
WANTED = [job_type for job_type in JOB_TYPES.values() if job_type.enabled]

SUCCEEDED, PARTIAL, FAILED = Run.State.SUCCEEDED, Run.State.PARTIAL, Run.State.FAILED

Rows = dict[str, list[dict[str, Any]]]
"""What is stored of a dealership, by job type."""


@dataclass(frozen=True)
class Expected:
    """How a run under a fault ends."""

    state: str
    words: str = ""
    """A piece of the run's error; of the reason of its quarantined records if it is partial."""
    harmless: bool = False
    """Whether what it stores is what a sound gateway would have brought."""
    lasting: bool = False
    """Whether what it stored is right to stay when the gateway is sound again."""
    impatient: bool = False
    """Whether it takes our patience to end it."""
    dear: bool = False
    """Whether it takes so long to store that once is enough."""


EXPECTED = {
    "hangup": Expected(FAILED, "the answer broke off"),
    "reset": Expected(FAILED, "the answer broke off"),
    "stall": Expected(FAILED, "the gateway sent nothing for", impatient=True),
    "drip": Expected(FAILED, "the gateway sent nothing for", impatient=True),
    "gzip_bomb": Expected(FAILED, "larger than 20 MB"),
    "html": Expected(FAILED, "a web page instead of data: Maintenance"),
    "badgateway": Expected(FAILED, "the gateway failed (502): 502 Bad Gateway"),
    "truncated": Expected(FAILED, "no complete JSON"),
    "empty": Expected(FAILED, "an empty body"),
    "nothing": Expected(SUCCEEDED),
    "error500": Expected(FAILED, "the gateway failed (500): Internal Server Error"),
    "flaky": Expected(SUCCEEDED, harmless=True),
    "busy429": Expected(FAILED, "asks to slow down (429)"),
    "busy_date": Expected(FAILED, "asks to slow down (429)"),
    "unauthorized": Expected(FAILED, "refused our credential (401)"),
    "expired_token": Expected(FAILED, "refused our credential: Invalid token: token is expired"),
    "redirect": Expected(FAILED, "the gateway redirects (302)"),
    "wrong_type": Expected(SUCCEEDED, harmless=True),
    "deep": Expected(FAILED, "the answer is"),
    "too_large": Expected(FAILED, "larger than 20 MB"),
    "many": Expected(FAILED, "50,000"),
    "huge_string": Expected(SUCCEEDED, dear=True),
    "everything_changed": Expected(SUCCEEDED, lasting=True),
    "repeated": Expected(SUCCEEDED, harmless=True),
    "shuffled": Expected(SUCCEEDED, harmless=True),
    "shifted": Expected(SUCCEEDED, lasting=True),
    "unknown_code": Expected(SUCCEEDED),
    "missing_field": Expected(SUCCEEDED),
    "extra_field": Expected(SUCCEEDED),
    "null_required": Expected(PARTIAL, "the record has no natural key"),
    "bad_rows": Expected(PARTIAL, "31/02/2026"),
    "clock_fast": Expected(FAILED, "clock"),
    "clock_slow": Expected(FAILED, "clock"),
}

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def _clock_of_requests() -> Iterator[None]:
    clock = SimpleNamespace(time=NOW.timestamp)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(client, "time", clock)
        patch.setattr(signing, "time", clock)
        yield


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple[str, Gateway]]:
    config = SandboxConfig(
        dealers=(DEALER, NEIGHBOUR),
        volume=2,
        now=lambda: NOW,
        clock_tolerance=timedelta(minutes=5),
        stall_seconds=60,
        retry_after=60,
    )
    seeded = (replace(config, seed=seed) for seed in count(1))
    with running(next(filter(has_something_of_all, seeded))) as started:
        yield started


def has_something_of_all(config: SandboxConfig) -> bool:
    """Whether every job type has something to lose in the window."""
    world, zone = World(config), ZoneInfo(config.time_zone)
    since, until = (moment.astimezone(zone).replace(tzinfo=None) for moment in (SINCE, UNTIL))
    return all(any(world.documents(job_type.module, (DEALER,), since, until)) for job_type in WANTED)


@pytest.fixture(scope="module")
def clean(sandbox: tuple[str, Gateway], django_db_setup: None, django_db_blocker: Any) -> Rows:
    """What a database holds that never met a fault."""
    with django_db_blocker.unblock(), transaction.atomic():
        fetch(connected(sandbox[0]))
        rows = stored()
        transaction.set_rollback(True)
    assert all(rows.values())
    return rows


@pytest.fixture
def feeds(sandbox: tuple[str, Gateway]) -> Iterator[list[Feed]]:
    """The dealership's feeds; the sandbox's faults are put back afterwards."""
    yield connected(sandbox[0])
    sandbox[1].faults.by_dealer.clear()


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(client, "LONGEST_PAUSE", 0.02)
    monkeypatch.setattr(desk, "SHORTEST_WINDOW", timedelta(hours=12))  # four calls for 20 MB each, and not thirteen
    settings.DGI_RUN_DEADLINE = 30


def connected(base_url: str) -> list[Feed]:
    """The feeds of the dealership, on a connection that serves a neighbour as well."""
    gateway = ConnectionFactory(base_url=base_url, api_key=DEMO_API_KEY, secret_key=DEMO_SECRET_KEY)
    neighbour, ours = DealershipFactory(code=NEIGHBOUR), DealershipFactory(code=DEALER)
    FeedFactory(connection=gateway, dealership=neighbour)
    return [FeedFactory(connection=gateway, dealership=ours, job_type=job_type.code) for job_type in WANTED]


def fetch(feeds: list[Feed]) -> list[Run]:
    """One run of each feed, all at the same time; each ends in time, with words if need be, and its counts add up."""
    runs = [open_run(feed=feed, by="test", since=SINCE, until=UNTIL) for feed in feeds]
    ended = list(carry_out([run.pk for run in runs]))
    assert {run.pk for run in ended} == {run.pk for run in runs}
    for run in ended:
        run.refresh_from_db()
        assert run.state in (SUCCEEDED, PARTIAL, FAILED)
        assert run.finished_at
        assert run.received == run.created + run.updated + run.unchanged + run.quarantined
        assert (run.state == FAILED) == bool(run.error)
        assert (run.state == PARTIAL) == bool(run.quarantined)
        assert "defect" not in run.error
    return ended


def stored() -> Rows:
    ours = Dealership.objects.get(code=DEALER)
    return {
        job_type.code: list(exported(job_type, job_type.record.objects.filter(dealership=ours))) for job_type in WANTED
    }


def dump() -> dict[str, list[Any]]:
    """The place and the writer of every row that runs write."""
    models = [QuarantinedRecord]
    for job_type in WANTED:
        models += [job_type.record, job_type.record.history.model, *job_type.lines.values()]
    return {model._meta.db_table: places(model._meta.db_table) for model in models}


def places(table: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ctid::text, xmin::text FROM {table} ORDER BY ctid")
        return cursor.fetchall()


def cursors() -> dict[int, datetime | None]:
    return dict(Feed.objects.values_list("pk", "cursor"))


@contextmanager
def patience(seconds: float | None) -> Iterator[None]:
    """Wait so long for a silent gateway."""
    with pytest.MonkeyPatch.context() as patch:
        if seconds is not None:
            patch.setattr(client, "READ_SECONDS", seconds)
            patch.setattr(client, "CONNECT_SECONDS", seconds)
        yield


def check(expected: Expected, feeds: list[Feed], clean: Rows) -> None:
    """Runs under a fault, over what is stored already, end as expected."""
    rows, progress = dump(), cursors()
    with patience(0.2 if expected.impatient else None):
        runs = fetch(feeds)
    assert {(run.state, run.job_type) for run in runs} == {(expected.state, job_type.code) for job_type in WANTED}
    if expected.state == FAILED:
        assert [run.error for run in runs if expected.words not in run.error] == []
        assert dump() == rows
        assert cursors() == progress
    else:
        assert {cursor for feed, cursor in cursors().items() if feed in {feed.pk for feed in feeds}} == {UNTIL}
    if expected.state == PARTIAL:
        entries = QuarantinedRecord.objects.filter(dealership__code=DEALER)
        assert [entry.reason for entry in entries if expected.words not in entry.reason] == []
        assert {entry.job_type for entry in entries} == {job_type.code for job_type in WANTED}
    if expected.harmless:
        assert stored() == clean


def recover(expected: Expected, feeds: list[Feed], clean: Rows) -> None:
    """The next runs succeed, and a database that met the fault holds what one holds that never did."""
    assert {run.state for run in fetch(feeds)} == {SUCCEEDED}
    found = stored()
    if not expected.lasting:
        assert found == clean
        return
    for job_type in WANTED:
        ours = {row[job_type.key]: row for row in found[job_type.code]}
        assert [row for row in clean[job_type.code] if not stands(row, ours.get(row[job_type.key]))] == []


def stands(row: dict[str, Any], found: dict[str, Any] | None) -> bool:
    """Whether what was found is `row` or a later version of it."""
    if found is None:
        return False
    return found == row or (found["modified_time"] or "") > (row["modified_time"] or row["created_time"])


def test_every_fault_has_its_expectation() -> None:
    assert set(EXPECTED) == set(FAULTS)
    assert len(WANTED) == 14


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_a_gateway_does_nothing_is_half_stored_and_the_next_run_makes_it_good(
    sandbox: tuple[str, Gateway], feeds: list[Feed], clean: Rows, fault: str, caplog: pytest.LogCaptureFixture
) -> None:
    expected, faults = EXPECTED[fault], sandbox[1].faults
    faults.switch(DEALER, fault)
    check(expected, feeds, clean)
    [neighbour] = fetch(list(Feed.objects.filter(dealership__code=NEIGHBOUR)))
    assert neighbour.state == SUCCEEDED
    faults.switch(DEALER, None)
    recover(expected, feeds, clean)
    if not expected.dear:
        faults.switch(DEALER, fault)
        check(expected, feeds, clean)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


ON_THE_WAY: dict[str, tuple[Mode, Expected]] = {
    "refused": (Refuse(), Expected(FAILED, "no connection to the gateway")),
    "reset in the body": (Reset(after=300), Expected(FAILED, "the answer broke off")),
    "silence": (Blackhole(), Expected(FAILED, "the gateway sent nothing for", impatient=True)),
}


@pytest.fixture
def proxy(sandbox: tuple[str, Gateway]) -> Iterator[Proxy]:
    """On the way to the sandbox."""
    with proxied(("127.0.0.1", urlsplit(sandbox[0]).port or 0)) as started:
        yield started


@pytest.mark.parametrize("trouble", ON_THE_WAY)
def test_whatever_happens_on_the_way_nothing_is_half_stored_and_the_next_run_makes_it_good(
    proxy: Proxy, feeds: list[Feed], clean: Rows, trouble: str, caplog: pytest.LogCaptureFixture
) -> None:
    mode, expected = ON_THE_WAY[trouble]
    lead(feeds, proxy.address[1])
    proxy.switch(mode)
    check(expected, feeds, clean)
    proxy.switch(Pass())
    recover(expected, feeds, clean)
    proxy.switch(mode)
    check(expected, feeds, clean)
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_a_gateway_that_takes_no_connection_is_given_up_in_time(
    sandbox: tuple[str, Gateway], feeds: list[Feed], clean: Rows
) -> None:
    expected = Expected(FAILED, "no connection to the gateway within", impatient=True)
    with unanswered_port() as port:
        lead(feeds, port)
        check(expected, feeds, clean)
    lead(feeds, urlsplit(sandbox[0]).port or 0)
    recover(expected, feeds, clean)


def lead(feeds: list[Feed], port: int) -> None:
    """Let the feeds' gateway be at another port."""
    gateway = feeds[0].connection
    gateway.base_url = f"http://127.0.0.1:{port}{BASE_PATH}"
    gateway.save()
