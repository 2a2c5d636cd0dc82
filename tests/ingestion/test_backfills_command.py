"""dgi_backfill: a dry run, a start that is followed, and pause, resume and cancel by number."""

from __future__ import annotations

import os
import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from ingestion import backfills, desk, following
from ingestion.models import Backfill, Connection, Feed, Gate, Run
from tests.factories import BackfillFactory, ConnectionFactory, DealershipFactory, FeedFactory
from tests.ingestion.commands import called, refusal
from tests.ingestion.roads import WIB
from tests.ingestion.scripted import Reply, Script, http, scripted

NOTHING = http(200, {"status": 1, "data": []})
ORDERS = http(200, {"status": 1, "data": [{"noWorkOrder": "WO/1"}, {"noWorkOrder": "WO/2"}]})
PAGE = http(200, b"<html><title>Maintenance</title></html>")
TODAY = datetime.now(UTC).astimezone(WIB).date()

pytestmark = pytest.mark.django_db


@pytest.fixture
def gateway() -> Iterator[Script]:
    with scripted(NOTHING) as script:
        yield script


@pytest.fixture
def main_dealer(gateway: Script) -> Connection:
    """A connection with two dealerships, each with work orders and prospects."""
    found: Connection = ConnectionFactory(base_url=gateway.base_url)
    for code in ("08138", "08139"):
        dealership = DealershipFactory(code=code)
        for job_type in ("pkb", "prospect"):
            FeedFactory(connection=found, dealership=dealership, job_type=job_type)
    return found


def day(ago: int) -> str:
    return f"{TODAY - timedelta(days=ago)}"


def of(job: str = "pkb", dealer: str = "08138", *, since: int = 20, until: int | None = None) -> tuple[str, ...]:
    """The options for a range between so many days ago."""
    end = () if until is None else ("--to", day(until))
    return ("--job", job, "--dealer", dealer, "--from", day(since), *end)


# -- dry run


def test_a_dry_run_says_windows_calls_quota_and_minutes_and_writes_nothing(main_dealer: Connection) -> None:
    Connection.objects.update(calls_per_day=300)
    status, [line] = called("dgi_backfill", *of(since=20, until=2), "--share", "10", "--dry-run")
    assert status == 0
    assert line == {
        "job": "pkb",
        "dealer": "08138",
        "since": f"{day(20)}T00:00:00+07:00",
        "until": f"{day(1)}T00:00:00+07:00",
        "windows": 3,
        "calls": 3,
        "share": 10,
        "calls_per_day": 30,
        "left_today": 30,
        "minutes": 0.1,
        "left_out": "",
    }
    assert not any(model.objects.exists() for model in (Backfill, Run, Gate))


def test_a_dry_run_tells_people_what_is_left_out_and_what_all_of_them_take(main_dealer: Connection) -> None:
    Connection.objects.update(calls_per_day=10, window_days=1)
    _, lines = called("dgi_backfill", "--from", day(60), "--to", day(0), "--share", "50", "--dry-run", as_json=False)
    titles = [line.partition(":")[0] for line in lines if not line.startswith(" ")]
    assert titles == ["08138 prospect", "08138 pkb", "08139 prospect", "08139 pkb", "Together"]
    assert re.search(r"30 windows, .* 50 % of the quota are 5 a day, 5 are left today; about [45] days$", lines[0])
    assert [line.rpartition(": ")[2] for line in lines[1:3]] == [
        "the gateway gives the last 30 days",
        "it lies in the future",
    ]
    assert re.fullmatch(r"Together: 4 backfills, 120 calls, about 2[23] days\.", lines[-1])


def test_a_dry_run_stands_behind_the_backfills_under_way(main_dealer: Connection) -> None:
    Connection.objects.update(calls_per_day=10, window_days=1)
    alone = called("dgi_backfill", *of(since=4, until=1), "--share", "50", "--dry-run")[1][0]["minutes"]
    now = timezone.now()
    feed = Feed.objects.get(job_type="prospect", dealership__code="08139")
    backfills.start(feed=feed, since=now - timedelta(days=20), until=now, by="alice", share=50)
    assert alone < 1
    assert called("dgi_backfill", *of(since=4, until=1), "--share", "50", "--dry-run")[1][0]["minutes"] > 3 * 24 * 60


# -- what is asked for


def test_a_date_to_fetch_up_to_is_included(main_dealer: Connection) -> None:
    called("dgi_backfill", *of(since=3, until=3), "--no-wait")
    made = Backfill.objects.get()
    assert (made.since.astimezone(WIB).isoformat(), made.until.astimezone(WIB).isoformat()) == (
        f"{day(3)}T00:00:00+07:00",
        f"{day(2)}T00:00:00+07:00",
    )
    assert (made.share, made.started_by) == (30, "command")


