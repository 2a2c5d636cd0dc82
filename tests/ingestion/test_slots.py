"""The schedule: each rule on every clock, and a run for each slot, once, whatever happens around it."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
import time_machine
from django.db import connection
from django.utils import timezone
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)

from ingestion import slots
from ingestion.models import Feed, Run
from ingestion.slots import FAN_OUT, Crontab, Due, Every, daily, due_of
from tests.factories import DealershipFactory, FeedFactory, RunFactory

QUARTER = timedelta(minutes=15)
EVERY = Every(QUARTER)
NOON = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
CHANGES = {
    "America/New_York": (date(2026, 3, 8), date(2026, 11, 1)),
    "Europe/London": (date(2026, 3, 29), date(2026, 10, 25)),
    "Asia/Jakarta": (date(2026, 3, 8), date(2026, 11, 1)),
    "Australia/Lord_Howe": (date(2026, 4, 5), date(2026, 10, 4)),
}
"""Days on which a clock is put back or forward; Jakarta's never is."""
DAYS = [(zone, day) for zone, days in CHANGES.items() for day in days]


# -- rules


def slots_between(rule: Every | Crontab, since: datetime, until: datetime, step: timedelta) -> list[datetime]:
    """The slots that somebody finds who looks every `step`; each look says truly when the next one is."""
    found: list[datetime] = []
    now, following = since, None
    while now < until:
        due = rule.due(now)
        assert due is not None
        assert due.slot <= now < due.following
        if not found or due.slot != found[-1]:
            assert following in (None, due.slot)
            found.append(due.slot)
        now, following = now + step, due.following
    return [slot for slot in found if since <= slot]


