"""How fresh a feed is, or why it is not: every state, its boundaries, and which of them wins."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ingestion import freshness, slots
from ingestion.models import Feed, Run
from tests.factories import MOMENT, FeedFactory, GateFactory, RunFactory

pytestmark = pytest.mark.django_db
NOW = MOMENT
SECOND, MINUTE, HOUR, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
PERIOD = timedelta(minutes=15)


def feed(**given):
    """A feed that is fetched every 15 minutes and was a minute ago."""
    usual = {
        "created_at": NOW - 30 * DAY,
        "cursor": NOW - MINUTE,
        "slot": NOW - MINUTE,
        "next_slot": NOW - MINUTE + PERIOD,
        "period": PERIOD,
        "succeeded_at": NOW - MINUTE,
        "received_at": NOW - MINUTE,
    }
    return FeedFactory(**{**usual, **given})


def new_feed(**given):
    return feed(**{"cursor": None, "succeeded_at": None, "received_at": None, "created_at": NOW - MINUTE, **given})


def unfinished(of, queued_at, **given):
    return RunFactory(feed=of, state=Run.State.QUEUED, started_at=None, queued_at=queued_at, **given)


def judged(each, now=NOW):
    return Feed.objects.with_freshness(now).get(pk=each.pk)


def state(each, now=NOW):
    return judged(each, now).freshness


# -- each state


def test_a_feed_that_was_fetched_is_fresh():
    assert state(feed()) == "fresh"


@pytest.mark.parametrize("off", ["is_enabled", "connection__is_active", "dealership__is_active"])
def test_a_feed_that_is_switched_off_is_off_whatever_else(off):
    assert state(feed(**{off: False}, succeeded_at=None, failures=9, next_slot=NOW - DAY)) == "off"


def test_a_run_is_stuck_after_an_interval():
    row = feed()
    run = unfinished(row, NOW - PERIOD)
    assert state(row) == "fresh"
    assert state(row, NOW + SECOND) == "stuck"
    Run.objects.update(state=Run.State.RUNNING, started_at=NOW)
    assert state(row, NOW + SECOND) == "stuck"
    assert judged(row).unfinished_id == run.pk


def test_a_run_may_take_five_minutes_however_short_the_interval():
    row = feed(period=MINUTE, succeeded_at=NOW - SECOND)
    unfinished(row, NOW - 5 * MINUTE)
    assert state(row) != "stuck"
    assert state(row, NOW + SECOND) == "stuck"


@pytest.mark.parametrize("kind", [Run.Kind.COMPARISON, Run.Kind.REPLAY])
def test_only_a_live_run_is_waited_for(kind):
    row = feed()
    unfinished(row, NOW - DAY, kind=kind)
    assert (state(row), judged(row).unfinished_id) == ("fresh", None)


def test_a_slot_that_nobody_filled_is_missed_after_two_minutes():
    row = feed(slot=NOW - PERIOD, next_slot=NOW)
    assert state(row, NOW + 2 * MINUTE) == "fresh"
    assert state(row, NOW + 2 * MINUTE + SECOND) == "missed"


def test_the_first_slot_is_missed_too():
    assert state(new_feed(slot=None, next_slot=NOW - 3 * MINUTE)) == "missed"


def test_a_slot_whose_run_is_under_way_is_not_missed():
    row = feed(slot=NOW - 2 * PERIOD, next_slot=NOW - 3 * MINUTE, succeeded_at=NOW - PERIOD)
    unfinished(row, NOW - 4 * MINUTE)
    assert state(row) == "fresh"


def test_a_dead_beat_shows_within_two_intervals():
    """The last run ended well at its slot; then nobody makes any."""
    row = feed(slot=NOW, next_slot=NOW + PERIOD, succeeded_at=NOW + 2 * SECOND)
    assert state(row, NOW + PERIOD) == "fresh"
    assert state(row, NOW + 2 * PERIOD) == "missed"


def test_dead_workers_show_within_two_intervals():
    """The last run ended well at its slot; the next is made, and nobody carries it out."""
    row = feed(slot=NOW + PERIOD, next_slot=NOW + 2 * PERIOD, succeeded_at=NOW + 2 * SECOND)
    unfinished(row, NOW + PERIOD)
    assert state(row, NOW + 2 * PERIOD) == "fresh"
    assert state(row, NOW + 2 * PERIOD + SECOND) == "stuck"


@pytest.mark.parametrize("failures", [1, 7])
def test_a_feed_is_failing_while_its_last_run_failed(failures):
    assert state(feed(failures=failures)) == "failing"


def test_a_feed_is_late_after_two_intervals_without_success():
    row = feed(slot=NOW, next_slot=NOW + DAY, succeeded_at=NOW - 2 * PERIOD)
    assert state(row) == "fresh"
    assert state(row, NOW + SECOND) == "late"


def test_an_interval_that_no_schedule_has_told_is_a_quarter_of_an_hour():
    row = feed(period=None, slot=None, next_slot=None, succeeded_at=NOW - 30 * MINUTE)
    assert state(row) == "fresh"
    assert state(row, NOW + SECOND) == "late"


def test_a_daily_feed_has_days():
    row = feed(period=DAY, slot=NOW, next_slot=NOW + DAY, succeeded_at=NOW - 2 * DAY)
    assert state(row) == "fresh"


@pytest.mark.parametrize(("silence", "limit"), [(timedelta(0), DAY), (11 * HOUR, DAY), (2 * DAY, 4 * DAY)])
def test_a_feed_is_empty_after_twice_its_longest_silence_and_a_day_at_least(silence, limit):
    row = feed(silence=silence, received_at=NOW - limit)
    assert state(row) == "fresh"
    assert state(row, NOW + SECOND) == "empty"


def test_a_feed_that_never_held_a_record_is_not_empty():
    assert state(feed(received_at=None)) == "fresh"


def test_a_new_feed_waits_for_its_first_run():
    row = new_feed(slot=None, next_slot=None, period=None)
    assert state(row) == "waiting"
    unfinished(row, NOW)
    assert state(row) == "waiting"


def test_a_feed_has_never_succeeded_after_two_intervals():
    row = new_feed(slot=None, next_slot=None, created_at=NOW - 2 * PERIOD)
    assert state(row) == "waiting"
    assert state(row, NOW + SECOND) == "never"


@pytest.mark.parametrize("given", [{"failures": 1}, {"failures": 0}], ids=["failed", "cancelled"])
def test_a_feed_has_never_succeeded_when_its_first_run_ended_otherwise(given):
    assert state(new_feed(**given)) == "never"


# -- which of them wins


def test_what_we_do_not_do_stands_before_what_the_gateway_does():
    row = feed(failures=3, slot=NOW - DAY, next_slot=NOW - HOUR, succeeded_at=NOW - DAY, received_at=NOW - 9 * DAY)
    assert state(row) == "missed"
    unfinished(row, NOW - HOUR)
    assert state(row) == "stuck"
    Run.objects.all().delete()
    Feed.objects.update(slot=NOW)
    assert state(row) == "failing"
    Feed.objects.update(failures=0)
    assert state(row) == "late"
    Feed.objects.update(succeeded_at=NOW)
    assert state(row) == "empty"


def test_the_order_of_the_states_is_that_of_the_description():
    told = [line.removeprefix("- ").split(":")[0] for line in freshness.__doc__.splitlines() if line.startswith("- ")]
    assert told == Feed.State.values


# -- by what it is judged


def test_the_lag_is_counted_from_the_cursor():
    assert judged(feed(cursor=NOW - HOUR)).lag == HOUR
    assert judged(feed(cursor=None)).lag is None


def test_without_a_moment_the_databases_clock_counts():
    now = timezone.now()
    row = feed(slot=now, next_slot=now + PERIOD, succeeded_at=now, received_at=now)
    assert Feed.objects.with_freshness().get(pk=row.pk).freshness == "fresh"
    Feed.objects.update(succeeded_at=now - HOUR)
    assert Feed.objects.with_freshness().get(pk=row.pk).freshness == "late"


def test_a_feed_is_one_row_whatever_its_runs():
    row = feed()
    unfinished(row, NOW)
    for kind in (Run.Kind.COMPARISON, Run.Kind.REPLAY):
        unfinished(row, NOW, kind=kind)
    RunFactory(feed=row)
    assert Feed.objects.with_freshness(NOW).count() == 1
    assert len(Feed.objects.with_freshness(NOW)) == 1


def test_what_the_schedule_makes_is_not_missed(db):
    """The road through `ingestion.slots`: a new feed gets its first run, and waits for its end."""
    row = FeedFactory(job_type="pkb")
    slots.fill(["pkb"])
    found = Feed.objects.with_freshness().get(pk=row.pk)
    assert (found.freshness, found.unfinished_state) == ("waiting", "queued")


# -- in words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"is_enabled": False}, "The feed is switched off."),
        ({"connection__is_active": False}, "Its connection or its dealership is switched off."),
        ({"slot": NOW - HOUR, "next_slot": NOW - HOUR / 2}, "A run was due 30 minutes ago and nobody made it"),
        ({"failures": 1}, "Its last run failed; the last success was 1 minute ago."),
        ({"failures": 4}, "Its last 4 runs failed; the last success was 1 minute ago."),
        ({"succeeded_at": NOW - HOUR}, "The last success was 1 hour ago; it should be fetched every 15 minutes."),
        (
            {"received_at": NOW - 3 * DAY, "silence": 5 * HOUR},
            "came 3 days ago; its longest silence was 5 hours.",
        ),
        ({"succeeded_at": None, "failures": 2}, "It has never succeeded; its last 2 runs failed."),
        ({"succeeded_at": None, "slot": None, "next_slot": None}, "It has never succeeded since it was added"),
        ({"succeeded_at": None, "slot": None, "created_at": NOW}, "It is new; its first run is still to end."),
        ({}, "Fetched 1 minute ago."),
    ],
)
def test_a_state_is_told_in_a_sentence(given, words):
    assert words in freshness.words_of(judged(feed(**given)), NOW)


def test_a_stuck_run_is_told_by_its_number():
    row = feed()
    run = unfinished(row, NOW - HOUR)
    assert freshness.words_of(judged(row), NOW) == f"Run #{run.pk} was queued 1 hour ago and is still queued."


def test_a_connection_that_is_left_alone_is_told_with_the_reason():
    row = feed(failures=2)
    GateFactory(connection=row.connection, opened_at=NOW - HOUR, error="the gateway is away")
    words = f"Connection {row.connection} has been left alone for 1 hour: the gateway is away."
    assert freshness.breaker_words(judged(row), NOW) == words
    Feed.objects.update(is_enabled=False)
    assert freshness.breaker_words(judged(row), NOW) == ""


def test_every_state_has_its_sentence():
    assert list(freshness.SENTENCES) == list(Feed.State)
