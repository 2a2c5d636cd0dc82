"""Windows and the cursor: what a run asks for, and how far a feed has come afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from ingestion import desk, services
from ingestion.models import Connection, Feed, Run
from ingestion.services import BadWindow
from tests.factories import FeedFactory
from tests.ingestion.scripted import Script, http, scripted

NOW = datetime(2026, 3, 10, 5, 0, tzinfo=UTC)
NOTHING = http(200, {"status": 1, "data": []})
REFUSAL = http(200, {"status": 0, "message": {"m": "range is not allowed"}})

pytestmark = pytest.mark.django_db


class Clock:
    """Django's clock; those of the network go on."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def shift(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(timezone, "now", made.now)
    return made


def days(number: float) -> timedelta:
    return timedelta(days=number)


def ago(number: float) -> datetime:
    return NOW - days(number)


def work_order(number: int) -> bytes:
    """An answer with one work order."""
    record = {"noWorkOrder": f"WO/{number}", "dealerId": "08138", "createdTime": "01/03/2026 10:00:00"}
    return http(200, {"status": 1, "data": [record]})


def feed_of(script: Script | None = None, **columns: object) -> Feed:
    address = {"connection__base_url": script.base_url} if script else {}
    return FeedFactory(dealership__code="08138", **address, **columns)


def carried(feed: Feed, since: datetime | None = None, until: datetime | None = None) -> Run:
    """A run of `feed`, carried out; the feed is as it is afterwards."""
    run = services.open_run(feed=feed, by="test", since=since, until=until)
    [ended] = desk.carry_out([run.pk])
    feed.refresh_from_db()
    return ended


def asked(script: Script) -> list[tuple[datetime, datetime]]:
    """The windows that the gateway was asked for."""

    def moment(text: str) -> datetime:
        return datetime.fromisoformat(f"{text}+07:00").astimezone(UTC)

    return [(moment(request.body["fromTime"]), moment(request.body["toTime"])) for request in script.requests]


def test_a_new_feed_begins_one_window_back() -> None:
    with scripted(NOTHING) as script:
        feed = feed_of(script)
        run = carried(feed)
    assert asked(script) == [(ago(7), NOW)] == [(run.since, run.until)]
    assert (run.state, run.error, feed.cursor) == ("succeeded", "", NOW)


def test_the_next_window_overlaps_the_last_by_15_minutes(clock: Clock) -> None:
    with scripted(NOTHING) as script:
        feed = feed_of(script, cursor=NOW)
        clock.shift(hours=1)
        carried(feed)
    assert asked(script) == [(NOW - timedelta(minutes=15), NOW + timedelta(hours=1))]
    assert feed.cursor == NOW + timedelta(hours=1)


def test_a_gap_is_caught_up_in_windows_that_the_gateway_takes() -> None:
    with scripted(work_order(1), work_order(2), work_order(1)) as script:
        feed = feed_of(script, cursor=ago(20))
        run = carried(feed)
    begin = ago(20) - timedelta(minutes=15)
    assert asked(script) == [(begin, begin + days(7)), (begin + days(7), begin + days(14)), (begin + days(14), NOW)]
    assert (run.received, run.created, run.unchanged, run.state) == (3, 2, 1, "succeeded")
    assert feed.cursor == NOW


def test_each_window_commits_its_cursor_before_the_next_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    cursors = []
    submit = desk.Fetcher.submit

    def watched(fetcher: desk.Fetcher, gateway: services.Gateway, call: services.Call) -> object:
        cursors.append(Feed.objects.get().cursor)
        return submit(fetcher, gateway, call)

    monkeypatch.setattr(desk.Fetcher, "submit", watched)
    with scripted(NOTHING) as script:
        carried(feed_of(script, cursor=ago(14)))
    begin = ago(14) - timedelta(minutes=15)
    assert cursors == [ago(14), begin + days(7), begin + days(14)]


def test_a_failure_after_stored_windows_is_partial_and_goes_on_where_they_end(clock: Clock) -> None:
    with scripted(work_order(1), work_order(2), REFUSAL, NOTHING) as script:
        feed = feed_of(script, cursor=ago(20))
        run = carried(feed)
        stored_up_to = ago(20) - timedelta(minutes=15) + days(14)
        assert (run.state, run.error) == ("partial", "the gateway refused the request: range is not allowed")
        assert (run.received, run.created) == (2, 2)
        assert feed.cursor == stored_up_to
        clock.shift(minutes=1)
        assert carried(feed).since == stored_up_to - timedelta(minutes=15)