def test_a_moment_is_taken_as_it_is(main_dealer: Connection) -> None:
    window = ("--from", f"{day(3)} 08:00:00", "--to", f"{day(2)} 09:30:00")
    called("dgi_backfill", "--job", "pkb", "--dealer", "08138", *window, "--no-wait")
    made = Backfill.objects.get()
    assert (made.since.astimezone(WIB).hour, made.until.astimezone(WIB).hour) == (8, 9)


def test_each_feed_has_a_backfill_of_its_own(main_dealer: Connection) -> None:
    status, lines = called("dgi_backfill", "--from", day(3), "--job", "pkb", "--no-wait")
    assert (status, [(line["dealer"], line["job"], line["state"]) for line in lines]) == (
        0,
        [("08138", "pkb", "running"), ("08139", "pkb", "running")],
    )
    status, lines = called("dgi_backfill", "--from", day(3), "--no-wait")
    assert status == 1
    assert sorted((line["dealer"], line["job"], line["state"]) for line in lines) == [
        ("08138", "pkb", "refused"),
        ("08138", "prospect", "running"),
        ("08139", "pkb", "refused"),
        ("08139", "prospect", "running"),
    ]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--from", day(60), "--to", day(40)), "not started: the gateway gives the last 30 days"),
        (("--from", day(3), "--to", day(4)), "not started: the range is empty"),
        (("--from", day(3), "--share", "0"), "not started: the share is a percentage from 1 to 100"),
    ],
)
@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["start", "dry run"])
def test_what_cannot_be_is_refused_with_words(
    main_dealer: Connection, options: tuple[str, ...], words: str, more: tuple[str, ...]
) -> None:
    status, lines = called("dgi_backfill", "--job", "pkb", *options, *more, as_json=False)
    assert status == 1
    assert all(words in line for line in lines)
    assert not Backfill.objects.exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--job", "pkb"), "Say from when: --from YYYY-MM-DD"),
        (("--from", "yesterday"), "--from yesterday: write it as"),
        (("--from", "2026-01-01", "--to", "31/01/2026"), "--to 31/01/2026: write it as"),
        (("--job", "nothing", "--from", "2026-01-01"), "Unknown job type nothing; there are: "),
        (("--dealer", "1", "--from", "2026-01-01"), "Unknown dealership 1; there are: 08138, 08139."),
        (("--resume", "77"), "There is no backfill 77; --list shows those that there are."),
        (("--cancel", "1", "--dry-run"), "does not go with --cancel"),
        (("--list", "--from", "2026-01-01"), "does not go with --list"),
    ],
)
def test_what_cannot_be_understood_is_answered_with_what_to_do(
    main_dealer: Connection, options: tuple[str, ...], words: str
) -> None:
    assert words in refusal("dgi_backfill", *options)


# -- carried out here


def test_it_is_carried_out_in_this_process_where_no_worker_runs(main_dealer: Connection, gateway: Script) -> None:
    gateway.replies[:] = [Reply(ORDERS)]
    called("dgi_backfill", *of("prospect"), "--no-wait")
    other = Backfill.objects.get()
    status, [line] = called("dgi_backfill", *of(until=1), "--here")
    assert status == 0
    told = {name: line[name] for name in ("state", "windows_done", "windows_left", "calls", "received", "created")}
    assert told == {
        "state": "succeeded",
        "windows_done": 3,
        "windows_left": 0,
        "calls": 3,
        "received": 6,
        "created": 2,
    }
    other.refresh_from_db()
    assert other.state == "running"
    assert {run.backfill_id for run in Run.objects.exclude(state="queued")} == {line["backfill"]}


def test_it_ends_with_status_1_and_the_reason_where_a_window_failed(main_dealer: Connection, gateway: Script) -> None:
    gateway.replies[:] = [Reply(ORDERS), Reply(PAGE)]
    status, lines = called("dgi_backfill", *of(until=1), "--here", as_json=False)
    made = Backfill.objects.get()
    assert status == 1
    assert lines == [
        f"#{made.pk} pkb 08138: paused, 1 of 3 windows: 2 received, 2 created",
        "  why: the gateway answered with a web page instead of data: Maintenance",
        f"  to go on: --resume {made.pk}",
    ]
    gateway.replies[:] = [Reply(NOTHING)]
    status, [line] = called("dgi_backfill", "--resume", str(made.pk), "--here")
    assert (status, line["state"], line["windows_done"]) == (0, "succeeded", 3)


