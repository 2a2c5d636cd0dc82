"""Backfills: planned, fetched window by window, paused, resumed, cancelled, and kept to their share of the quota."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from ingestion import backfills, claims, desk, services, tasks
from ingestion.backfills import BackfillUnderWay, NotPossible
from ingestion.job_types.pkb import WorkOrder
from ingestion.models import Backfill, Feed, Gate, Run
from ingestion.plans import BadPlan, plan
from ingestion.progress import figures
from tests.factories import BackfillFactory, ConnectionFactory, FeedFactory, RunFactory
from tests.ingestion.roads import WIB
from tests.ingestion.scripted import Reply, Script, http, scripted

NOTHING = http(200, {"status": 1, "data": []})
PAGE = http(200, b"<html><title>Maintenance</title></html>")
DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


def orders(*numbers: int) -> bytes:
    return http(200, {"status": 1, "data": [{"noWorkOrder": f"WO/{number}"} for number in numbers]})


@pytest.fixture
def now() -> datetime:
    return timezone.now().replace(microsecond=0)


@pytest.fixture
def gateway() -> Iterator[Script]:
    """One that has nothing to say, as long as a test does not script it otherwise."""
    with scripted(NOTHING) as script:
        yield script


@pytest.fixture
def feed(gateway: Script) -> Feed:
    return FeedFactory(connection__base_url=gateway.base_url)


def started(feed: Feed, days: float = 20, **options: Any) -> Backfill:
    """A backfill of so many days up to now."""
    now = timezone.now()
    return backfills.start(feed=feed, since=now - timedelta(days=days), until=now, by="alice", **options)


def serve(lane: str = "bulk") -> list[Run]:
    """What a worker carries out until nothing waits."""
    return list(desk.serve(lane))


def asked_of(script: Script) -> list[tuple[datetime, datetime]]:
    """The windows that the gateway was asked for."""
    bodies = [request.body for request in script.requests]
    return [(clock(body["fromTime"]), clock(body["toTime"])) for body in bodies]


def clock(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=WIB)


# -- the plan


def test_a_range_is_cut_into_windows_of_seven_days_without_a_gap(feed: Feed, now: datetime) -> None:
    found = plan(feed, now - 20 * DAY, now)
    assert [until - since for since, until in found.windows] == [7 * DAY, 7 * DAY, 6 * DAY]
    assert [since for since, _ in found.windows[1:]] == [until for _, until in found.windows[:-1]]
    assert (found.windows[0][0], found.windows[-1][1]) == (now - 20 * DAY, now)
    assert (found.calls, found.left_out) == (3, "")
    assert not Backfill.objects.exists()


@pytest.mark.parametrize(("window_days", "longest"), [(3, 3), (31, 7)])
def test_no_window_is_longer_than_the_gateway_takes_nor_than_a_week(
    feed: Feed, now: datetime, window_days: int, longest: int
) -> None:
    feed.connection.window_days = window_days
    assert plan(feed, now - 20 * DAY, now).windows[0] == (now - 20 * DAY, now - (20 - longest) * DAY)


def test_what_the_gateway_does_not_give_is_told_and_not_tried(feed: Feed, gateway: Script, now: datetime) -> None:
    backfill = backfills.start(feed=feed, since=now - 90 * DAY, until=now + DAY, by="alice")
    old, new = backfill.left_out.splitlines()
    assert old.endswith("the gateway gives the last 30 days")
    assert old.startswith(f"{(now - 90 * DAY).astimezone(WIB):%Y-%m-%d %H:%M:%S WIB} to ")
    assert new.endswith("it lies in the future")
    serve()
    backfill.refresh_from_db()
    assert backfill.state == "succeeded"
    asked = asked_of(gateway)
    assert min(since for since, _ in asked) > now - 30 * DAY
    assert max(until for _, until in asked) <= timezone.now()


@pytest.mark.parametrize(
    ("since", "until", "field", "words"),
    [
        (-60, -31, "until", "the gateway gives the last 30 days, from .*; all of the range is older"),
        (1, 2, "since", "lies in the future; what comes, the live runs fetch"),
        (-1, -2, "since", "the range is empty: .* is not before"),
        (-1, -1, "since", "the range is empty"),
    ],
)
def test_a_range_of_which_nothing_is_left_is_refused(
    feed: Feed, now: datetime, since: int, until: int, field: str, words: str
) -> None:
    with pytest.raises(BadPlan, match=words) as caught:
        backfills.start(feed=feed, since=now + since * DAY, until=now + until * DAY, by="alice")
    assert caught.value.field == field
    assert not Backfill.objects.exists()


@pytest.mark.parametrize(
    ("share", "words"), [(0, "from 1 to 100"), (101, "from 1 to 100"), (9, "9 % of 10 requests a day is not one")]
)
def test_a_share_that_is_none_is_refused(feed: Feed, share: int, words: str) -> None:
    feed.connection.calls_per_day = 10
    with pytest.raises(BadPlan, match=words) as caught:
        started(feed, share=share)
    assert caught.value.field == "share"


def test_the_plan_says_what_is_left_of_the_quota_and_counts_the_nights(feed: Feed, now: datetime) -> None:
    feed.connection.calls_per_day, feed.connection.window_days = 100, 1
    today = timezone.now().astimezone(WIB).date()
    Gate.objects.create(connection=feed.connection, day=today, calls=20, backfill_calls=6)
    found = plan(feed, now - 19 * DAY, now, share=10)
    assert (found.calls, found.allowance.per_day, found.allowance.left_today) == (19, 10, 4)
    midnight = datetime.combine(today + DAY, datetime.min.time(), WIB)
    assert (midnight - now) / timedelta(minutes=1) + 24 * 60 <= found.minutes + 1
    assert plan(feed, now - 4 * DAY, now, share=10).minutes < 1
    assert plan(feed, now - 4 * DAY, now, share=10, ahead=1).minutes > 1
    Gate.objects.update(calls=99)
    assert plan(feed, now - DAY, now, share=10).allowance.left_today == 1
    Gate.objects.update(day=today - DAY)
    assert plan(feed, now - DAY, now, share=10).allowance.left_today == 10


def test_the_time_is_expected_from_how_long_the_last_runs_took(feed: Feed, now: datetime) -> None:
    assert plan(feed, now - 14 * DAY, now).minutes == 0.1
    RunFactory(feed=feed, started_at=now - timedelta(seconds=60), finished_at=now)
    assert plan(feed, now - 14 * DAY, now).minutes == 2.0


# -- window by window


def test_a_backfill_fetches_all_of_its_range_and_never_moves_the_cursor(feed: Feed, gateway: Script) -> None:
    cursor = timezone.now() - timedelta(hours=1)
    Feed.objects.update(cursor=cursor)
    gateway.replies[:] = [Reply(orders(1)), Reply(orders(2, 3)), Reply(orders(3))]
    backfill = started(feed)
    runs = serve()
    backfill.refresh_from_db()
    assert (backfill.state, backfill.reached, backfill.progress) == ("succeeded", backfill.until, 1.0)
    assert asked_of(gateway) == [(run.since, run.until) for run in runs]
    assert (runs[0].since, runs[-1].until) == (backfill.since, backfill.until)
    assert [run.kind for run in runs] == ["backfill"] * 3
    assert WorkOrder.objects.count() == 3
    told = figures([backfill])[backfill.pk]
    assert (told.received, told.created, told.unchanged, told.calls) == (4, 3, 1, 3)
    assert (told.windows_done, told.windows_left, told.minutes_left) == (3, 0, None)
    feed.refresh_from_db()
    assert (feed.cursor, feed.succeeded_at, feed.received_at) == (cursor, None, None)


def test_a_feed_that_was_never_fetched_has_no_cursor_after_a_backfill_either(feed: Feed) -> None:
    started(feed)
    serve()
    feed.refresh_from_db()
    assert feed.cursor is None


def test_what_waits_in_quarantine_makes_a_backfill_partial(feed: Feed, gateway: Script) -> None:
    gateway.replies[:] = [Reply(http(200, {"status": 1, "data": [{"noWorkOrder": ""}]})), Reply(NOTHING)]
    backfill = started(feed)
    serve()
    backfill.refresh_from_db()
    assert (backfill.state, backfill.error) == ("partial", "")


def test_a_window_that_fails_pauses_it_with_the_reason_and_is_tried_again(feed: Feed, gateway: Script) -> None:
    gateway.replies[:] = [Reply(NOTHING), Reply(PAGE)]
    backfill = started(feed)
    first, failed = serve()
    backfill.refresh_from_db()
    assert (backfill.state, backfill.reached) == ("paused", failed.since)
    assert backfill.error == "the gateway answered with a web page instead of data: Maintenance"
    assert serve() == []
    gateway.replies[:] = [Reply(NOTHING)]
    backfills.resume(backfill)
    again, last = serve()
    assert (again.since, again.until) == (failed.since, failed.until)
    backfill.refresh_from_db()
    assert (backfill.state, backfill.error) == ("succeeded", "")
    assert [first.until, again.until] == [again.since, last.since]


def test_the_windows_of_several_feeds_take_turns(gateway: Script) -> None:
    connection = ConnectionFactory(base_url=gateway.base_url)
    for _ in range(2):
        started(FeedFactory(connection=connection))
    ended = [run.backfill_id for run in serve()]
    assert len(ended) == 6
    assert len(set(ended[:2])) == 2


# -- what people do


def test_a_paused_one_takes_no_window_and_goes_on_where_it_stopped(feed: Feed, gateway: Script) -> None:
    backfill = started(feed)
    backfills.pause(backfill)
    assert serve() == []
    assert gateway.requests == []
    backfills.resume(backfill)
    assert len(serve()) == 3
    assert len(asked_of(gateway)) == len(set(asked_of(gateway))) == 3


def test_a_window_under_way_is_stored_when_it_is_paused_meanwhile(feed: Feed) -> None:
    backfill = started(feed)
    [work] = claims.Claimer("bulk").claim()
    backfills.pause(backfill)
    desk.store_window(work, [])
    backfill.refresh_from_db()
    assert (backfill.state, backfill.reached) == ("paused", work.run.until)
    assert not backfill.runs.unfinished().exists()
    backfills.resume(backfill)
    assert backfill.runs.unfinished().get().since == work.run.until


def test_resumed_while_its_window_is_still_under_way_it_has_one_run(feed: Feed) -> None:
    backfill = started(feed)
    [work] = claims.Claimer("bulk").claim()
    backfills.pause(backfill)
    backfills.resume(backfill)
    assert backfill.runs.unfinished().get().pk == work.run.pk
    desk.store_window(work, [])
    assert backfill.runs.unfinished().get().since == work.run.until


def test_paused_in_its_last_window_it_ends(feed: Feed) -> None:
    backfill = started(feed, days=1)
    [work] = claims.Claimer("bulk").claim()
    backfills.pause(backfill)
    desk.store_window(work, [])
    backfill.refresh_from_db()
    assert backfill.state == "succeeded"


def test_a_cancelled_one_ends_with_its_waiting_run(feed: Feed) -> None:
    backfill = started(feed)
    backfills.cancel(backfill, by="alice")
    backfill.refresh_from_db()
    run = Run.objects.get()
    assert (backfill.state, backfill.error) == ("cancelled", "cancelled by alice")
    assert (run.state, run.error) == ("cancelled", "the backfill was cancelled")
    assert serve() == []
    assert started(feed).state == "running"


def test_nothing_of_a_cancelled_window_is_stored(feed: Feed) -> None:
    backfill = started(feed)
    [work] = claims.Claimer("bulk").claim()
    backfills.cancel(backfill, by="alice")
    assert claims.renew([work]) == {work.run.pk}
    assert desk.store_window(work, []) is False
    assert list(Run.objects.values_list("state", flat=True)) == ["cancelled"]


def test_a_failure_after_the_cancel_does_not_wake_it(feed: Feed) -> None:
    backfill = started(feed)
    Backfill.objects.update(state="cancelled", finished_at=timezone.now(), error="cancelled by alice")
    run = Run.objects.get()
    run.error = "the gateway failed"
    backfills.go_on(run)
    backfill.refresh_from_db()
    assert (backfill.state, backfill.error) == ("cancelled", "cancelled by alice")


@pytest.mark.parametrize(
    ("state", "verbs"),
    [
        ("running", ["resume"]),
        ("paused", ["pause"]),
        ("succeeded", ["pause", "resume", "cancel"]),
        ("partial", ["pause", "resume", "cancel"]),
        ("cancelled", ["pause", "resume", "cancel"]),
    ],
)
def test_what_does_not_go_with_its_state_is_refused(state: str, verbs: list[str]) -> None:
    backfill = BackfillFactory(state=state)
    for verb in verbs:
        by = {"by": "alice"} if verb == "cancel" else {}
        with pytest.raises(NotPossible, match=f"backfill #{backfill.pk} pkb is {state}"):
            getattr(backfills, verb)(backfill, **by)


def test_two_at_once_for_one_feed_are_refused(feed: Feed) -> None:
    backfill = started(feed)
    words = f"backfill #{backfill.pk} pkb of this dealership and job type is running; resume or cancel it by its number"
    with pytest.raises(BackfillUnderWay, match=words) as caught:
        started(feed)
    assert caught.value.backfill == backfill
    backfills.pause(backfill)
    with pytest.raises(BackfillUnderWay, match="is paused"):
        started(feed)
    started(FeedFactory(connection=feed.connection, dealership=feed.dealership, job_type="prospect"))


def test_a_new_one_waits_until_the_last_window_of_a_cancelled_one_is_stored(feed: Feed) -> None:
    started(feed)
    Backfill.objects.update(state="cancelled", finished_at=timezone.now())
    with pytest.raises(BackfillUnderWay, match="is being stored; try again in a few seconds") as caught:
        started(feed)
    assert caught.value.backfill is None


# -- the quota


def test_it_keeps_to_its_share_of_the_quota_and_goes_on_the_next_day(feed: Feed, gateway: Script) -> None:
    connection = feed.connection
    connection.calls_per_day, connection.window_days = 100, 1
    connection.save()
    backfill = started(feed, share=10)
    assert len(serve()) == 10
    assert len(gateway.requests) == 10
    assert (serve(), len(gateway.requests)) == ([], 10)
    backfill.refresh_from_db()
    told = figures([backfill])[backfill.pk]
    assert told.waits_for.startswith("Today's share of requests is used up")
    assert told.minutes_left is not None
    gate = Gate.objects.get()
    assert (gate.calls, gate.backfill_calls) == (10, 10)
    services.open_run(feed=feed, by="schedule")
    assert [run.state for run in serve("live")] == ["succeeded"]
    Gate.objects.update(day=gate.day - DAY)
    assert len(serve()) == 10
    backfill.refresh_from_db()
    assert backfill.state == "succeeded"


def test_the_share_is_of_all_backfills_of_a_connection_together(gateway: Script) -> None:
    connection = ConnectionFactory(base_url=gateway.base_url, calls_per_day=100, window_days=1)
    for _ in range(3):
        started(FeedFactory(connection=connection), share=10)
    larger = started(FeedFactory(connection=connection), share=12)
    assert len(serve()) == 12
    assert {run.backfill_id for run in Run.objects.filter(finished_at__isnull=False)} > {larger.pk}


def test_tries_that_failed_count_into_the_share(feed: Feed, gateway: Script) -> None:
    work = claims.work_of(RunFactory(feed=feed, kind="backfill", backfill=BackfillFactory(feed=feed)))
    work.calls = 4
    claimer = claims.Claimer("bulk")
    claimer.places.take(feed.connection_id, feed.dealership_id)
    claimer.done(work)
    started(FeedFactory(connection=feed.connection))
    assert len(claimer.claim()) == 1
    assert (Gate.objects.get().calls, Gate.objects.get().backfill_calls) == (4, 4)


def test_a_comparison_takes_nothing_of_the_backfills_share(feed: Feed) -> None:
    services.open_run(feed=feed, by="alice", kind=Run.Kind.COMPARISON)
    serve()
    assert (Gate.objects.get().calls, Gate.objects.get().backfill_calls) == (1, 0)


def test_backfills_that_wait_for_their_share_do_not_stand_in_front_of_others(
    gateway: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "PER_CONNECTION", 2)
    full = ConnectionFactory(base_url=gateway.base_url, calls_per_day=10)
    for _ in range(3):
        started(FeedFactory(connection=full), share=10)
    assert len(serve()) == 1
    other = started(FeedFactory(connection__base_url=gateway.base_url), days=1)
    assert [run.backfill_id for run in serve()] == [other.pk]


def test_backfills_leave_half_of_the_pace_to_live_runs(gateway: Script) -> None:
    connection = ConnectionFactory(base_url=gateway.base_url, calls_per_second=2)
    for _ in range(5):
        started(FeedFactory(connection=connection), days=1)
        services.open_run(feed=FeedFactory(connection=connection), by="schedule")
    assert len(claims.Claimer("bulk").claim()) == 3
    assert len(claims.Claimer("live").claim()) == 1


# -- what no worker comes by


def test_a_window_that_has_become_too_old_while_it_waited_begins_later(feed: Feed, gateway: Script) -> None:
    backfill = started(feed, days=29)
    run = Run.objects.get()
    long_ago = timezone.now().replace(microsecond=0) - 33 * DAY
    Run.objects.update(since=long_ago, until=long_ago + 7 * DAY)
    Backfill.objects.update(since=long_ago, reached=long_ago)
    backfills.look_after()
    run.refresh_from_db()
    backfill.refresh_from_db()
    assert timezone.now() - 30 * DAY < run.since == backfill.reached < run.until
    assert backfill.left_out.endswith("the gateway gives the last 30 days")
    serve()
    backfill.refresh_from_db()
    assert backfill.state == "succeeded"
    assert backfill.left_out.count("\n") == 0


@pytest.mark.parametrize("state", ["running", "paused"])
def test_a_window_that_the_gateway_gives_no_more_at_all_is_not_tried(feed: Feed, gateway: Script, state: str) -> None:
    backfill = started(feed, days=29)
    long_ago = timezone.now().replace(microsecond=0) - 50 * DAY
    Run.objects.update(since=long_ago, until=long_ago + 7 * DAY)
    Backfill.objects.update(since=long_ago, reached=long_ago, state=state)
    backfills.look_after()
    run = Run.objects.order_by("pk").first()
    assert run is not None
    assert (run.state, run.error) == ("cancelled", "the gateway gives this window no more")
    if state == "paused":
        assert not backfill.runs.unfinished().exists()
        backfills.resume(backfill)
    serve()
    backfill.refresh_from_db()
    assert (backfill.state, backfill.reached) == ("succeeded", backfill.until)
    assert all(since > timezone.now() - 30 * DAY for since, _ in asked_of(gateway))


def test_a_window_half_stored_goes_on_behind_what_is_too_old(feed: Feed) -> None:
    started(feed, days=29)
    long_ago = timezone.now().replace(microsecond=0) - 33 * DAY
    Run.objects.update(since=long_ago, reached=long_ago + DAY, until=long_ago + 7 * DAY)
    Backfill.objects.update(since=long_ago, reached=long_ago)
    backfills.look_after()
    run = Run.objects.get()
    assert run.since == long_ago
    assert run.reached is not None
    assert run.reached > timezone.now() - 30 * DAY


def test_one_whose_window_workers_died_of_is_paused_with_the_reason(feed: Feed) -> None:
    backfill = started(feed)
    for _ in range(3):
        assert claims.Claimer("bulk").claim()
        Run.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        claims.take_over()
    backfills.look_after()
    backfill.refresh_from_db()
    assert (backfill.state, backfill.error) == ("paused", "3 workers stopped in the middle of it")
    backfills.resume(backfill)
    assert len(serve()) == 3


def test_the_dispatcher_gives_one_without_a_run_another(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "nudge", lambda lane: None)
    backfill = started(feed)
    Run.objects.all().delete()
    tasks.dispatch()
    assert backfill.runs.unfinished().get().since == backfill.since


def test_what_is_well_is_left_alone(feed: Feed) -> None:
    started(feed)
    before = list(Run.objects.values()), list(Backfill.objects.values())
    backfills.look_after()
    assert (list(Run.objects.values()), list(Backfill.objects.values())) == before
