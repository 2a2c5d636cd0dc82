"""dgi_sync, and dgi_export of what it stored."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dealers.models import Dealership
from ingestion import claims, desk, services
from ingestion.job_types import JOB_TYPES
from ingestion.models import Connection, Feed, Run
from ingestion.sandbox.config import DEMO_API_KEY, DEMO_SECRET_KEY, SandboxConfig
from ingestion.sandbox.gateway import Gateway
from ingestion.sandbox.server import running
from tests.ingestion.commands import called, connect, refusal

KEYS = [
    *("job", "dealer", "since", "until", "state"),
    *("received", "created", "updated", "unchanged", "quarantined", "seconds", "error"),
]
JAKARTA = ZoneInfo("Asia/Jakarta")
NOW = datetime.now(UTC).replace(microsecond=0)
TWO_DAYS = ("--since", f"{NOW.astimezone(JAKARTA) - timedelta(days=2):%Y-%m-%d %H:%M:%S}")

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple[str, Gateway]]:
    """A gateway where time stands still, so that the same window gives the same answer."""
    config = SandboxConfig(volume=2, now=lambda: NOW, clock_tolerance=timedelta(hours=1))
    with running(config) as started:
        yield started


@pytest.fixture
def gateway(sandbox: tuple[str, Gateway], monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A connected sandbox with two dealerships."""
    monkeypatch.setenv("DGI_API_KEY", DEMO_API_KEY)
    monkeypatch.setenv("DGI_SECRET_KEY", DEMO_SECRET_KEY)
    connect(sandbox[0], "08138", "08139")
    yield sandbox[1]
    sandbox[1].faults.by_dealer.clear()


def test_sync_runs_every_job_type_that_is_enabled(gateway: Gateway) -> None:
    status, lines = called("dgi_sync")
    assert status == 0
    assert all(list(line) == KEYS for line in lines)
    enabled = [code for code, job_type in JOB_TYPES.items() if job_type.enabled]
    assert sorted((line["dealer"], line["job"]) for line in lines) == sorted(
        (dealer, code) for dealer in ("08138", "08139") for code in enabled
    )
    assert {(line["state"], line["error"]) for line in lines} == {("succeeded", "")}
    for code in enabled:
        created = sum(line["created"] for line in lines if line["job"] == code)
        assert JOB_TYPES[code].record.objects.count() == created > 0


def test_a_second_sync_of_the_same_window_finds_everything_unchanged(gateway: Gateway) -> None:
    window = ("--dealer", "08138", *TWO_DAYS)
    _, first = called("dgi_sync", *window)
    history = sum(job_type.record.history.count() for job_type in JOB_TYPES.values())
    status, second = called("dgi_sync", *window)
    assert status == 0
    assert sum(line["received"] for line in first) > 0
    for line in second:
        assert (line["created"], line["updated"], line["quarantined"]) == (0, 0, 0)
        assert line["received"] == line["unchanged"]
    assert sum(line["received"] for line in second) == sum(line["received"] for line in first)
    assert sum(job_type.record.history.count() for job_type in JOB_TYPES.values()) == history


def test_sync_fails_where_a_gateway_fails_and_fetches_the_rest(gateway: Gateway) -> None:
    gateway.faults.switch("08139", "html")
    status, lines = called("dgi_sync", "--job", "pkb", "--job", "prospect", *TWO_DAYS)
    assert status == 1
    by_dealer = {dealer: [line for line in lines if line["dealer"] == dealer] for dealer in ("08138", "08139")}
    assert {line["state"] for line in by_dealer["08138"]} == {"succeeded"}
    assert {(line["state"], line["error"]) for line in by_dealer["08139"]} == {
        ("failed", "the gateway answered with a web page instead of data: Maintenance")
    }
    assert len(lines) == 4
    assert all(list(line) == KEYS for line in lines)


def test_sync_tells_people_a_line_a_run(gateway: Gateway) -> None:
    gateway.faults.switch("08139", "empty")
    status, lines = called("dgi_sync", "--job", "pkb", *TWO_DAYS, as_json=False)
    assert status == 1
    assert sorted(line[:12] for line in lines) == ["08138 pkb   ", "08139 pkb   "]
    assert any("failed" in line and "empty body" in line for line in lines)


def test_moments_are_those_of_the_main_dealer(gateway: Gateway) -> None:
    Connection.objects.update(time_zone="Asia/Jayapura")
    begin, end = (NOW.astimezone(ZoneInfo("Asia/Jayapura")) - timedelta(days=days) for days in (3, 2))
    window = ("--since", f"{begin:%Y-%m-%d %H:%M:%S}", "--until", f"{end:%Y-%m-%d %H:%M:%S}")
    _, [line] = called("dgi_sync", "--job", "pkb", "--dealer", "08138", *window)
    assert (line["since"], line["until"]) == (begin.isoformat(), end.isoformat())
    assert line["since"].endswith("+09:00")
    run = Run.objects.get()
    assert (run.since, run.until, run.started_by) == (begin, end, "command")


def test_a_date_alone_is_its_first_moment(gateway: Gateway) -> None:
    day = f"{NOW.astimezone(JAKARTA) - timedelta(days=2):%Y-%m-%d}"
    _, [line] = called("dgi_sync", "--job", "pkb", "--dealer", "08138", "--since", day)
    assert line["since"] == f"{day}T00:00:00+07:00"


