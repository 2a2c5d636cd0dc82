"""Tables as files: CSV and spreadsheets of which no program takes a text for a formula.

A text that a spreadsheet would calculate gets an apostrophe before it (CSV) or the mark that means the same (XLSX);
numbers, dates and truths stay what they are. Both are written row by row, whatever their number.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal
from tempfile import TemporaryDirectory
from typing import IO, Any

import xlsxwriter
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _

MOST_ROWS = 1_048_576
"""Of a sheet of XLSX, its header included."""
LONGEST_TEXT = 32_767
"""Characters in a cell of XLSX."""
EXACT_DIGITS = 15
"""That a spreadsheet keeps of a number; a longer one is written as text, so that none is lost."""
EXACTLY = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)
CHUNK = 64 * 1024
"""Characters of CSV that are handed on at once."""

SIGNS = "=+\\-@＝＋－＠"
BLANKS = '\\s"\u200b\ufeff'
AT_THE_START = re.compile(rf"[\t\r\n]|[{BLANKS}]*[{SIGNS}]")
FURTHER_ON = re.compile(rf"([;\t\r\n][{BLANKS}]*)(?=[{SIGNS}])")
"""Behind what the programs of other countries take for the end of a cell, or all of them for the end of a line."""
NO_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""What XML cannot hold, and no reader of CSV expects."""
NO_NAME_OF_A_SHEET = re.compile(r"[\[\]:*?/\\]")


class TooManyRows(Exception):
    """More rows than the format can hold; the text tells a person."""


@dataclass
class Sheet:
    """A table to write: its name, its columns (name and label) and its rows, read once and one by one."""

    title: str
    columns: Sequence[tuple[str, str]]
    rows: Iterator[Sequence[Any]]
    expected: int | None = None
    """How many rows there will be, if somebody has counted."""


# -- texts


def harmless(text: str) -> str:
    """A text that no spreadsheet calculates: with an apostrophe wherever a cell could begin with a formula's sign."""
    plain = FURTHER_ON.sub(r"\1'", without_controls(text))
    return f"'{plain}" if AT_THE_START.match(plain) else plain


def without_controls(text: str) -> str:
    return NO_CHARACTERS.sub("", text)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def is_finite(value: Any) -> bool:
    return value == value and value not in (float("inf"), float("-inf"))  # noqa: PLR0124 - NaN is not itself


def as_text(value: Any) -> str:
    """What is neither empty nor a number: moments in the time zone of now with their offset."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return (timezone.localtime(value) if timezone.is_aware(value) else value).isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, dict | list | tuple) and not isinstance(value, Promise):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


# -- CSV


def as_csv(sheet: Sheet) -> Iterator[bytes]:
    """RFC 4180 in UTF-8 with a byte order mark, by which spreadsheets know it."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    text.write("\ufeff")
    writer.writerow([harmless(str(label)) for _name, label in sheet.columns])
    for row in sheet.rows:
        writer.writerow([in_csv(value) for value in row])
        if text.tell() >= CHUNK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def in_csv(value: Any) -> str:
    if value is None:
        return ""
    if is_number(value) and is_finite(value):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    return harmless(as_text(value))


# -- XLSX


def as_xlsx(sheet: Sheet, file: IO[bytes]) -> int:
    """Write a workbook of one sheet into `file`, a row in memory at a time; how many rows.

    Raises TooManyRows, and then `file` holds nothing of use.
    """
    with TemporaryDirectory(prefix="forecourt-export-") as place:
        book = xlsxwriter.Workbook(file, {"constant_memory": True, "tmpdir": place})
        page = book.add_worksheet(name_of_sheet(sheet.title))
        try:
            count = fill(page, sheet, Cells(book, page))
        except BaseException:
            page.row_data_fh.close()  # to close the book would pack all of it first
            raise
        book.close()
        return count


def fill(page: Any, sheet: Sheet, cells: Cells) -> int:
    page.freeze_panes(1, 0)
    for column, (_name, label) in enumerate(sheet.columns):
        page.set_column(column, column, min(max(len(str(label)) + 2, 10), 40))
        page.write_string(0, column, cells.text(str(label)), cells.head)
    count = 0
    for count, row in enumerate(sheet.rows, 1):
        if count >= MOST_ROWS:
            words = _("A spreadsheet holds %(most)s rows and there are more: narrow the filters, or choose CSV.")
            raise TooManyRows(words % {"most": f"{MOST_ROWS - 1:,}"})
        for column, value in enumerate(row):
            cells.write(count, column, value)
    return count


def name_of_sheet(title: str) -> str:
    """A title as XLSX takes it: 31 characters, without a few, and not “History”, which Excel keeps for itself."""
    name = NO_NAME_OF_A_SHEET.sub(" ", without_controls(title)).strip().strip("'")[:31].strip("' ")
    return "Sheet1" if not name or name.lower() == "history" else name


class Cells:
    """Writes values with their types."""

    def __init__(self, book: Any, page: Any) -> None:
        self.page = page
        self.head = book.add_format({"bold": True})
        self.marked = book.add_format({"quote_prefix": True})
        """The apostrophe of a spreadsheet: the text stays one even if somebody edits the cell."""
        self.day = book.add_format({"num_format": "yyyy-mm-dd"})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.hour = book.add_format({"num_format": "hh:mm:ss"})

    def text(self, text: str) -> str:
        """As a cell holds it. What looks like the library's own markup would be written as it is, formulas and all."""
        plain = without_controls(text)
        plain = plain if len(plain) <= LONGEST_TEXT else f"{plain[: LONGEST_TEXT - 1]}…"
        return f"{plain[: LONGEST_TEXT - 1]} " if plain.startswith("<r>") and plain.endswith("</r>") else plain

    def write(self, row: int, column: int, value: Any) -> None:
        if value is None or value == "":
            return
        if isinstance(value, bool):
            self.page.write_boolean(row, column, value)
        elif is_number(value) and is_finite(value) and digits(value) <= EXACT_DIGITS:
            self.page.write_number(row, column, value)
        elif isinstance(value, datetime) and value.year >= 1900:
            there = timezone.make_naive(value) if timezone.is_aware(value) else value
            self.page.write_datetime(row, column, there, self.moment)
        elif isinstance(value, date) and not isinstance(value, datetime) and value.year >= 1900:
            self.page.write_datetime(row, column, value, self.day)
        elif isinstance(value, time):
            self.page.write_datetime(row, column, value.replace(tzinfo=None), self.hour)
        else:
            text = self.text(as_text(value))
            self.page.write_string(row, column, text, self.marked if harmless(text) != text else None)


def digits(value: int | float | Decimal) -> int:
    """How many digits a spreadsheet would have to keep; a float is what it has itself."""
    if isinstance(value, float):
        return 0
    return len(Decimal(value).normalize(EXACTLY).as_tuple().digits)
