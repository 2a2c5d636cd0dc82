"""Documents that somebody sends: PDF, DOCX and XLSX by what is in them, not by what they are called.

They are kept as they came, so nothing that runs by itself may be in them, and unpacking them may not fill anybody's
disk. Pictures are another matter: they are drawn anew (inventory.pictures).
"""

from __future__ import annotations

import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

MOST_BYTES = 10 * 1024 * 1024
MOST_ENTRIES = 1_000
MOST_UNPACKED = 200 * 1024 * 1024
MOST_RATIO = 100
"""Bytes unpacked for each byte packed."""
TYPES = "[Content_Types].xml"
MOST_OF_TYPES = 1024 * 1024

PDF = "application/pdf"
OFFICE = "application/vnd.openxmlformats-officedocument."
BOOKS = {
    "docx": f"{OFFICE}wordprocessingml.document",
    "xlsx": f"{OFFICE}spreadsheetml.sheet",
}
RUNS_IN_A_PDF = re.compile(rb"/(JavaScript|Launch|EmbeddedFile|RichMedia)\b")
RUNS_IN_A_BOOK = re.compile(r"vbaProject|vbaData|activeX|macrosheets|embeddings/[^/]+\.bin$", re.IGNORECASE)
NO_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff/\\:*?\"<>|]+")
"""What no file is called, and what makes a name read as another one."""
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError, LookupError, ValueError)


class Refused(ValueError):
    """Why a document is not taken, in words for whoever sent it."""


@dataclass(frozen=True)
class Received:
    """A document that is what its name says."""

    name: str
    content_type: str


def checked(data: bytes, name: str) -> Received:
    """What a document is. Raises Refused."""
    if len(data) > MOST_BYTES:
        raise Refused(
            _("It has %(size)s, and at most %(most)s are taken.")
            % {"size": filesizeformat(len(data)), "most": filesizeformat(MOST_BYTES)}
        )
    if data.startswith(b"%PDF-"):
        check_pdf(data)
        ending, kind = "pdf", PDF
    elif data.startswith(b"PK\x03\x04"):
        ending = checked_book(data)
        kind = BOOKS[ending]
    else:
        raise Refused(_("It is no PDF, DOCX or XLSX, nor a photo."))
    if not name.lower().endswith(f".{ending}"):
        raise Refused(_("It is a file of the kind .%(ending)s: name it so.") % {"ending": ending})
    return Received(plain_name(name, ending), kind)


def plain_name(name: str, ending: str) -> str:
    """The name without folders and without what makes it look like another one; 100 characters at most."""
    stem = NO_NAME.sub(" ", re.split(r"[/\\]", name)[-1].rpartition(".")[0])
    return f"{' '.join(stem.split())[:90].strip(' .') or 'file'}.{ending}"


def check_pdf(data: bytes) -> None:
    if b"%%EOF" not in data[-2048:]:
        raise Refused(_("This PDF is cut off. Make it anew."))
    if RUNS_IN_A_PDF.search(data):
        raise Refused(_("Something in this PDF runs by itself, or a file is packed in it. Print it to a new PDF."))


def checked_book(data: bytes) -> str:
    """docx or xlsx. Raises Refused."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            check_archive(archive.infolist(), len(data))
            with archive.open(TYPES) as file:
                types = file.read(MOST_OF_TYPES).decode("utf-8", "replace")
            ending = next((each for each, kind in BOOKS.items() if f"{kind}.main+xml" in types), None)
            runs = "macroEnabled" in types or any(RUNS_IN_A_BOOK.search(each) for each in archive.namelist())
            if archive.testzip() is not None:
                raise zipfile.BadZipFile
    except Refused:
        raise
    except BROKEN as error:
        raise Refused(_("This file cannot be read. Save it anew as .docx, .xlsx or PDF.")) from error
    if runs:
        raise Refused(_("There are macros or other programs in this file. Save it without them."))
    if ending is None:
        raise Refused(_("It is no PDF, DOCX or XLSX, nor a photo."))
    return ending


def check_archive(entries: list[zipfile.ZipInfo], packed: int) -> None:
    """Raises Refused for an archive that is made to do harm, BadZipFile for one that hides something."""
    unpacked = sum(entry.file_size for entry in entries)
    if len(entries) > MOST_ENTRIES or unpacked > MOST_UNPACKED or unpacked > MOST_RATIO * packed:
        raise Refused(_("Too much is packed in this file."))
    names = [entry.filename for entry in entries]
    if len(set(names)) != len(names) or any(is_odd(entry) for entry in entries):
        raise zipfile.BadZipFile


def is_odd(entry: Any) -> bool:
    """Encrypted, a link, or a name that leads out of the archive."""
    link = stat.S_ISLNK(entry.external_attr >> 16)
    parts = entry.filename.split("/")
    return bool(entry.flag_bits & 1 or link or ".." in parts or parts[0] == "" or "\\" in entry.filename)
