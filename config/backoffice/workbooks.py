"""The first sheet of an XLSX workbook that somebody sent: its values, read as a stream, and nothing else of it.

A workbook is a ZIP archive of XML, and both can be made to fill a server's memory. What is unpacked is bounded, no
document type is read (so there are no entities), and of a part no tree is built. Formulas are not evaluated: of a
cell that has one, the value counts that the spreadsheet kept beside it. Pictures, links and macros are not looked at.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from io import BytesIO
from typing import IO, Any
from xml.parsers import expat

MOST_UNPACKED = 60 * 1024 * 1024
"""Bytes of the parts that are read, together."""
MOST_PARTS = 2000
MOST_TEXTS = 400_000
"""Shared texts of a workbook."""
MOST_CELLS = 1_000_000
"""Of a sheet, empty ones counted."""
LONGEST_TEXT = 32_767
"""Characters of a cell; a spreadsheet has no more either."""
CHUNK = 64 * 1024
EXACT_DIGITS = 15
"""That a spreadsheet keeps of a number: behind them stands the noise of binary fractions."""
FURTHEST_DIGIT = 30
"""Before or behind the point, at which a number's first digit stands."""
FIRST_DAY, FIRST_DAY_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - days have no zone
DATE_FORMATS = frozenset([*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)])
"""Numbers of the formats for dates that every spreadsheet knows."""
NO_LETTERS = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]')
"""Of a format's code: what is quoted, and conditions and colours."""

BROKEN = (
    *(zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, OSError, NotImplementedError, RuntimeError),
    *(LookupError, ValueError, OverflowError, StopIteration),
)
"""What comes of an archive, of XML or of a sheet that is not what it says it is."""

Value = str | Decimal | date | datetime


class BadWorkbook(Exception):
    """It cannot be read, or is made to do harm; which of them, nobody is told."""


def rows(data: bytes, most_columns: int) -> Iterator[tuple[int, list[Value]]]:
    """Number and values of each row of the first visible sheet that has any. Raises BadWorkbook.

    Values beyond `most_columns` are left out. Blank cells are blank texts.
    """
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            book = Book(archive)
            yield from Sheet(book, most_columns).rows()
    except BROKEN as error:
        raise BadWorkbook(repr(error)) from error