@pytest.mark.parametrize("option", ["--since", "--until"])
@pytest.mark.parametrize(
    "text", ["yesterday", "2026-02-30", "01/02/2026", "2026-02-01 25:00:00", "2026-02-01T10:00:00Z", ""]
)
def test_a_date_that_is_none_is_refused_before_anything_runs(gateway: Gateway, option: str, text: str) -> None:
    words = refusal("dgi_sync", option, text)
    assert words == f'{option} {text}: write it as "YYYY-MM-DD HH:MM:SS", in the main dealer\'s time.'
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    ("window", "words"),
    [
        (("--since", "2020-01-01"), "the gateway gives the last 30 days"),
        (("--since", "2999-01-01"), "the window is empty"),
    ],
)
def test_a_window_that_the_gateway_would_not_serve_is_a_failed_line(
    gateway: Gateway, window: tuple[str, str], words: str
) -> None:
    status, lines = called("dgi_sync", "--job", "pkb", *window)
    assert status == 1
    assert [list(line) for line in lines] == [KEYS, KEYS]
    assert {line["state"] for line in lines} == {"failed"}
    assert all(line["error"].startswith(words) for line in lines)
    assert not Run.objects.exists()


def test_a_feed_with_an_unfinished_run_is_a_failed_line_and_the_others_run(gateway: Gateway) -> None:
    busy = services.open_run(feed=Feed.objects.get(dealership__code="08138", job_type="pkb"), by="schedule")
    status, lines = called("dgi_sync", "--job", "pkb", *TWO_DAYS)
    assert status == 1
    assert [(line["dealer"], line["state"]) for line in lines] == [("08138", "failed"), ("08139", "succeeded")]
    assert lines[0]["error"] == f"run #{busy.pk} pkb of this dealership and job type is queued"
    busy.refresh_from_db()
    assert busy.state == "queued"


def test_a_run_that_a_worker_took_over_is_shown_as_it_is(gateway: Gateway, monkeypatch: pytest.MonkeyPatch) -> None:
    carry_out_all = desk.carry_out_all

    def too_late(run_ids: list[int]) -> Iterator[Run]:
        claims.claim(run_ids[0])
        return carry_out_all(run_ids)

    monkeypatch.setattr(desk, "carry_out_all", too_late)
    status, lines = called("dgi_sync", "--job", "pkb", *TWO_DAYS)
    assert status == 0
    assert {(line["dealer"], line["state"]) for line in lines} == {("08138", "running"), ("08139", "succeeded")}
    assert Run.objects.get(dealership__code="08138").state == "running"


def test_a_job_type_that_is_switched_off_is_fetched_when_it_is_named(gateway: Gateway) -> None:
    status, [line] = called("dgi_sync", "--job", "spk_read", "--dealer", "08138")
    assert (status, line["job"], line["state"]) == (0, "spk_read", "succeeded")
    assert JOB_TYPES["spk_read"].record.objects.count() == line["created"] > 0


def test_what_is_not_live_is_left_out(gateway: Gateway) -> None:
    Dealership.objects.filter(code="08138").update(is_active=False)
    Feed.objects.exclude(job_type__in=["pkb", "prospect"]).update(is_enabled=False)
    _, lines = called("dgi_sync", *TWO_DAYS)
    assert {(line["dealer"], line["job"]) for line in lines} == {("08139", "pkb"), ("08139", "prospect")}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--job", "pkbx"), "Unknown job type pkbx; there are: mdinvh1_read, uinb_read, "),
        (("--dealer", "1", "--dealer", "08138"), "Unknown dealership 1; there are: 08138, 08139."),
    ],
)
@pytest.mark.parametrize("command", ["dgi_sync", "dgi_export"])
def test_an_unknown_name_is_answered_with_those_that_are_known(
    gateway: Gateway, command: str, arguments: tuple[str, ...], words: str
) -> None:
    needed = ("--job", "pkb") if command == "dgi_export" else ()
    assert words in refusal(command, *needed, *arguments)


def test_without_a_connection_the_next_step_is_named() -> None:
    assert "dgi_connect" in refusal("dgi_sync")
    assert "dgi_connect" in refusal("dgi_sync", "--dealer", "08138")


def test_the_export_gives_every_record_of_a_sync(gateway: Gateway) -> None:
    called("dgi_sync", "--job", "pkb", "--job", "spk_read", *TWO_DAYS)
    for code in ("pkb", "spk_read"):
        job_type = JOB_TYPES[code]
        _, lines = called("dgi_export", "--job", code)
        identities = [(line["dealer"], line[job_type.key]) for line in lines]
        assert identities == sorted(identities)
        stored = set(job_type.record.objects.values_list("dealership__code", job_type.key))
        assert set(identities) == stored
        assert len(lines) == len(stored) > 0
        for array, model in job_type.lines.items():
            assert sum(len(line[array]) for line in lines) == model._default_manager.count()


def test_a_run_is_told_once(gateway: Gateway, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO"):
        status, lines = called("dgi_sync", "--job", "pkb", "--dealer", "08138", as_json=False)
    assert (status, len(lines)) == (0, 1)
    assert "succeeded" not in caplog.text


def test_a_sync_that_is_told_to_stop_closes_its_runs(gateway: Gateway) -> None:
    gateway.faults.switch(None, "stall")
    timer = threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    status, _ = called("dgi_sync", "--job", "pkb", "--dealer", "08138")
    timer.join()
    assert status == 128 + signal.SIGTERM
    run = Run.objects.get()
    assert (run.state, run.error) == (Run.State.CANCELLED, "stopped before its end")
