"""Documents that somebody sends are what they say they are, and nothing in them runs by itself."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

import pytest

from config.backoffice import received
from config.backoffice.received import Refused, checked

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
WORDS = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
SHEETS = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"
MACROS = "application/vnd.ms-word.document.macroEnabled.main+xml"


def book(kind: str = WORDS, **parts: bytes) -> bytes:
    """An archive with a list of contents and these parts."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", f'<Types><Override ContentType="{kind}"/></Types>')
        for name, content in parts.items():
            archive.writestr(name, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("data", "name", "content_type"),
    [
        (PDF, "Contract.PDF", "application/pdf"),
        (book(), "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (book(SHEETS), "a.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_a_document_is_what_is_in_it(data: bytes, name: str, content_type: str) -> None:
    assert checked(data, name).content_type == content_type


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (PDF, "contract.docx"),
        (PDF, "contract"),
        (PDF, "contract.pdf.exe"),
        (book(), "a.xlsx"),
        (book(), "a.zip"),
        (b"GIF89a", "a.pdf"),
        (b"MZ\x90\x00", "a.pdf"),
        (b" " + PDF, "a.pdf"),
        (b"<html><script>", "a.pdf"),
        (b"{\\rtf1", "a.docx"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 100, "a.docx"),
        (b"", "a.pdf"),
    ],
)
def test_what_is_not_what_it_says_is_refused(data: bytes, name: str) -> None:
    with pytest.raises(Refused):
        checked(data, name)


@pytest.mark.parametrize("word", [b"/JavaScript", b"/Launch", b"/EmbeddedFile", b"/RichMedia"])
def test_a_pdf_that_runs_something_is_refused(word: bytes) -> None:
    with pytest.raises(Refused, match="runs by itself"):
        checked(PDF.replace(b"<<>>", b"<< /S " + word + b" >>", 1), "a.pdf")


def test_a_pdf_that_is_cut_off_is_refused() -> None:
    with pytest.raises(Refused, match="cut off"):
        checked(PDF[:20], "a.pdf")


@pytest.mark.parametrize(
    "data",
    [
        book(MACROS),
        book(**{"word/vbaProject.bin": b"x"}),
        book(**{"xl/macrosheets/sheet1.xml": b"x"}),
        book(**{"word/activeX/activeX1.bin": b"x"}),
        book(**{"word/embeddings/oleObject1.bin": b"x"}),
    ],
)
def test_macros_and_programs_are_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="macros"):
        checked(data, "a.docx")


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile.ZipFile, "testzip", lambda archive: pytest.fail("it was unpacked"))
    with pytest.raises(Refused, match="Too much"):
        checked(book(**{"word/document.xml": b"\0" * 20_000_000}), "a.docx")
    with pytest.raises(Refused, match="Too much"):
        checked(book(**{f"{number}": b"" for number in range(received.MOST_ENTRIES)}), "a.docx")


def odd_archives() -> Iterator[bytes]:
    link = zipfile.ZipInfo("word/link")
    link.external_attr = 0o120777 << 16
    for entry in (link, "../../etc/passwd", "/etc/passwd", "word\\..\\x"):
        made = io.BytesIO(book())
        with zipfile.ZipFile(made, "a") as archive:
            archive.writestr(entry, "/etc/passwd")
        yield made.getvalue()
    encrypted = bytearray(book(**{"word/document.xml": b"x"}))
    encrypted[encrypted.rindex(b"PK\x01\x02") + 8] |= 1
    yield bytes(encrypted)
    damaged = bytearray(book(**{"word/document.xml": b"x" * 1000}))
    damaged[damaged.index(b"word/document.xml") + len("word/document.xml") + 2] ^= 0xFF
    yield bytes(damaged)
    yield book()[:-30]


@pytest.mark.parametrize("data", list(odd_archives()), ids=[*("link", "above", "root", "back"), "secret", "bad", "cut"])
def test_an_archive_that_hides_something_is_refused(data: bytes) -> None:
    with pytest.raises(Refused):
        checked(data, "a.docx")


def test_a_name_that_is_there_twice_is_refused() -> None:
    made = io.BytesIO(book(**{"word/document.xml": b"x"}))
    with zipfile.ZipFile(made, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("word/document.xml", b"y")
    with pytest.raises(Refused):
        checked(made.getvalue(), "a.docx")


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/contract.pdf", "contract.pdf"),
        ("C:\\Users\\x\\KTP Budi.pdf", "KTP Budi.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie x.pdf"),
        ("invoice\u202efdp.exe.pdf", "invoice fdp.exe.pdf"),
        ("...pdf", "file.pdf"),
        ("\0.pdf", "file.pdf"),
        ("é" * 200 + ".pdf", "é" * 90 + ".pdf"),
    ],
)
def test_a_name_is_kept_without_what_makes_it_another_one(sent: str, kept: str) -> None:
    assert checked(PDF, sent).name == kept


def test_what_is_too_large_is_refused_by_its_size() -> None:
    with pytest.raises(Refused, match="at most 10"):
        checked(PDF.ljust(received.MOST_BYTES + 1), "a.pdf")