class Parts:
    """Parts of the archive as parsed XML, all of them together no longer than MOST_UNPACKED."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive, self.left = archive, MOST_UNPACKED
        if len(archive.infolist()) > MOST_PARTS:
            raise BadWorkbook("too many parts")

    def parse(self, name: str, start: Any = None, end: Any = None, text: Any = None) -> Iterator[None]:
        """Calls `start` with an element's name and attributes, `end` with its name; yields after each chunk."""
        info = self.archive.getinfo(name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadWorkbook("packed in an unusual way")
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self.refuse
        if start:
            parser.StartElementHandler = lambda tag, given: start(local(tag), given)
        if end:
            parser.EndElementHandler = lambda tag: end(local(tag))
        if text:
            parser.CharacterDataHandler = text
        with self.archive.open(info) as file:
            while chunk := self.read(file):
                parser.Parse(chunk, False)
                yield
        parser.Parse(b"", True)
        yield

    def read(self, file: IO[bytes]) -> bytes:
        chunk = file.read(CHUNK)
        self.left -= len(chunk)
        if self.left < 0:
            raise BadWorkbook("too much is packed in it")
        return chunk

    def refuse(self, *_: Any) -> None:
        raise BadWorkbook("a document type")

    def whole(self, name: str, start: Callable[[str, dict[str, str]], None]) -> None:
        for _ in self.parse(name, start):
            pass


def local(tag: str) -> str:
    """An element's or attribute's name without its namespace."""
    return tag.rpartition(" ")[2]


class Book(Parts):
    """What of a workbook is needed to read a sheet: where it stands, shared texts, which formats are dates."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        super().__init__(archive)
        [self.path] = self.related("", "officeDocument").values()
        self.first_day = FIRST_DAY
        self.sheets: list[str] = []
        self.whole(self.path, self.about_the_book)
        named = self.related(self.path, "worksheet")
        self.sheet = next(named[each] for each in self.sheets if each in named)
        self.texts: list[str] = []
        for path in self.related(self.path, "sharedStrings").values():
            self.read_texts(path)
        self.dates: list[bool] = []
        for path in self.related(self.path, "styles").values():
            Formats(self).read(path)

    def related(self, path: str, kind: str) -> dict[str, str]:
        """The parts of a kind that a part names, by their id there."""
        folder, name = posixpath.split(path)
        found: dict[str, str] = {}

        def start(tag: str, given: dict[str, str]) -> None:
            if tag == "Relationship" and given["Type"].endswith(f"/{kind}"):
                target = given["Target"]
                found[given["Id"]] = posixpath.normpath(posixpath.join(f"/{folder}", target)).lstrip("/")

        self.whole(posixpath.join(folder, "_rels", f"{name}.rels"), start)
        return found

    def about_the_book(self, tag: str, given: dict[str, str]) -> None:
        if tag == "sheet" and given.get("state", "visible") == "visible":
            self.sheets += [value for name, value in given.items() if local(name) == "id"]
        elif tag == "workbookPr" and given.get("date1904") in ("1", "true"):
            self.first_day = FIRST_DAY_1904

    def read_texts(self, path: str) -> None:
        pieces = Pieces()

        def end(tag: str) -> None:
            if tag == "si":
                self.texts.append(pieces.taken())
                if len(self.texts) > MOST_TEXTS:
                    raise BadWorkbook("too many texts")
            else:
                pieces.end(tag)

        for _ in self.parse(path, pieces.start, end, pieces.text):
            pass


class Pieces:
    """The text of a cell, which may be in several pieces; how it is to be read aloud does not belong to it."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self.length = 0
        self.open = self.aside = False

    def start(self, tag: str, given: dict[str, str]) -> None:
        self.open = tag in ("t", "v") and not self.aside
        self.aside = self.aside or tag == "rPh"

    def end(self, tag: str) -> None:
        self.open = False
        if tag == "rPh":
            self.aside = False

    def text(self, data: str) -> None:
        if self.open and self.length < LONGEST_TEXT:
            self.found.append(data)
            self.length += len(data)

    def taken(self) -> str:
        text, self.found, self.length = "".join(self.found)[:LONGEST_TEXT], [], 0
        return text


class Formats:
    """Which of a workbook's cell formats show a date."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.own: dict[str, bool] = {}
        self.inside = False

    def read(self, path: str) -> None:
        for _ in self.book.parse(path, self.start, self.end):
            pass

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "numFmt" and len(self.own) < MOST_PARTS:
            code = NO_LETTERS.sub("", given.get("formatCode", "")).lower()
            self.own[given.get("numFmtId", "")] = bool(re.search("[dmyhs]", code)) and "general" not in code
        elif tag == "cellXfs":
            self.inside = True
        elif tag == "xf" and self.inside:
            number = given.get("numFmtId", "0")
            self.book.dates.append(self.own.get(number, number.isdecimal() and int(number) in DATE_FORMATS))

    def end(self, tag: str) -> None:
        if tag == "cellXfs":
            self.inside = False


class Sheet:
    """The rows of a sheet as they come by."""

    def __init__(self, book: Book, most_columns: int) -> None:
        self.book, self.most = book, most_columns
        self.done: list[tuple[int, list[Value]]] = []
        self.pieces = Pieces()
        self.number = self.count = 0
        self.cells: dict[int, Value] = {}
        self.column = -1
        self.kind = self.style = ""

    def rows(self) -> Iterator[tuple[int, list[Value]]]:
        for _ in self.book.parse(self.book.sheet, self.start, self.end, self.pieces.text):
            yield from self.done
            self.done.clear()

    def start(self, tag: str, given: dict[str, str]) -> None:
        if tag == "row":
            self.number = int(given.get("r", self.number + 1))
            self.cells, self.column = {}, -1
        elif tag == "c":
            self.count += 1
            if self.count > MOST_CELLS:
                raise BadWorkbook("too many cells")
            self.column = place(given["r"]) if "r" in given else self.column + 1
            self.kind, self.style = given.get("t", "n"), given.get("s", "0")
            self.pieces.taken()
        self.pieces.start(tag, given)

    def end(self, tag: str) -> None:
        self.pieces.end(tag)
        if tag == "c" and 0 <= self.column < self.most:
            text = self.pieces.taken()
            if text:
                self.cells[self.column] = self.value(text)
        elif tag == "row" and self.cells:
            width = max(self.cells) + 1
            self.done.append((self.number, [self.cells.get(column, "") for column in range(width)]))

    def value(self, text: str) -> Value:
        if self.kind == "s":
            return self.book.texts[int(text)]
        if self.kind == "b":
            return "TRUE" if text == "1" else "FALSE"
        number = as_number(text) if self.kind == "n" else None
        if number is None:
            return text
        style = int(self.style)
        shows_day = style < len(self.book.dates) and self.book.dates[style]
        return moment(number, self.book.first_day) if shows_day else tidy(number)


def as_number(text: str) -> Decimal | None:
    """None for what is no number, or one that nobody means: written out it would be longer than any page."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number.adjusted()) <= FURTHEST_DIGIT else None


def place(reference: str) -> int:
    """The column of a cell such as AB12, from 0."""
    letters, number = reference.rstrip("0123456789"), 0
    if not re.fullmatch("[A-Z]{1,3}", letters):
        raise ValueError(reference[:10])
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def moment(number: Decimal, first_day: datetime) -> date | datetime:
    """What a spreadsheet keeps as days since its first one."""
    found = first_day + timedelta(seconds=round(float(number) * 86_400))
    return found.date() if found.time() == datetime.min.time() else found


def tidy(number: Decimal) -> Decimal:
    """Without the noise of a binary fraction: 0.10000000000000001 is 0.1."""
    return Decimal(f"{number:.{EXACT_DIGITS}g}") if len(number.as_tuple().digits) > EXACT_DIGITS else number
