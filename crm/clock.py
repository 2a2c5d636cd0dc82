"""The clock that runs while a dealership is open: how long somebody has waited, and until when they may.

Pure functions over opening hours, holidays and a time zone. A dealership that has told no hours is taken as open round
the clock, holidays excepted: a clock that never runs would hide whoever waits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

Hours = Sequence[tuple[int, time, time]]
"""ISO weekday (Monday is 1), opens, closes; a weekday may stand several times, or not at all."""
Span = tuple[datetime, datetime]
LONGEST_CLOSED = 400
"""Days within which a dealership opens again, if it ever does."""


def working_minutes(hours: Hours, holidays: Collection[date], zone: ZoneInfo, since: datetime, until: datetime) -> int:
    """Whole minutes that it is open between two aware moments; 0 if they stand the wrong way round."""
    total = timedelta()
    for opens, closes in open_spans(hours, holidays, zone, since):
        if opens >= until:
            break
        total += max(timedelta(), min(closes, until) - max(opens, since))
    return total // timedelta(minutes=1)


def due(hours: Hours, holidays: Collection[date], zone: ZoneInfo, since: datetime, minutes: int) -> datetime:
    """When so many open minutes after `since` are over; if it never opens, so many of any hour."""
    left = timedelta(minutes=minutes)
    for opens, closes in open_spans(hours, holidays, zone, since):
        start = max(opens, since)
        if closes - start >= left:
            return start + left
        left -= max(timedelta(), closes - start)
    return since + timedelta(minutes=minutes)


def open_spans(hours: Hours, holidays: Collection[date], zone: ZoneInfo, since: datetime) -> Iterator[Span]:
    """In order and in UTC, each span in which it is open, from the day of `since`; ends where it never opens again."""
    day, closed = since.astimezone(zone).date(), 0
    while closed < LONGEST_CLOSED:
        found = [] if day in holidays else spans_of(hours, zone, day)
        yield from found
        closed = 0 if found else closed + 1
        day += timedelta(days=1)


def spans_of(hours: Hours, zone: ZoneInfo, day: date) -> list[Span]:
    """Those of one day; hours that overlap are one. Where no hours are told: from midnight to midnight."""
    if not hours:
        return [(moment(day, time(), zone), moment(day + timedelta(days=1), time(), zone))]
    found: list[Span] = []
    for _weekday, opens, closes in sorted(each for each in hours if each[0] == day.isoweekday()):
        start, end = moment(day, opens, zone), moment(day, closes, zone)
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        elif start < end:  # clocks that jump can leave nothing of it
            found.append((start, end))
    return found


def moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A time of day as a moment in UTC: minutes are counted as they pass, not as clocks jump."""
    return datetime.combine(day, at, zone).astimezone(UTC)