def test_it_goes_on_after_a_crash_of_the_process_that_carried_it_out(main_dealer: Connection) -> None:
    called("dgi_backfill", *of(until=1), "--no-wait")
    Run.objects.update(state="running", fence=1, leased_until=timezone.now() - timedelta(seconds=1))
    made = Backfill.objects.get()
    status, [line] = called("dgi_backfill", "--resume", str(made.pk), "--here")
    assert (status, line["state"]) == (0, "succeeded")
    assert Run.objects.get(takeovers=1).state == "succeeded"


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_bar(main_dealer: Connection) -> None:
    screen = Terminal()
    call_command("dgi_backfill", *of(until=1), "--here", stdout=StringIO(), stderr=screen)
    assert "· 0/3 less than a minute" in screen.getvalue()
    assert "· 2/3 less than a minute" in screen.getvalue()
    assert screen.getvalue().endswith("\x1b[K")


# -- carried out by workers


@contextmanager
def interrupted_once(happened: Any) -> Iterator[None]:
    """Ctrl-C as soon as that has happened."""
    done = threading.Event()

    def watch() -> None:
        while not happened() and not done.wait(0.02):
            pass
        connection.close()
        if not done.is_set():
            os.kill(os.getpid(), signal.SIGINT)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        done.set()
        watcher.join()


@pytest.mark.django_db(transaction=True)
def test_a_command_that_is_interrupted_leaves_it_running_and_says_how_to_see_it(
    main_dealer: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    said, looks = StringIO(), threading.Event()
    draw = following.Follower.draw

    def seen(self: Any, found: Any) -> bool:
        looks.set()
        return draw(self, found)

    monkeypatch.setattr(following.Follower, "draw", seen)
    with interrupted_once(looks.is_set), pytest.raises(SystemExit) as ending:
        call_command("dgi_backfill", *of(), stdout=StringIO(), stderr=said)
    made = Backfill.objects.get()
    assert (ending.value.code, made.state) == (130, "running")
    assert (
        f"It goes on by itself. To see it again: --resume {made.pk}; to end it: --cancel {made.pk}" in said.getvalue()
    )


@pytest.mark.django_db(transaction=True)
def test_it_is_followed_while_a_worker_carries_it_out(
    main_dealer: Connection, gateway: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "PAUSE", 0.02)
    monkeypatch.setattr(following, "NOBODY_COMES", 0.0)
    said, output, end = Terminal(), StringIO(), threading.Event()

    def work() -> None:
        while not end.wait(0.05):
            if "No worker has taken a window yet" in said.getvalue():
                list(desk.serve("bulk"))
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    try:
        call_command("dgi_backfill", *of(until=1), stdout=output, stderr=said)
    finally:
        end.set()
        worker.join()
    assert output.getvalue().endswith("pkb 08138: succeeded, 3 of 3 windows: nothing received\n")
    assert len(gateway.requests) == 3


@pytest.mark.django_db(transaction=True)
def test_waiting_for_tomorrows_share_is_told(main_dealer: Connection) -> None:
    Connection.objects.update(calls_per_day=10)
    Gate.objects.create(connection=main_dealer, day=TODAY, backfill_calls=3, calls=3)
    said = StringIO()
    with interrupted_once(lambda: "after midnight" in said.getvalue()), pytest.raises(SystemExit):
        call_command("dgi_backfill", *of(), "--here", stdout=StringIO(), stderr=said)
    assert said.getvalue().count("Today's share of requests is used up; it goes on after midnight") == 1
    assert "It stands still unless a worker runs." in said.getvalue()
    assert Run.objects.get().state == "queued"


# -- by number


def test_backfills_are_paused_resumed_cancelled_and_listed_by_their_numbers(main_dealer: Connection) -> None:
    _, lines = called("dgi_backfill", "--from", day(10), "--job", "pkb", "--no-wait")
    numbers = [str(line["backfill"]) for line in lines]
    assert [line["state"] for line in called("dgi_backfill", "--pause", *numbers)[1]] == ["paused"] * 2
    assert f"backfill #{numbers[0]} pkb is paused" in refusal("dgi_backfill", "--pause", numbers[0])
    status, [line] = called("dgi_backfill", "--resume", numbers[0], "--no-wait")
    assert (status, line["state"]) == (0, "running")
    assert [line["state"] for line in called("dgi_backfill", "--cancel", *numbers)[1]] == ["cancelled"] * 2
    assert "is cancelled; only what is paused can be resumed" in refusal("dgi_backfill", "--resume", numbers[1])
    BackfillFactory(state="paused", error="the gateway is away", feed__connection=main_dealer)
    _, lines = called("dgi_backfill", "--list")
    assert [line["state"] for line in lines] == ["paused", "cancelled", "cancelled"]
    assert [line["error"] for line in lines] == ["the gateway is away", "cancelled by command", "cancelled by command"]


def test_an_empty_list_says_so() -> None:
    assert called("dgi_backfill", "--list", as_json=False) == (0, ["There is none."])
    assert called("dgi_backfill", "--list") == (0, [])
