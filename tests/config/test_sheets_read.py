"""Tables that somebody sends: what is read of them, and what is refused in words."""

from __future__ import annotations

import io
import subprocess
import sys
import zipfile
from contextlib import suppress
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.backoffice.sheets import Sheet, as_csv, as_xlsx
from config.backoffice.sheets_read import Unreadable, read

PARTS = {
    "_rels/.rels": '<Relationships><Relationship Id="b" Type="x/officeDocument" Target="xl/workbook.xml"/>'
    "</Relationships>",
    "xl/_rels/workbook.xml.rels": '<Relationships><Relationship Id="s" Type="x/worksheet" Target="sheet.xml"/>'
    '<Relationship Id="t" Type="x/sharedStrings" Target="texts.xml"/></Relationships>',
    "xl/workbook.xml": '<workbook xmlns:r="r"><sheets><sheet name="one" r:id="s"/></sheets></workbook>',
    "xl/texts.xml": "<sst><si><t>a text</t></si></sst>",
    "xl/sheet.xml": '<worksheet><sheetData><row><c t="s"><v>0</v></c></row><row><c><v>1</v></c></row></sheetData>'
    "</worksheet>",
}


def book_of(**parts: str | bytes) -> bytes:
    """A workbook made by hand, with some of its parts otherwise; `sheet` stands for xl/sheet.xml."""
    out = io.BytesIO()
    named = {f"xl/{name}.xml": content for name, content in parts.items()}
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in (PARTS | named).items():
            archive.writestr(name, content)
    return out.getvalue()


def table(data: bytes, most: int = 5000) -> Any:
    found = read(data, most_rows=most)
    return found.header, [(number, list(values)) for number, values in found.rows]


# -- CSV


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_csv_is_read_whatever_its_delimiter_and_unicode(delimiter: str, encoding: str) -> None:
    text = f'No{delimiter}Merk{delimiter}Catatan\r\nA-1{delimiter}Hônda{delimiter}"a{delimiter} ""b""\r\nc"\r\n'
    assert table(text.encode(encoding)) == (
        ["No", "Merk", "Catatan"],
        [(2, ["A-1", "Hônda", f'a{delimiter} "b"\r\nc'])],
    )


def test_rows_keep_the_number_that_a_spreadsheet_shows_and_blank_ones_are_left_out() -> None:
    found = table(b"\n\nNo,Merk\nA-1,Honda\n , \nA-2\nA-3,Honda,beside\n")
    assert found == (["No", "Merk"], [(4, ["A-1", "Honda"]), (6, ["A-2", ""]), (7, ["A-3", "Honda"])])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "nothing in this file"),
        (b"\r\n ,\r\n", "nothing in this file"),
        (b"No,Merk\r\n", "only a header"),
        ("Merk\nCitro\xebn".encode("latin-1"), "Byte 11 of this file is no UTF-8"),
        (b"No\n\0\n", "neither CSV nor a workbook"),
        (b"\xd0\xcf\x11\xe0 and so on", "old kind"),
        (b"PK\x03\x04 and so on", "cannot be read"),
        (b"a\n" + b'"' + b"x" * 200_000, "CSV cannot be read"),
        (b"a\n1\n2\n3\n", "more than 2 rows"),
        (b",".join([b"x"] * 101) + b"\n1\n", "more than 100 columns"),
        (b"a\n1\n" + b"\n" * 100_001 + b"2", "behind row 100000"),
        (b"a\n" + b"1" * (5 * 1024 * 1024), "at most 5.0"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(data: bytes, words: str) -> None:
    with pytest.raises(Unreadable) as error:
        read(data, most_rows=2)
    assert words in str(error.value).replace("\xa0", " ")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for each in (data, b"PK\x03\x04" + data):
        with suppress(Unreadable):
            read(each, most_rows=50)


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=20).map(str.strip)


@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2).filter(any), min_size=1, max_size=5))
def test_what_we_write_is_read_again_as_it_was(rows: list[list[str]]) -> None:
    """The apostrophe before what looks like a formula is taken away again; a text that begins with one may lose it."""
    sheet = Sheet("x", [("a", "a"), ("b", "b")], iter(rows))
    found = read(b"".join(as_csv(sheet)), most_rows=9)
    if not any(";" in text or text.startswith("'") for row in rows for text in row):
        assert [list(values) for _number, values in found.rows] == rows


# -- XLSX