def around(day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The local days before, on and after `day`."""
    return tuple(datetime.combine(day + timedelta(days=days), time(), zone).astimezone(UTC) for days in (-1, 2))  # type: ignore[return-value]


@pytest.mark.parametrize(("zone", "day"), DAYS)
@pytest.mark.parametrize(
    "at", [time(0, 0), time(1, 30), time(2, 0), time(2, 15), time(2, 30), time(9, 0), time(23, 45)]
)
def test_a_time_of_day_comes_once_on_every_local_date(zone: str, day: date, at: time) -> None:
    clock = ZoneInfo(zone)
    found = slots_between(daily(at, clock), *around(day, clock), QUARTER)
    assert [slot.astimezone(clock).date() for slot in found] == [day + timedelta(days=days) for days in (-1, 0, 1)]


@pytest.mark.parametrize(("zone", "day"), DAYS)
def test_nine_in_the_morning_is_nine_on_the_dealerships_clock(zone: str, day: date) -> None:
    clock = ZoneInfo(zone)
    found = slots_between(daily(time(9), clock), *around(day, clock), QUARTER)
    assert [slot.astimezone(clock).time() for slot in found] == [time(9)] * 3


def test_a_time_that_the_clock_skips_comes_as_much_later_as_it_was_put_forward() -> None:
    clock = ZoneInfo("America/New_York")
    due = daily(time(2, 30), clock).due(datetime(2026, 3, 8, 12, tzinfo=UTC))
    assert due
    assert due.slot.astimezone(clock) == datetime(2026, 3, 8, 3, 30, tzinfo=clock)


def test_a_time_that_the_clock_shows_twice_is_the_first_of_the_two() -> None:
    due = daily(time(1, 30), ZoneInfo("America/New_York")).due(datetime(2026, 11, 1, 12, tzinfo=UTC))
    assert due
    assert due.slot == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)


@pytest.mark.parametrize("day", sorted({day for _, day in DAYS}))
def test_an_interval_of_15_minutes_has_96_slots_a_day_whatever_clocks_do(day: date) -> None:
    midnight = datetime.combine(day, time(), UTC)
    found = slots_between(EVERY, midnight, midnight + timedelta(days=1), timedelta(minutes=1))
    assert found == [midnight + number * QUARTER for number in range(96)]


@pytest.mark.parametrize(("zone", "day"), DAYS)
def test_a_crontab_of_several_times_misses_and_repeats_none(zone: str, day: date) -> None:
    clock = ZoneInfo(zone)
    rule = Crontab((0, 30), tuple(range(24)), clock)
    found = slots_between(rule, *around(day, clock), QUARTER)
    assert len(found) == len(set(found))
    seen = {slot.astimezone(clock).replace(tzinfo=None, fold=0) for slot in found}
    shown = {
        (around(day, clock)[0] + timedelta(minutes=30 * number)).astimezone(clock).replace(tzinfo=None, fold=0)
        for number in range(200)
        if around(day, clock)[0] + timedelta(minutes=30 * number) < around(day, clock)[1]
    }
    assert shown - seen == set(), "a half hour that the clock shows has its slot"


def test_days_that_a_crontab_leaves_out_have_no_slot() -> None:
    monday_at_six = Crontab((0,), (6,), ZoneInfo("UTC"), weekdays=frozenset({1}))
    wednesday = datetime(2026, 6, 3, tzinfo=UTC)
    assert monday_at_six.due(wednesday) == Due(datetime(2026, 6, 1, 6, tzinfo=UTC), datetime(2026, 6, 8, 6, tzinfo=UTC))


def test_a_leap_day_comes_back_and_30_february_never() -> None:
    leap_day = Crontab((0,), (6,), ZoneInfo("UTC"), days=frozenset({29}), months=frozenset({2}))
    assert leap_day.due(NOON) == Due(datetime(2024, 2, 29, 6, tzinfo=UTC), datetime(2028, 2, 29, 6, tzinfo=UTC))
    assert Crontab((0,), (6,), ZoneInfo("UTC"), days=frozenset({30}), months=frozenset({2})).due(NOON) is None


def test_of_several_rules_the_latest_slot_counts_and_the_first_that_follows() -> None:
    at_five_past = Crontab((5,), tuple(range(24)), ZoneInfo("UTC"))
    assert due_of([EVERY, at_five_past], NOON + timedelta(minutes=7)) == Due(
        NOON + timedelta(minutes=5), NOON + timedelta(minutes=15)
    )


# -- runs


@pytest.fixture
def clock(db: None) -> Iterator[time_machine.Traveller]:
    """At noon, with nothing scheduled."""
    PeriodicTask.objects.all().delete()
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def scheduled(args: str = '["pkb"]', *, minutes: int = 15, **columns: object) -> PeriodicTask:
    """A periodic task, every so many minutes unless `columns` say otherwise."""
    if not {"crontab", "solar", "clocked"} & columns.keys():
        columns["interval"], _ = IntervalSchedule.objects.get_or_create(every=minutes, period="minutes")
    return PeriodicTask.objects.create(name=f"task {PeriodicTask.objects.count()}", task=FAN_OUT, args=args, **columns)


def crontab(minute: str, hour: str, zone: str = "UTC") -> CrontabSchedule:
    return CrontabSchedule.objects.create(minute=minute, hour=hour, timezone=zone)


def end_runs() -> None:
    """Every run ends well, up to its end."""
    for run in Run.objects.unfinished():
        run.state, run.finished_at = Run.State.SUCCEEDED, timezone.now()
        run.save()
        Feed.objects.filter(pk=run.feed_id).update(cursor=run.until)


def at(moment: datetime) -> timedelta:
    return moment - NOON


def served() -> list[timedelta]:
    """The slots that have a run, from noon on."""
    return [at(slot) for slot in Run.objects.exclude(slot=None).order_by("slot").values_list("slot", flat=True)]


def minutes(*numbers: int) -> list[timedelta]:
    return [timedelta(minutes=number) for number in numbers]


def look(clock: time_machine.Traveller, *numbers: int, ending: bool = True) -> None:
    """Look at the schedule so many minutes after noon."""
    for number in numbers:
        clock.move_to(NOON + timedelta(minutes=number))
        slots.fill()
        if ending:
            end_runs()


def test_a_slot_has_one_run_however_often_somebody_looks(clock: time_machine.Traveller) -> None:
    scheduled()
    feed = FeedFactory()
    look(clock, 0, 0, 1, 14, 15, 16, 29, 31)
    assert served() == minutes(0, 15, 30)
    feed.refresh_from_db()
    assert (at(feed.slot), at(feed.next_slot), feed.period) == (*minutes(30, 45), QUARTER)


def test_six_hours_of_silence_are_caught_up_by_one_run_over_the_gap(clock: time_machine.Traveller) -> None:
    scheduled()
    FeedFactory()
    look(clock, 0, 365, 366, 375)
    assert served() == minutes(0, 360, 375)
    run = Run.objects.get(slot=NOON + timedelta(minutes=360))
    assert (at(run.since), at(run.until)) == tuple(minutes(-15, 365))


def test_a_daily_feed_that_was_not_served_in_time_is_served_once(clock: time_machine.Traveller) -> None:
    scheduled()
    feed = FeedFactory(daily_at=time(9), dealership__time_zone="Asia/Jakarta")
    look(clock, 0, 15, 30, 14 * 60 - 1, 14 * 60 + 5, 20 * 60, 4 * 24 * 60, 4 * 24 * 60 + 15)
    jakarta = [(NOON + slot).astimezone(ZoneInfo("Asia/Jakarta")) for slot in served()]
    assert [f"{slot:%d %H:%M}" for slot in jakarta] == ["01 09:00", "02 09:00", "05 09:00"]
    feed.refresh_from_db()
    assert feed.period == timedelta(days=1)


def test_a_feeds_own_time_is_on_its_dealerships_clock(clock: time_machine.Traveller) -> None:
    scheduled()
    for zone in CHANGES:
        FeedFactory(daily_at=time(9), dealership=DealershipFactory(time_zone=zone))
    look(clock, *range(0, 3 * 24 * 60, 180))
    for zone in CHANGES:
        there = Run.objects.filter(dealership__time_zone=zone).order_by("slot").values_list("slot", flat=True)
        days = [slot.astimezone(ZoneInfo(zone)) for slot in there]
        assert {day.time() for day in days} == {time(9)}
        assert len({day.date() for day in days}) == len(days) >= 3


def test_a_slot_of_a_busy_feed_is_served_when_its_run_has_ended(clock: time_machine.Traveller) -> None:
    scheduled()
    FeedFactory()
    look(clock, 0, 15, 20, ending=False)
    assert served() == minutes(0)
    end_runs()
    look(clock, 21, 22)
    assert served() == minutes(0, 15)
    assert at(Run.objects.latest("slot").until) == timedelta(minutes=21)


def test_a_run_that_a_person_asked_for_delays_the_slot_and_takes_it_from_nobody(clock: time_machine.Traveller) -> None:
    scheduled()
    RunFactory(feed=FeedFactory(), state="queued", started_by="alice@dealer.example", slot=None)
    look(clock, 0)
    assert not Run.objects.exclude(slot=None).exists()
    look(clock, 1)
    assert Run.objects.get(slot=NOON).started_by == "schedule"


def test_a_backfill_under_way_does_not_hold_the_schedule_up(clock: time_machine.Traveller) -> None:
    scheduled()
    feed = FeedFactory()
    RunFactory(feed=feed, kind="comparison", state="queued")
    look(clock, 0)
    assert served() == minutes(0)


def test_a_slower_schedule_begins_with_its_next_slot_and_a_faster_one_at_once(clock: time_machine.Traveller) -> None:
    task = scheduled()
    FeedFactory()
    look(clock, 0, 14)
    task.interval = IntervalSchedule.objects.create(every=40, period="minutes")
    task.save()
    look(clock, 15, 30, 39, 40, 41)
    task.interval = IntervalSchedule.objects.create(every=5, period="minutes")
    task.save()
    look(clock, 42, 44, 45, 46)
    assert served() == minutes(0, 40, 45)


@pytest.mark.parametrize("seconds", [-1, 0, 1])
def test_a_schedule_saved_every_second_around_a_slot_neither_skips_nor_doubles_it(
    clock: time_machine.Traveller, seconds: int
) -> None:
    task = scheduled()
    FeedFactory()
    look(clock, 0)
    for second in range(-10, 11):
        clock.move_to(NOON + QUARTER + timedelta(seconds=second))
        if second == seconds:
            task.interval = IntervalSchedule.objects.create(every=900, period="seconds")
        task.save()
        slots.fill()
        end_runs()
    assert served() == minutes(0, 15)


def test_a_schedule_that_becomes_a_time_of_day_waits_for_it(clock: time_machine.Traveller) -> None:
    task = scheduled()
    FeedFactory()
    look(clock, 0)
    task.interval, task.crontab = None, crontab("30", "13")
    task.save()
    look(clock, 15, 60, 89, 90, 91)
    assert served() == minutes(0, 90)


def test_what_is_switched_off_is_left_out_and_comes_back_with_one_run(clock: time_machine.Traveller) -> None:
    task = scheduled()
    feed = FeedFactory(is_enabled=False)
    off = FeedFactory(connection__is_active=False)
    gone = FeedFactory(dealership__is_active=False)
    look(clock, 0, 15)
    assert served() == []
    task.enabled = False
    task.save()
    Feed.objects.update(is_enabled=True)
    look(clock, 30)
    assert served() == []
    task.enabled = True
    task.save()
    look(clock, 45, 46)
    assert list(Run.objects.values_list("feed", flat=True)) == [feed.pk]
    off.connection.is_active = gone.dealership.is_active = True
    off.connection.save()
    gone.dealership.save()
    look(clock, 47, 48)
    assert set(Run.objects.values_list("feed", flat=True)) == {feed.pk, off.pk, gone.pk}
    assert served() == minutes(45, 45, 45)


def test_a_task_that_has_not_begun_or_is_over_asks_for_nothing(clock: time_machine.Traveller) -> None:
    scheduled(start_time=NOON + timedelta(minutes=20), expires=NOON + timedelta(minutes=40))
    FeedFactory()
    look(clock, 0, 15, 30, 45, 60)
    assert served() == minutes(30)


def test_a_job_type_named_by_two_tasks_has_the_slots_of_both_once(clock: time_machine.Traveller) -> None:
    scheduled()
    scheduled('["pkb", "prospect"]', crontab=crontab("0,10", "*"))
    feed = FeedFactory()
    other = FeedFactory(job_type="prospect")
    look(clock, *range(31))
    assert [at(run.slot) for run in feed.runs.order_by("slot")] == minutes(0, 10, 15, 30)
    assert [at(run.slot) for run in other.runs.order_by("slot")] == minutes(0, 10)
    feed.refresh_from_db()
    assert (at(feed.next_slot), feed.period) == (timedelta(minutes=45), QUARTER)


def test_one_job_type_alone_can_be_asked_for(clock: time_machine.Traveller) -> None:
    scheduled('["pkb"]')
    scheduled('["prospect"]')
    FeedFactory(), FeedFactory(job_type="prospect")
    slots.fill(["prospect"])
    assert list(Run.objects.values_list("job_type", flat=True)) == ["prospect"]


@pytest.mark.parametrize("args", ["not JSON", '{"pkb": 1}', '"pkb"', "[1]", '[["pkb"]]', '["pkb", null]'])
def test_arguments_that_are_no_list_of_job_types_are_told_and_end_nothing(
    clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture, args: str
) -> None:
    scheduled(args)
    scheduled('["prospect"]')
    FeedFactory(), FeedFactory(job_type="prospect")
    look(clock, 0)
    assert list(Run.objects.values_list("job_type", flat=True)) == ["prospect"]
    assert "the periodic task 'task 0' is left out" in caplog.text


@pytest.mark.parametrize("spoilt", [{"interval__every": 0}, {"crontab__hour": "25"}, {"crontab__minute": "often"}])
def test_a_schedule_that_cannot_be_read_is_told_and_ends_nothing(
    clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture, spoilt: dict[str, object]
) -> None:
    ((path, value),) = spoilt.items()
    kind, column = path.split("__")
    task = scheduled() if kind == "interval" else scheduled(crontab=crontab("0", "*"))
    type(getattr(task, kind)).objects.update(**{column: value})
    scheduled('["prospect"]', crontab=CrontabSchedule.objects.create(minute="*/5"))
    FeedFactory(), FeedFactory(job_type="prospect")
    look(clock, 0)
    assert list(Run.objects.values_list("job_type", flat=True)) == ["prospect"]
    assert "the periodic task 'task 0' is left out" in caplog.text


def test_the_sun_and_single_moments_are_no_schedules_of_feeds(
    clock: time_machine.Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    scheduled(solar=SolarSchedule.objects.create(event="sunrise", latitude=-6.2, longitude=106.8))
    scheduled(clocked=ClockedSchedule.objects.create(clocked_time=NOON), one_off=True)
    FeedFactory()
    look(clock, 0, 24 * 60)
    assert served() == []
    assert caplog.text == ""


# -- several at once


@pytest.mark.django_db(transaction=True)
def test_a_feed_that_somebody_holds_is_left_to_the_next_look_instead_of_waited_for() -> None:
    PeriodicTask.objects.all().delete()
    scheduled()
    held, free = FeedFactory(), FeedFactory()
    with psycopg.connect(os.environ["DATABASE_URL"]) as storing:
        storing.execute("SET ROLE forecourt_platform")
        storing.execute("SELECT FROM ingestion_feed WHERE id = %s FOR NO KEY UPDATE", [held.pk])
        slots.fill()
    assert [run.feed_id for run in Run.objects.all()] == [free.pk]
    slots.fill()
    assert {run.feed_id for run in Run.objects.all()} == {held.pk, free.pk}


class Killed(Exception):
    """A dispatcher stopped in the middle."""


def dispatch(chance: random.Random, deadly: float) -> bool:
    """One look of one dispatcher, which dies before some statement with probability `deadly`; whether it lived."""
    last = chance.randrange(1, 14) if chance.random() < deadly else None
    count = 0

    def dies(execute, sql, params, many, context):  # type: ignore[no-untyped-def]
        nonlocal count
        count += 1
        if count == last:
            raise Killed
        return execute(sql, params, many, context)

    try:
        with connection.execute_wrapper(dies):
            slots.fill()
    except Killed:
        return False
    finally:
        connection.close()
    return True


@pytest.mark.django_db(transaction=True)
def test_three_dispatchers_over_fifty_rounds_of_restarts_double_and_miss_no_slot() -> None:
    PeriodicTask.objects.all().delete()
    scheduled('["pkb"]')
    scheduled('["prospect"]', crontab=crontab("*/15", "*"))
    feeds = [FeedFactory(job_type=job_type) for job_type in ("pkb", "prospect") * 5]
    chance = random.Random(20260308)
    looks = killed = 0
    with (
        time_machine.travel(NOON, tick=False) as clock,
        ThreadPoolExecutor(3) as dispatchers,
    ):
        while killed < 50 or looks < 50:
            lived = list(
                dispatchers.map(lambda each: dispatch(each, 0.5), [random.Random(chance.random()) for _ in range(3)])
            )
            killed += lived.count(False)
            if not any(lived):
                continue  # nobody is left to look until one has started again
            dispatch(chance, 0)
            end_runs()
            looks += 1
            clock.shift(timedelta(seconds=chance.randrange(60, 14 * 60)))
    until = Run.objects.latest("slot").slot
    wanted = {NOON + number * QUARTER for number in range((until - NOON) // QUARTER + 1)}
    found = Counter(Run.objects.values_list("feed", "slot"))
    assert found == Counter((feed.pk, slot) for feed in feeds for slot in wanted)
