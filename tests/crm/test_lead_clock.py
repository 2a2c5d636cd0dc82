"""The clock that runs while a dealership is open: over nights, holidays, closed days and clocks that jump."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.clock import due, working_minutes

JAKARTA, BERLIN = ZoneInfo("Asia/Jakarta"), ZoneInfo("Europe/Berlin")
WEEK = [(day, time(8), time(17)) for day in range(1, 6)]
"""Monday to Friday, eight to five."""


def at(text: str, zone: ZoneInfo = JAKARTA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("since", "until", "minutes"),
    [
        ("2026-11-23 09:00", "2026-11-23 09:30", 30),  # a Monday
        ("2026-11-23 07:00", "2026-11-23 08:10", 10),
        ("2026-11-23 16:50", "2026-11-24 08:05", 15),
        ("2026-11-20 16:50", "2026-11-23 08:05", 15),  # over a weekend
        ("2026-11-21 10:00", "2026-11-22 20:00", 0),
        ("2026-11-23 08:00", "2026-11-30 08:00", 5 * 540),
        ("2026-11-23 09:30", "2026-11-23 09:00", 0),
        ("2026-11-23 09:00:00", "2026-11-23 09:00:59", 0),
    ],
)
def test_minutes_are_counted_while_it_is_open(since: str, until: str, minutes: int) -> None:
    assert working_minutes(WEEK, (), JAKARTA, at(since), at(until)) == minutes


def test_a_holiday_is_closed() -> None:
    there = at("2026-11-23 16:50"), at("2026-11-25 08:05")
    assert working_minutes(WEEK, {date(2026, 11, 24)}, JAKARTA, *there) == 15
    assert due(WEEK, {date(2026, 11, 24)}, JAKARTA, there[0], 30) == at("2026-11-25 08:20")


def test_a_day_with_a_break_and_hours_that_overlap_count_once() -> None:
    hours = [(1, time(8), time(12)), (1, time(13), time(17)), (1, time(11), time(12, 30))]
    assert working_minutes(hours, (), JAKARTA, at("2026-11-23 00:00"), at("2026-11-24 00:00")) == 270 + 240


def test_hours_are_the_dealerships_not_utcs() -> None:
    monday = datetime(2026, 11, 23, 0, 30, tzinfo=UTC)  # 07:30 in Jakarta
    assert due(WEEK, (), JAKARTA, monday, 30) == datetime(2026, 11, 23, 1, 30, tzinfo=UTC)


def test_minutes_pass_as_they_do_when_clocks_jump() -> None:
    night = [(7, time(0), time(6))]  # Sundays, when clocks change
    forward = at("2026-03-29 00:00", BERLIN), at("2026-03-30 00:00", BERLIN)
    back = at("2026-10-25 00:00", BERLIN), at("2026-10-26 00:00", BERLIN)
    assert working_minutes(night, (), BERLIN, *forward) == 5 * 60
    assert working_minutes(night, (), BERLIN, *back) == 7 * 60
    assert due(night, (), BERLIN, forward[0], 150) == at("2026-03-29 03:30", BERLIN)
    day = [(7, time(8), time(17))]
    assert working_minutes(day, (), BERLIN, *forward) == working_minutes(day, (), BERLIN, *back) == 540


def test_hours_that_fall_into_the_gap_count_as_they_passed() -> None:
    gap = [(7, time(2, 15), time(3, 30))]
    there = at("2026-03-29 00:00", BERLIN), at("2026-03-30 00:00", BERLIN)
    assert working_minutes(gap, (), BERLIN, *there) == 15


def test_without_hours_it_is_open_round_the_clock_but_on_holidays() -> None:
    assert due([], (), JAKARTA, at("2026-11-22 23:50"), 30) == at("2026-11-23 00:20")
    assert due([], {date(2026, 11, 23)}, JAKARTA, at("2026-11-22 23:50"), 30) == at("2026-11-24 00:20")


def test_one_that_never_opens_is_due_all_the_same() -> None:
    holidays = {date(2026, 11, 23) + timedelta(days=day) for day in range(900)}
    since = at("2026-11-23 09:00")
    assert due(WEEK, holidays, JAKARTA, since, 30) == since + timedelta(minutes=30)
    assert working_minutes(WEEK, holidays, JAKARTA, since, at("2028-01-01 00:00")) == 0


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),
    st.integers(1, 3000),
    st.sampled_from([JAKARTA, BERLIN, ZoneInfo("America/Santiago")]),
    st.sets(st.dates(date(2026, 1, 1), date(2027, 1, 1)), max_size=20),
)
def test_what_is_due_after_so_many_minutes_is_so_many_minutes_away(
    since: datetime, minutes: int, zone: ZoneInfo, holidays: set[date]
) -> None:
    until = due(WEEK, holidays, zone, since, minutes)
    assert working_minutes(WEEK, holidays, zone, since, until) == minutes
    middle = since + (until - since) / 2
    parts = working_minutes(WEEK, holidays, zone, since, middle) + working_minutes(WEEK, holidays, zone, middle, until)
    assert minutes - 1 <= parts <= minutes
