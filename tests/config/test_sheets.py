"""Files of rows: nothing in them is calculated, values keep their types, and memory does not grow with the rows."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import count
from tempfile import TemporaryFile
from typing import Any

import openpyxl
import pytest
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from config.backoffice import sheets
from config.backoffice.exports import disposition, file_name, write
from config.backoffice.sheets import Sheet, TooManyRows, as_csv, as_xlsx, harmless

SIGNS = "=+-@＝＋－＠"
COLUMNS = [("number", "Number"), ("text", "Text")]
TEXTS = st.text(st.characters(codec="utf-8"), max_size=40)
DANGEROUS = st.builds(
    "".join,
    st.tuples(
        TEXTS,
        st.sampled_from(["", ";", "\t", "\r", "\n", '"', ";;", '\n"']),
        st.sampled_from(["", " ", '"', "\u00a0", "\u200b"]),
        st.sampled_from(SIGNS),
        TEXTS,
    ),
)


def table(*rows: tuple[Any, ...], title: str = "Vehicles") -> Sheet:
    columns = [(str(number), str(number)) for number in range(len(rows[0]))] if rows else COLUMNS
    return Sheet(title, columns, iter(rows))


def in_csv(*rows: tuple[Any, ...]) -> str:
    return b"".join(as_csv(table(*rows))).decode("utf-8-sig")


def in_xlsx(*rows: tuple[Any, ...]) -> tuple[Any, bytes]:
    """The rows as a spreadsheet shows them, without the header, and the markup of the sheet."""
    file = io.BytesIO()
    as_xlsx(table(*rows), file)
    page = openpyxl.load_workbook(file).active
    with zipfile.ZipFile(file) as parts:
        return list(page.iter_rows(min_row=2)), parts.read("xl/worksheets/sheet1.xml")


def cells_of(text: str, separator: str) -> Iterator[str]:
    """What a program makes of a file whose cells it takes to end with `separator`."""
    for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator):
        yield from row


# -- formulas


@settings(deadline=None)
@given(st.one_of(DANGEROUS, TEXTS))
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_no_cell_of_csv_begins_with_a_sign_whatever_is_taken_for_a_separator(separator: str, text: str) -> None:
    for cell in cells_of(in_csv((1, text, -2, text)), separator):
        assert not cell.lstrip().startswith(tuple(SIGNS)) or cell.strip() in {"-2", '-2"'}


@settings(deadline=None)
@given(st.sampled_from([*SIGNS, "\t", "\r", "\n"]), TEXTS)
def test_a_text_that_begins_like_a_formula_has_an_apostrophe_before_it(sign: str, rest: str) -> None:
    found = harmless(f"{sign}{rest}")
    assert found.startswith(f"'{sign}")


@settings(deadline=None)
@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "Zs"]), max_size=40))
def test_a_text_without_a_sign_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text
    assert next(csv.reader(io.StringIO(in_csv(("x", text)).partition("\r\n")[2], newline=""))) == ["x", text]


@settings(deadline=None, max_examples=50)
@given(st.one_of(DANGEROUS, TEXTS, st.just("<r></is></c><c r='Z9'><f>1+1</f></c><c><is></r>")))
def test_no_text_of_a_spreadsheet_is_a_formula_a_link_or_markup(text: str) -> None:
    [[cell, number]], markup = in_xlsx((text, -2))
    assert b"<f>" not in markup
    assert b"<hyperlink" not in markup
    assert (cell.data_type, number.value) in {("s", -2), ("n", -2)}
    assert unescape(cell.value or "").rstrip() == sheets.without_controls(text).rstrip()
    assert cell.quotePrefix == (harmless(text) != sheets.without_controls(text))


def test_an_address_and_a_number_as_text_stay_texts() -> None:
    [cells], markup = in_xlsx(("https://forecourt.example", "00123", "=1", "{=1}"))
    assert [cell.data_type for cell in cells] == ["s", "s", "s", "s"]
    assert b"hyperlink" not in markup


def test_labels_of_columns_are_harmless_too() -> None:
    sheet = Sheet("x", [("a", "=1+1")], iter(()))
    assert b"".join(as_csv(sheet)).decode("utf-8-sig") == "'=1+1\r\n"


# -- types


def test_csv_is_rfc_4180_with_a_mark_of_its_encoding() -> None:
    content = b"".join(as_csv(table((1, 'a "b", c\nd', None), (2, "ü", True))))
    assert content == '\ufeff0,1,2\r\n1,"a ""b"", c\nd",\r\n2,ü,TRUE\r\n'.encode()


def test_numbers_stay_numbers_and_negative_ones_too() -> None:
    assert in_csv((-5, Decimal("-18181.50"), 1.5, Decimal("1E+3"))).splitlines()[1] == "-5,-18181.50,1.5,1000"
    [cells], _ = in_xlsx((-5, Decimal("-18181.50"), 1.5, 10**15))
    assert [(cell.data_type, cell.value) for cell in cells] == [
        *(("n", -5), ("n", -18181.5), ("n", 1.5), ("n", 10**15)),
    ]


def test_a_number_with_more_digits_than_a_spreadsheet_keeps_is_written_as_text() -> None:
    [cells], _ = in_xlsx((1234567890123456789, Decimal("0.1234567890123456"), float("nan"), float("-inf")))
    assert [(cell.data_type, cell.value) for cell in cells] == [
        *(("s", "1234567890123456789"), ("s", "0.1234567890123456"), ("s", "nan"), ("s", "-inf")),
    ]
    assert in_csv((float("-inf"),)).splitlines()[1] == "'-inf"


def test_days_and_moments_are_dates_in_the_time_zone_of_now() -> None:
    moment = datetime(2026, 1, 15, 20, 30, tzinfo=UTC)
    with timezone.override("Asia/Jakarta"):
        text = in_csv((date(2026, 1, 15), moment, time(9, 5)))
        [cells], _ = in_xlsx((date(2026, 1, 15), moment, time(9, 5), True, date(1899, 12, 31)))
    assert text.splitlines()[1] == "2026-01-15,2026-01-16 03:30:00+07:00,09:05:00"
    assert [cell.value for cell in cells] == [
        *(datetime(2026, 1, 15), datetime(2026, 1, 16, 3, 30), time(9, 5), True, "1899-12-31"),
    ]


def test_what_neither_format_can_hold_is_left_out() -> None:
    assert in_csv(("a\x00b\x0bc\ud800",)).splitlines()[1] == "abc"
    [[cell]], _ = in_xlsx(("a\x00b\x0bc\ud800\uffff",))
    assert cell.value == "abc"
    [[cell]], _ = in_xlsx(("x" * 40_000,))
    assert len(cell.value) == 32_767
    assert cell.value.endswith("…")


def test_more_rows_than_a_spreadsheet_holds_are_refused_with_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST_ROWS", 4)
    assert as_xlsx(table((1,), (2,), (3,)), io.BytesIO()) == 3
    with pytest.raises(TooManyRows, match="holds 3 rows and there are more: narrow the filters, or choose CSV"):
        as_xlsx(table((1,), (2,), (3,), (4,)), io.BytesIO())


@pytest.mark.parametrize("title", ["a/b:c*?[]\\", "'quoted'", "History", "", "x" * 60])
def test_a_title_becomes_the_name_of_a_sheet_that_is_one(title: str) -> None:
    file = io.BytesIO()
    as_xlsx(table((1,), title=title), file)
    assert openpyxl.load_workbook(file).active.title == sheets.name_of_sheet(title)


# -- memory


@pytest.mark.parametrize(("ending", "rows"), [("csv", 100_000), ("xlsx", 20_000)])
def test_memory_does_not_grow_with_the_rows(ending: str, rows: int) -> None:
    made = count()

    def all_rows() -> Iterator[tuple[Any, ...]]:
        for number in range(rows):
            next(made)
            yield number, f"text of row {number}"

    with TemporaryFile() as file:
        tracemalloc.start()
        try:
            assert write(Sheet("Vehicles", COLUMNS, all_rows()), ending, file) == rows
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert next(made) == rows
    assert peak < 2_000_000


def test_the_first_rows_of_csv_are_handed_on_before_the_last_are_asked_for() -> None:
    rows = count()
    endless = ((next(rows), "x" * 100) for _ in iter(int, 1))
    chunks = as_csv(Sheet("Vehicles", COLUMNS, endless))
    assert len(next(chunks)) + len(next(chunks)) > 2 * 60_000
    assert next(rows) < 2_000


# -- names


def test_a_file_is_called_by_list_dealership_and_day() -> None:
    name = file_name("Work orders", "08138", date(2026, 1, 15), "csv")
    assert name == "work-orders-08138-2026-01-15.csv"
    assert disposition(name) == f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"


def test_a_name_in_another_script_has_one_in_ascii_beside_it() -> None:
    header = disposition(file_name('Órdenes"\r\nX: y', "販売", date(2026, 1, 15), "xlsx"))
    assert header.isascii()
    assert "\n" not in header
    assert 'filename="ordenes-x-y-2026-01-15.xlsx"' in header
    assert header.endswith("filename*=UTF-8''%C3%B3rdenes-x-y-%E8%B2%A9%E5%A3%B2-2026-01-15.xlsx")
