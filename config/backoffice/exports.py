"""What can be exported: lists that say so by their name, and how the files are called."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import date
from typing import IO, Any, Protocol
from urllib.parse import quote

from django.conf import settings
from django.db.models import QuerySet
from django.http import QueryDict

from config.backoffice.sheets import Sheet, as_csv, as_xlsx

FORMATS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""Content types by format, which is the ending of the file's name too."""


class Exportable(Protocol):
    """What a list implements to be exported. It is asked in a scope that holds the person's dealerships alone."""

    name: str
    """In addresses and in the audit."""
    permission: str
    """The one that its rows are seen with."""
    identity_filters: frozenset[str]
    """Parameters whose values are numbers of somebody's papers: the audit does not keep them."""

    @property
    def title(self) -> str:
        """For people."""

    def sheet(self, user: Any, query: QueryDict, columns: list[str]) -> Sheet:
        """The rows that `user` sees under these filters; without columns, the usual ones.

        Raises ValidationError for filters and columns that there are none of.
        """

    def estimate(self, user: Any, query: QueryDict) -> int:
        """How many rows there are, counted no further than `counted` does. Raises ValidationError."""


_known: dict[str, Exportable] = {}


def register(exportable: Exportable) -> None:
    """Let `exportable` be asked for by its name; a second one of a name replaces the first."""
    _known[exportable.name] = exportable


def by_name(name: str) -> Exportable:
    """Raises LookupError."""
    return _known[name]


def counted(rows: QuerySet[Any]) -> int:
    """The number of rows, no further than one more than can be exported at once."""
    return rows.order_by()[: settings.EXPORT_AT_ONCE + 1].count()


def write(sheet: Sheet, ending: str, file: IO[bytes]) -> int:
    """Write the sheet into `file` as its ending says; how many rows. Raises TooManyRows."""
    if ending == "xlsx":
        return as_xlsx(sheet, file)
    counting = Counting(sheet.rows)
    for chunk in as_csv(Sheet(sheet.title, sheet.columns, counting)):
        file.write(chunk)
    return counting.count


class Counting(Iterator[Any]):
    """Rows, and how many there have been."""

    def __init__(self, rows: Iterator[Any]) -> None:
        self.rows, self.count = rows, 0

    def __next__(self) -> Any:
        row = next(self.rows)
        self.count += 1
        return row


# -- names of files


def file_name(title: str, place: str, day: date, ending: str) -> str:
    """Such as `work-orders-08138-2026-11-21.csv`: letters of any script, digits and hyphens."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", f"{title} {place}".lower()))
    return f"{'-'.join(words)[:100]}-{day.isoformat()}.{ending}"


def disposition(name: str) -> str:
    """The header Content-Disposition of a download: a name in ASCII for all, and by RFC 5987 the very name."""
    stem, _dot, ending = name.rpartition(".")
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^A-Za-z0-9]+", "-", plain).strip("-") or "export"
    return f"attachment; filename=\"{plain}.{ending}\"; filename*=UTF-8''{quote(name, safe='')}"
