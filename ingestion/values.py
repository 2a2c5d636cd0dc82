"""Reads one value of an answer into its canonical text, or says why it cannot be read.

Canonical text is what PostgreSQL prints for the typed value: two spellings of one value have one canonical text, so
that equality of content is equality of text, and PostgreSQL reads it back into any column without loss. `None` means
that the gateway said nothing. The rules are those of docs/dgi.md.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from datetime import timezone as fixed_zone
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

NUMBER = re.compile(r"[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]{1,4})?")
LONGEST_NUMBER = 60
LONGEST_CODE = 64
"""Letters of a code; an index of seven of them has room for no more."""
INTEGER_DIGITS = DECIMAL_DIGITS = 20
TOO_LARGE = 10**INTEGER_DIGITS
WHOLE_LIMIT = 2**63

CLOCK = r"(?P<hour>\d{1,2})[:.](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?P<fraction>\.\d{1,9})?)?"
OFFSET = r"(?P<offset>Z|[+-]\d{2}(?::?\d{2})?)?"
MOMENT = re.compile(
    r"(?:(?P<day>\d{1,2})[/.-](?P<month>\d{1,2})[/.-](?P<year>\d{4})"
    r"|(?P<iso_year>\d{4})[/.-](?P<iso_month>\d{1,2})[/.-](?P<iso_day>\d{1,2}))"
    rf"(?:[ \tT]+{CLOCK}\s*:?\s*{OFFSET})?\s*:?",
    re.ASCII,
)
TIME = re.compile(rf"{CLOCK}\s*:?", re.ASCII)
UNSTORABLE = re.compile("[\x00\x1d-\x1f\ud800-\udfff]")
"""PostgreSQL's text holds neither NUL nor half a surrogate pair; the separators
keep rows and columns apart on their way there."""


class Unreadable(ValueError):
    """A value that its column cannot hold; the text says why, for a person."""


def shown(value: object) -> str:
    """`value` short enough for a reason."""
    text = str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def text(value: object) -> str | None:
    """Text without blanks around it; a number or a truth value by its decimal text."""
    if type(value) is str:
        value = value.strip()
        if not value.isprintable():
            value = UNSTORABLE.sub("", value).strip()
        return value or None
    if value is None:
        return None
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, int):
        return whole_text(value)
    if isinstance(value, Decimal):
        if abs(value.adjusted()) > LONGEST_NUMBER:
            raise Unreadable(f"{shown(value)} is too large a number")
        return format(value, "f")
    raise Unreadable(f"{kind(value)} stands where text is expected")


def code(value: object) -> str | None:
    """Text that is short enough to be looked up, as every code is."""
    found = text(value)
    if found is not None and len(found) > LONGEST_CODE:
        raise Unreadable(f"{shown(found)!r} is too long for a code")
    return found


def whole_text(value: int) -> str:
    if abs(value) >= 10**LONGEST_NUMBER:
        raise Unreadable(f"a number of more than {LONGEST_NUMBER} digits is too large")
    return str(value)


def kind(value: object) -> str:
    """What a JSON value is, in words."""
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, bool):
        return "a truth value"
    return "a number" if isinstance(value, (int, Decimal)) else "text"


def number(value: object) -> str | None:
    """An exact decimal: 5, 5.0, "5,00" and 5E+0 are one. A comma is the decimal sign; nothing groups thousands."""
    if type(value) is int:
        if -TOO_LARGE < value < TOO_LARGE:
            return str(value)
        raise Unreadable(f"a number of more than {INTEGER_DIGITS} digits is too large")
    if type(value) is str:
        value = value.strip()
        return number_from_text(value) if value else None
    if value is None:
        return None
    if isinstance(value, Decimal):
        return canonical(value)
    raise Unreadable(f"{kind(value)} stands where a number is expected")


@lru_cache(maxsize=65536)
def number_from_text(value: str) -> str:
    if len(value) > LONGEST_NUMBER:
        raise Unreadable(f"{shown(value)} is too long for a number")
    if not NUMBER.fullmatch(value):
        raise Unreadable(f"{shown(value)!r} is no number")
    return canonical(Decimal(value.replace(",", ".")))


def canonical(value: Decimal) -> str:
    """`value` without exponent and without zeros that mean nothing."""
    if not value:
        return "0"
    if value.adjusted() >= INTEGER_DIGITS:
        raise Unreadable(f"{shown(value)} has more than {INTEGER_DIGITS} digits before the decimal sign")
    if value.adjusted() < -DECIMAL_DIGITS:
        raise Unreadable(f"{shown(value)} has more than {DECIMAL_DIGITS} decimals")
    plain = format(value, "f")
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
        if len(plain.partition(".")[2]) > DECIMAL_DIGITS:
            raise Unreadable(f"{shown(value)} has more than {DECIMAL_DIGITS} decimals")
    return plain


def whole(value: object) -> str | None:
    """A whole number that fits 64 bits; 2,0 is whole, 2,5 is not."""
    plain = number(value)
    if plain is None:
        return None
    if "." in plain:
        raise Unreadable(f"{shown(value)!r} is not a whole number")
    if len(plain) > 18 and not -WHOLE_LIMIT <= int(plain) < WHOLE_LIMIT:
        raise Unreadable(f"{shown(value)!r} is too large for a whole number")
    return plain


def moment(value: object, zone: ZoneInfo) -> str | None:
    """A moment in UTC. Without an offset it is local time of `zone`; a date alone is local midnight."""
    if value is None:
        return None
    if type(value) is not str:
        raise Unreadable(f"{kind(value)} stands where a date and time are expected")
    value = value.strip()
    return moment_from_text(value, zone) if value else None


def moment_from_text(value: str, zone: ZoneInfo) -> str:
    utc = seen_from(instant(value, zone), UTC)
    return f"{utc.replace(tzinfo=None).isoformat(' ')}+00"


def day(value: object, zone: ZoneInfo) -> str | None:
    """A date; of a moment its local date."""
    if value is None:
        return None
    if type(value) is not str:
        raise Unreadable(f"{kind(value)} stands where a date is expected")
    value = value.strip()
    return day_from_text(value, zone) if value else None


def day_from_text(value: str, zone: ZoneInfo) -> str:
    found = instant(value, zone)
    return (found if found.tzinfo is zone else seen_from(found, zone)).date().isoformat()


def seen_from(found: datetime, zone: tzinfo) -> datetime:
    try:
        return found.astimezone(zone)
    except OverflowError:
        raise Unreadable(f"'{found}' lies outside the calendar") from None


def instant(value: str, zone: ZoneInfo) -> datetime:
    """The aware moment that `value` names: DD/MM/YYYY or YYYY/MM/DD (also with - or .), with or without a time."""
    if len(value) == 19 and (value[2], value[5], value[10], value[13], value[16]) == ("/", "/", " ", ":", ":"):
        with suppress(ValueError):
            return datetime.fromisoformat(f"{value[6:10]}-{value[3:5]}-{value[:2]}T{value[11:]}").replace(tzinfo=zone)
    match = MOMENT.fullmatch(value)
    if not match:
        raise Unreadable(f"{shown(value)!r} is no date; DD/MM/YYYY or DD/MM/YYYY HH:MM:SS is expected")
    part = match.groupdict()
    year, month, number_of_day = (
        (part["iso_year"], part["iso_month"], part["iso_day"])
        if part["iso_year"]
        else (part["year"], part["month"], part["day"])
    )
    try:
        on = date(int(year), int(month), int(number_of_day))
        at = clock_time(part) if part["hour"] else time()
        return datetime.combine(on, at, offset_zone(part["offset"]) or zone)
    except ValueError:
        raise Unreadable(f"{shown(value)!r} is an impossible date or time") from None


def offset_zone(offset: str | None) -> fixed_zone | None:
    if not offset:
        return None
    if offset == "Z":
        return UTC
    ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:].lstrip(":") or 0))
    return fixed_zone(-ahead if offset[0] == "-" else ahead)


def clock_time(part: dict[str, str | None]) -> time:
    fraction = int((part["fraction"] or ".0")[1:7].ljust(6, "0"))
    return time(int(part["hour"] or 0), int(part["minute"] or 0), int(part["second"] or 0), fraction)


def clock(value: object) -> str | None:
    """A time of day: 09.00 and 09:00 are one; of a moment its time."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        value = format(value, "f")
    if type(value) is not str:
        raise Unreadable(f"{kind(value)} stands where a time is expected")
    value = value.strip()
    return clock_from_text(value) if value else None


def clock_from_text(value: str) -> str:
    match = TIME.fullmatch(value) or MOMENT.fullmatch(value)
    if not match or not match["hour"]:
        raise Unreadable(f"{shown(value)!r} is no time; HH:MM is expected")
    try:
        return clock_time(match.groupdict()).isoformat()
    except ValueError:
        raise Unreadable(f"{shown(value)!r} is an impossible time") from None
