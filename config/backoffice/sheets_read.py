"""Tables that somebody sends: CSV, whatever its delimiter, and XLSX. What cannot be read is told in words.

Every value keeps the row that the person sees it in. Nothing is calculated, and the apostrophe that our own files put
before a text that looks like a formula is taken away again.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from config.backoffice import workbooks
from config.backoffice.sheets import harmless
from config.backoffice.workbooks import BadWorkbook, Value

MOST_BYTES = 5 * 1024 * 1024
MOST_COLUMNS = 100
MOST_BLANK = 100_000
"""Number of the last row that is looked at, blank ones counted."""
DELIMITERS = ",;\t|"
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
ZIP, OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"

Row = tuple[int, Sequence[Value]]
"""Its number as a spreadsheet shows it, and its values."""


class Unreadable(ValueError):
    """What is wrong with a file, in words for whoever sent it."""


@dataclass(frozen=True)
class Table:
    """A header and the rows below it, each as wide as the header."""

    header: Sequence[str]
    rows: Sequence[Row]
    ending: str
    """csv or xlsx, whatever the file is called."""


def read(data: bytes, *, most_rows: int) -> Table:
    """The table in a file: its first row that is not blank is the header. Raises Unreadable."""
    if len(data) > MOST_BYTES:
        words = _("The file has %(size)s, and at most %(most)s are read: send it in parts.")
        raise Unreadable(words % {"size": filesizeformat(len(data)), "most": filesizeformat(MOST_BYTES)})
    if data.startswith(OLD_EXCEL):
        raise Unreadable(_("This is a workbook of the old kind (.xls). Save it as .xlsx or as CSV, and send that."))
    is_book = data.startswith(ZIP)
    found = filled(rows_of_book(data) if is_book else rows_of_text(text_of(data)))
    try:
        _number, names = next(found)
    except StopIteration:
        raise Unreadable(_("There is nothing in this file.")) from None
    header = [str(name).strip()[:100] for name in names]
    if len(header) > MOST_COLUMNS:
        raise Unreadable(
            _("The file has more than %(most)s columns: delete those that are not needed.") % {"most": MOST_COLUMNS}
        )
    rows: list[Row] = []
    for number, values in found:
        if len(rows) >= most_rows:
            raise Unreadable(_("The file has more than %(most)s rows: send it in parts.") % {"most": most_rows})
        rows.append((number, [*values[: len(header)], *[""] * (len(header) - len(values))]))
    if not rows:
        raise Unreadable(_("There is only a header in this file, and no row below it."))
    return Table(header, rows, "xlsx" if is_book else "csv")


def filled(rows: Iterable[Row]) -> Iterator[Row]:
    """Rows that hold anything, texts without the blanks around them."""
    for number, values in rows:
        if number > MOST_BLANK:
            raise Unreadable(_("The file goes on behind row %(most)s: delete the blank rows.") % {"most": MOST_BLANK})
        plain = [cleaned(value) for value in values]
        if any(value != "" for value in plain):
            yield number, plain


def cleaned(value: Value) -> Value:
    if not isinstance(value, str):
        return value
    text = value.strip()
    return text[1:] if text.startswith("'") and harmless(text[1:]) == text else text


# -- XLSX


def rows_of_book(data: bytes) -> Iterator[Row]:
    try:
        yield from workbooks.rows(data, MOST_COLUMNS + 1)
    except BadWorkbook:
        raise Unreadable(
            _("This workbook cannot be read. Open it in a spreadsheet, save it anew as .xlsx or as CSV, and send that.")
        ) from None


# -- CSV


def text_of(data: bytes) -> str:
    encoding = next((name for mark, name in BOMS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        words = _("Byte %(place)s of this file is no UTF-8. Save it as “CSV UTF-8” or as .xlsx, and send that.")
        raise Unreadable(words % {"place": error.start + 1}) from None
    if "\0" in text:
        raise Unreadable(_("This is neither CSV nor a workbook (.xlsx)."))
    return text


def rows_of_text(text: str) -> Iterator[Row]:
    delimiter = delimiter_of(text)
    try:
        yield from enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), 1)
    except csv.Error as error:
        raise Unreadable(_("This CSV cannot be read: %(reason)s.") % {"reason": error}) from None


def delimiter_of(text: str) -> str:
    """That by which the first line that is not blank has the most cells."""
    line = next((each for each in text.splitlines() if each.strip()), "")

    def cells(delimiter: str) -> int:
        try:
            return len(next(csv.reader([line], delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(DELIMITERS, key=cells)