def test_a_workbook_of_ours_is_read_with_the_types_of_its_cells() -> None:
    out = io.BytesIO()
    rows = [["=1+1", Decimal("17000000"), date(2026, 1, 15), 0.1 + 0.2], ["-x", None, None, 3]]
    as_xlsx(Sheet("x", [(each, each) for each in "abcd"], iter(rows)), out)
    header, found = table(out.getvalue())
    assert header == ["a", "b", "c", "d"]
    assert found == [
        (2, ["=1+1", Decimal(17000000), date(2026, 1, 15), Decimal("0.3")]),
        (3, ["-x", "", "", Decimal(3)]),
    ]


def test_a_formula_is_not_evaluated() -> None:
    book = openpyxl.Workbook()
    book.active.append(["a", "b"])
    book.active.append(["=1+1", "there"])
    out = io.BytesIO()
    book.save(out)
    assert table(out.getvalue())[1] == [(2, ["", "there"])]
    kept = "<row><c><v>1</v></c></row><row><c><f>CMD()</f><v>2</v></c></row>"
    assert table(book_of(sheet=f"<worksheet><sheetData>{kept}</sheetData></worksheet>"))[1] == [(2, [Decimal(2)])]


def test_hidden_sheets_are_passed_over_and_days_counted_from_1904_where_they_are() -> None:
    book = openpyxl.Workbook()
    hidden = book.active
    hidden.append(["secret"])
    hidden.sheet_state = "hidden"
    seen = book.create_sheet("seen")
    seen.append(["day"])
    seen.append([date(2026, 2, 3)])
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    out = io.BytesIO()
    book.save(out)
    assert table(out.getvalue()) == (["day"], [(2, [date(2026, 2, 3)])])


def test_texts_in_pieces_are_put_together_without_how_they_are_read_aloud() -> None:
    texts = "<sst><si><r><rPr><b/></rPr><t>a</t></r><r><t> b</t></r><rPh><t>ah</t></rPh></si></sst>"
    assert table(book_of(texts=texts))[0] == ["a b"]


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><sst><si><t>&b;</t></si></sst>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><sst><si><t>&a;</t></si></sst>'


@pytest.mark.parametrize(
    "parts",
    [
        {"texts": LAUGHS},
        {"texts": OUTSIDE},
        {"texts": "<sst>" + "<si/>" * 400_001 + "</sst>"},
        {"sheet": "<worksheet><row>" + "<c/>" * 1_000_001 + "</row></worksheet>"},
        {"sheet": "<worksheet>" + " " * (61 * 1024 * 1024) + "</worksheet>"},
        {"sheet": '<worksheet><row><c r="1"><v>1</v></c></row></worksheet>'},
        {"sheet": '<worksheet><row><c t="s"><v>7</v></c></row></worksheet>'},
        {"sheet": "<worksheet><row>"},
        {"workbook": "<workbook/>"},
    ],
    ids=["laughs", "outside", "texts", "cells", "long", "no column", "no text", "torn", "no sheet"],
)
def test_a_workbook_that_is_made_to_do_harm_is_refused(parts: dict[str, str]) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        read(book_of(**parts), most_rows=5)


def test_a_million_rows_are_refused_in_little_memory(tmp_path: Path) -> None:
    """In a process of its own, whose memory is measured: the workbooks that unpack the furthest within the bounds."""
    rows = b"".join(b'<row r="%d"><c><v>1</v></c></row>' % number for number in range(1, 1_000_001))
    cells = b"<row>" + b"<c/>" * 10_000_000 + b"</row>"
    texts = b"<sst>" + b"<si><t>" + b"x" * 50_000_000 + b"</t></si></sst>"
    books = [
        book_of(sheet=b"<worksheet>" + rows + b"</worksheet>"),
        book_of(sheet=b"<worksheet>" + cells + b"</worksheet>"),
        book_of(texts=texts),
    ]
    program = (
        "import sys, django.conf; django.conf.settings.configure(USE_I18N=False)\n"
        "from config.backoffice.sheets_read import read, Unreadable\n"
        "for path in sys.argv[1:]:\n"
        "    try: read(open(path, 'rb').read(), most_rows=5000)\n"
        "    except Unreadable as error: print('refused')\n"
        "print(open('/proc/self/status').read().partition('VmHWM:')[2].split()[0])\n"
    )
    paths = [tmp_path / f"{number}.xlsx" for number in range(len(books))]
    for path, book in zip(paths, books, strict=True):
        path.write_bytes(book)
    done = subprocess.run([sys.executable, "-c", program, *paths], capture_output=True, text=True, check=True)
    *_said, peak = done.stdout.split()
    assert int(peak) < 300 * 1024, done.stdout
