"""One value of an answer: its canonical text, or why it cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ingestion import fields, values
from ingestion.values import Unreadable

WIB, WITA, WIT = (ZoneInfo(f"Asia/{city}") for city in ("Jakarta", "Makassar", "Jayapura"))

READERS: dict[str, Callable[[object], str | None]] = {
    "text": values.text,
    "number": values.number,
    "whole": values.whole,
    "day": lambda value: values.day(value, WIB),
    "moment": lambda value: values.moment(value, WIB),
    "clock": values.clock,
}
NO_NUMBERS = "12x NaN nan Infinity -inf 1.234,56 1,234,567 1.000.000 --5 5E . , 0x10 ٥ 1_0 ²"
IMPOSSIBLE_DATES = "31/02/2026 00/01/2026 32/01/2026 29/02/2023 01/13/2026 01/01/0000"
NO_DATES = "x 0 2026 12/2026 01/01/26 20260101 Senin ٠١/٠١/٢٠٢٦ 31/12/2018x15:40:50 31/12/2018/15:40:50"
NINE = "09:00 09.00 9:00 9.00 09:00:00 09.00.00 09:00:"
NO_TIMES = "24:00 09:60 9 0900 pagi 09:0 31/12/2018"


def refused(read: Callable[[object], str | None], value: object) -> str:
    with pytest.raises(Unreadable) as error:
        read(value)
    return str(error.value)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("value", [None, "", " ", "\t\r\n", "\u00a0"])
def test_blank_and_missing_are_null_for_every_type(read: Any, value: str | None) -> None:
    assert read(value) is None


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("value", [{}, [], ["5"], {"a": 1}])
def test_lists_and_objects_are_no_values(read: Any, value: object) -> None:
    assert refused(read, value).startswith("a list" if isinstance(value, list) else "an object")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" FIF01/1 ", "FIF01/1"),
        ("\tBA082 \r\n", "BA082"),
        ("two  blanks\tinside\nstay", "two  blanks\tinside\nstay"),
        ("a\x00b", "ab"),
        ("\x00", None),
        (" \x00 x \x00 ", "x"),
        ("a\ud800b\udfff", "ab"),
        ("😀 \u200fأحمد\u200e", "😀 \u200fأحمد\u200e"),
        ("\\N", "\\N"),
        ("x" * 100_000, "x" * 100_000),
        (1, "1"),
        (0, "0"),
        (-7, "-7"),
        (10**40, "1" + "0" * 40),
        (Decimal("1.50"), "1.50"),
        (Decimal("5E+5"), "500000"),
        (Decimal("1E-7"), "0.0000001"),
        (True, "true"),
        (False, "false"),
        ("08138", "08138"),
        ("NONE", "NONE"),
    ],
)
def test_text_is_trimmed_never_cut_and_free_of_what_cannot_be_stored(value: object, expected: str | None) -> None:
    assert values.text(value) == expected


@pytest.mark.parametrize("value", [10**60, -(10**60), Decimal("1E+61"), Decimal("1E-61")])
def test_a_number_too_long_for_words_is_no_text(value: object) -> None:
    assert "too large" in refused(values.text, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (5, "5"),
        (-5, "-5"),
        (0, "0"),
        ("-0", "0"),
        ("-0,00", "0"),
        (Decimal("5.0"), "5"),
        ("5,00", "5"),
        (" 5", "5"),
        ("5\t", "5"),
        ("5E+5", "500000"),
        (Decimal("5E+5"), "500000"),
        ("5e-2", "0.05"),
        ("20,5", "20.5"),
        ("0,0", "0"),
        ("+7", "7"),
        (",5", "0.5"),
        ("5.", "5"),
        ("007", "7"),
        ("500000", "500000"),
        ("-7,123111", "-7.123111"),
        ("111,123121", "111.123121"),
        ("18181.50", "18181.5"),
        ("1.234", "1.234"),
        ("9" * 20, "9" * 20),
        (10**20 - 1, "9" * 20),
        ("0," + "0" * 19 + "1", "0." + "0" * 19 + "1"),
        ("5," + "0" * 30, "5"),
    ],
)
def test_a_comma_is_the_decimal_sign_and_one_number_has_one_text(value: object, expected: str) -> None:
    assert values.number(value) == expected


@pytest.mark.parametrize(
    "value",
    [*NO_NUMBERS.split(), "1 000", "Rp 5"],
)
def test_what_is_no_number_is_refused_and_shown(value: str) -> None:
    assert refused(values.number, value) == f"{value!r} is no number"


@pytest.mark.parametrize(
    "value",
    [10**20, "1" + "0" * 20, "9" * 40, "1E+20", Decimal("1E+9999"), "1E-21", "0," + "1" * 21, "1" * 61, True, False],
)
def test_a_number_beyond_its_column_is_refused(value: object) -> None:
    assert refused(values.number, value)


@pytest.mark.parametrize(
    ("value", "expected"), [("2,0", 2), (Decimal("2.0"), 2), ("64000", 64000), (-3, -3), ("1E3", 1000), ("-0", 0)]
)
def test_a_whole_number_may_be_spelled_with_decimals_that_are_zero(value: object, expected: int) -> None:
    assert values.whole(value) == str(expected)


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63)])
def test_a_whole_number_fills_64_bits(value: int) -> None:
    assert values.whole(value) == values.whole(str(value)) == str(value)


@pytest.mark.parametrize("value", ["2,5", Decimal("0.1"), 2**63, -(2**63) - 1, "x"])
def test_what_is_no_whole_number_of_64_bits_is_refused(value: object) -> None:
    assert refused(values.whole, value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("31/12/2018 15:40:50", "2018-12-31 08:40:50+00"),
        (" 31/12/2018   15:40:50 ", "2018-12-31 08:40:50+00"),
        ("31/12/2018 15:40:50:", "2018-12-31 08:40:50+00"),
        ("31/12/2018 15.40.50", "2018-12-31 08:40:50+00"),
        ("31/12/2018 15:40", "2018-12-31 08:40:00+00"),
        ("31-12-2018 15:40:50", "2018-12-31 08:40:50+00"),
        ("2021/04/29 11:48:46", "2021-04-29 04:48:46+00"),
        ("2021-04-29 11:48:46", "2021-04-29 04:48:46+00"),
        ("2021-04-29T11:48:46", "2021-04-29 04:48:46+00"),
        ("2021-04-29T11:48:46Z", "2021-04-29 11:48:46+00"),
        ("2021-04-29T11:48:46.25+09:00", "2021-04-29 02:48:46.250000+00"),
        ("2021-04-29T11:48:46-0130", "2021-04-29 13:18:46+00"),
        ("29/04/2021", "2021-04-28 17:00:00+00"),
        ("29/04/2021:", "2021-04-28 17:00:00+00"),
        ("1/2/2021 9:05:00", "2021-02-01 02:05:00+00"),
        ("2021-02-01 02:05:00+00", "2021-02-01 02:05:00+00"),
        ("2021-02-01 09:05:00+07", "2021-02-01 02:05:00+00"),
        ("29/02/2024 00:00:00", "2024-02-28 17:00:00+00"),
    ],
)
def test_a_moment_is_local_time_and_a_date_alone_is_local_midnight(value: str, expected: str) -> None:
    assert values.moment(value, WIB) == expected


@pytest.mark.parametrize(("zone", "hour"), [(WIB, "03"), (WITA, "02"), (WIT, "01")])
def test_the_same_clock_is_another_moment_in_each_zone(zone: ZoneInfo, hour: str) -> None:
    assert values.moment("17/04/2023 10:00:00", zone) == f"2023-04-17 {hour}:00:00+00"


@pytest.mark.parametrize(
    "value",
    [
        *IMPOSSIBLE_DATES.split(),
        *("01/01/2026 24:00:00", "01/01/2026 10:60", "01/01/2026 10:00:00+99:00"),
    ],
)
@pytest.mark.parametrize("kind", ["day", "moment"])
def test_an_impossible_date_is_refused(kind: str, value: str) -> None:
    assert "impossible" in refused(READERS[kind], value)


@pytest.mark.parametrize(
    "value",
    [
        *NO_DATES.split(),
        *("01/01/2026 x", "01/01/2026 10"),
    ],
)
@pytest.mark.parametrize("kind", ["day", "moment"])
def test_what_is_no_date_is_refused(kind: str, value: str) -> None:
    assert "is no date" in refused(READERS[kind], value)


@pytest.mark.parametrize("kind", ["day", "moment"])
@pytest.mark.parametrize("value", [20260101, Decimal("1.5"), True])
def test_a_number_is_no_date(kind: str, value: object) -> None:
    assert "is expected" in refused(READERS[kind], value) or "are expected" in refused(READERS[kind], value)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("moment", "01/01/0001 00:00:00"),
        ("moment", "31/12/9999 23:59:59-12:00"),
        ("day", "31/12/9999 23:59:59-12:00"),
        ("day", "01/01/0001 00:00:00+14:00"),
    ],
)
def test_a_moment_outside_the_calendar_is_refused(kind: str, value: str) -> None:
    assert "outside the calendar" in refused(READERS[kind], value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("31/12/2018", "2018-12-31"),
        ("2018-12-31", "2018-12-31"),
        ("2018/12/31", "2018-12-31"),
        ("31/12/2018 00:00:00", "2018-12-31"),
        ("31/12/2018 23:59:59", "2018-12-31"),
        ("2018-12-31T18:00:00Z", "2019-01-01"),
    ],
)
def test_a_date_is_the_local_date_of_what_is_given(value: str, expected: str) -> None:
    assert values.day(value, WIB) == expected


@pytest.mark.parametrize(
    "value",
    [*NINE.split(), " 09.00 ", "17/04/2023 09:00:00", Decimal("9.00")],
)
def test_a_dotted_time_and_one_with_a_colon_are_the_same(value: object) -> None:
    assert values.clock(value) == "09:00:00"


@pytest.mark.parametrize("value", [*NO_TIMES.split(), 9, True, Decimal("9.3")])
def test_what_is_no_time_of_day_is_refused(value: object) -> None:
    assert refused(values.clock, value)


def test_what_was_read_before_does_not_change_what_is_read_now() -> None:
    read = fields.Time("time").reader(WIB)
    assert read(Decimal("9.30")) == "09:30:00"
    assert refused(read, Decimal("9.3"))
    assert refused(read, {})


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "null"), (True, "a truth value"), (1, "a number"), (Decimal(1), "a number"), ("", "text"), ([], "a list")],
)
def test_a_reason_names_what_stands_there(value: object, words: str) -> None:
    assert values.kind(value) == words


def test_a_reason_shows_no_more_than_a_line_of_the_value() -> None:
    assert len(refused(values.number, "x" * 1000)) < 100


def test_a_code_is_short_enough_for_an_index() -> None:
    assert values.code(" 4 ") == "4"
    assert values.code("x" * 64) == "x" * 64
    with pytest.raises(Unreadable, match="too long for a code"):
        values.code("x" * 65)