def test_a_failure_of_the_first_window_leaves_everything_as_it_was() -> None:
    with scripted(REFUSAL) as script:
        feed = feed_of(script, cursor=ago(2))
        run = carried(feed)
    assert (run.state, run.received, feed.cursor) == ("failed", 0, ago(2))
    assert run.error == "the gateway refused the request: range is not allowed"
    assert run.finished_at == NOW


def test_a_feed_that_slept_for_longer_than_the_gateway_remembers_goes_on_with_what_there_is(clock: Clock) -> None:
    with scripted(NOTHING) as script:
        feed = feed_of(script, cursor=ago(40))
        run = carried(feed)
        assert run.since == ago(30) + timedelta(minutes=2)
        assert len(asked(script)) == 5
        assert feed.cursor == NOW
        clock.shift(minutes=1)
        assert carried(feed).since == NOW - timedelta(minutes=15)


@pytest.mark.parametrize(("cursor", "days_back", "since"), [(None, 3, 3), (10, 3, 3), (1, 3, 1), (None, 365, 7)])
def test_a_window_is_never_older_than_the_connection_gives(cursor: int | None, days_back: int, since: int) -> None:
    feed = feed_of(connection__days_back=days_back, cursor=cursor and ago(cursor))
    assert feed.connection.oldest(NOW) <= feed.next_since(NOW)
    assert abs(feed.next_since(NOW) - ago(since)) <= timedelta(minutes=15)


def test_an_older_window_is_refused_with_the_earliest_start_in_the_main_dealers_time() -> None:
    with pytest.raises(BadWindow) as caught:
        services.open_run(feed=feed_of(), by="test", since=ago(31))
    words = "the gateway gives the last 30 days; the earliest start is 2026-02-08 12:02:00 WIB"
    assert str(caught.value) == words
    assert not Run.objects.exists()


@pytest.mark.parametrize(("since", "until"), [(-1, None), (0, None), (1, 1), (1, 2), (None, 8)])
def test_an_empty_window_is_refused(since: float | None, until: float | None) -> None:
    moments = [None if number is None else ago(number) for number in (since, until)]
    with pytest.raises(BadWindow, match="the window is empty"):
        services.open_run(feed=feed_of(), by="test", since=moments[0], until=moments[1])
    assert not Run.objects.exists()


def test_a_window_ends_now_at_the_latest() -> None:
    assert services.open_run(feed=feed_of(), by="test", until=NOW + days(1)).until == NOW


@pytest.mark.parametrize(
    ("cursor", "since", "until", "after"),
    [
        (5, 10, 7, 5),  # wholly before the cursor
        (5, 10, 5, 5),
        (5, 6, 3, 3),  # over the cursor
        (5, 5, 1, 1),  # adjoining
        (5, 4, 2, 5),  # behind a gap
        (40, 29, 28, 40),  # a gap whose younger part could still be fetched
        (None, 9, 8, 8),  # the first window of all
    ],
)
def test_the_cursor_moves_neither_backward_nor_over_a_gap(
    cursor: float | None, since: float, until: float, after: float
) -> None:
    with scripted(NOTHING) as script:
        feed = feed_of(script, cursor=cursor and ago(cursor))
        assert carried(feed, ago(since), ago(until)).state == "succeeded"
    assert feed.cursor == ago(after)


@given(st.integers(1, 31), st.integers(0, 40 * 86400), st.integers(0, 10**6))
def test_windows_adjoin_and_none_is_too_long(longest: int, seconds: int, offset: int) -> None:
    since = NOW - timedelta(seconds=offset)
    until = since + timedelta(seconds=seconds)
    pieces = Connection(window_days=longest).windows(since, until)
    assert all(begin < end <= begin + days(longest) for begin, end in pieces)
    joints = [since, *(end for _, end in pieces)]
    assert [begin for begin, _ in pieces] == joints[:-1]
    assert joints[-1] == (until if seconds else since)


def test_a_run_says_who_started_it_and_how_long_it_took(clock: Clock) -> None:
    with scripted(NOTHING) as script:
        run = services.open_run(feed=feed_of(script), by="alice@dealer.example")
        assert (run.state, run.started_at, run.seconds) == ("queued", None, None)
        clock.shift(seconds=5)
        [ended] = desk.carry_out([run.pk])
    assert (ended.started_by, ended.started_at, ended.seconds) == ("alice@dealer.example", clock.at, 0)


def test_a_requested_run_nudges_a_worker_once_it_is_committed(
    django_capture_on_commit_callbacks: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    nudged: list[str] = []
    monkeypatch.setattr("ingestion.tasks.nudge", nudged.append)
    with django_capture_on_commit_callbacks(execute=True):
        services.request_run(feed=feed_of(), by="test")
        assert nudged == []
    assert nudged == ["live"]
