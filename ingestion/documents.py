"""From an answer's raw records to documents: grouped by identity, merged, hashed.

One document is one dealership's record under one natural key, whatever number of elements of an answer it came in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from ingestion import values
from ingestion.fields import wire_name
from ingestion.job_types import JobType
from ingestion.rows import (
    DEEPEST,
    NEXT_COLUMN,
    NEXT_ROW,
    NULL,
    Misread,
    Row,
    RowReader,
    canonical_row,
    check_keys,
    keys_in,
    parse,
)
from ingestion.values import UNSTORABLE, Unreadable

VALUES = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\d+")
"""What differs between two reasons of one cause: quoted values and numbers."""
LONGEST_KEY = 500
"""Characters; PostgreSQL's index takes no more than some 2,700 bytes."""


@dataclass(slots=True)
class Document:
    """One record, ready to be stored: typed, hashed, its rows as canonical text."""

    dealership_id: int
    key: str
    version: str
    """When it was last modified, as canonical text that sorts by time; empty if the gateway does not say."""
    row: str
    """Its columns and extra fields as canonical text, in the order of `Shape.columns`."""
    lines: dict[str, list[str]]
    """Each array's rows, likewise."""
    raw: str
    raw_hash: str
    content_hash: str
    unknown_fields: int


@dataclass(slots=True)
class Reject:
    """A record that cannot be read, and why."""

    reason: str
    raw: str
    raw_hash: str
    """Of `raw`, which is not what was received to the byte where that is no text."""
    hashes: list[str]
    """Of its elements."""
    field: str = ""
    key: str = ""
    dealer: str = ""
    """The dealer code, as far as it can be read."""

    @property
    def cause(self) -> str:
        """The reason without the values in it."""
        return VALUES.sub("…", self.reason)[:200]


def digest(data: bytes) -> str:
    """128 bits of BLAKE2b as the text of a UUID."""
    return blake2b(data, digest_size=16).hexdigest()


@dataclass(slots=True)
class Element:
    """One element of an answer, as far as it is read."""

    raw: msgspec.Raw
    raw_hash: str


Identity = tuple[str, str]
"""A dealer code and a natural key, as the gateway writes them."""


class Shape:
    """How a job type's records are read for a main dealer in one time zone."""

    def __init__(self, job_type: JobType, zone: ZoneInfo) -> None:
        self.job_type = job_type
        self.lines = {array: RowReader(model, zone) for array, model in job_type.lines.items()}
        self.header = RowReader(job_type.record, zone, self.lines)
        self.columns = [*self.header.columns, "extra"]
        place = self.header.position
        self.key, self.dealer = place[wire_name(job_type.key)], place["dealerid"]
        self.created, self.modified = place["createdtime"], place["modifiedtime"]
        self.spelled: tuple[str, str] | None = None

    def identity(self, raw: msgspec.Raw, asked: str) -> Identity | None:
        """The record's dealer code (`asked` if it names none) and natural key; None if it has no key."""
        key, dealer = self.glance(raw)
        if key is None or dealer is None:
            key, dealer = self.study(raw)
        return None if key is None or len(key) > LONGEST_KEY else (dealer or asked, key)

    def glance(self, raw: msgspec.Raw) -> tuple[str | None, str | None]:
        """The natural key and dealer code under the spelling met last; nothing else of the record is read."""
        if self.spelled is None:
            return None, None
        try:
            seen = two_fields(*self.spelled)(raw)
            return values.text(seen.key), values.text(seen.dealer)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, InvalidOperation, Unreadable):
            return None, None

    def study(self, raw: msgspec.Raw) -> tuple[str | None, str | None]:
        """The same by reading the whole record; its spelling of the two fields is remembered."""
        try:
            record = parse(raw)
            check_keys(raw, keys_in(record, DEEPEST))
            key, key_text = found_in(record, self.job_type.key)
            dealer, dealer_text = found_in(record, "dealer_id")
        except (Misread, Unreadable):
            return None, None
        if key_text and dealer_text and (key + dealer).isprintable():
            self.spelled = (key, dealer)
        return key_text, dealer_text

    def why_nameless(self, raw: msgspec.Raw) -> Misread:
        """The reason that a record without a usable natural key is rejected for."""
        try:
            record = parse(raw)
            row = self.header.read(record)
            check_keys(raw, row.keys)
        except Misread as error:
            return error
        key = row.values[self.key]
        name = next((name for name in record if wire_name(name) == wire_name(self.job_type.key)), self.job_type.key)
        if key is None:
            return Misread("the record has no natural key", name.strip())
        return Misread(f"a natural key of {len(key)} characters is longer than {LONGEST_KEY}", name.strip())

    def read(self, dealership_id: int, key: str, group: list[Element]) -> Document:
        """A document from the elements that carry it. Raises Misread."""
        if len(group) == 1:
            row = self.read_element(group[0])
        else:
            row, group = self.merged([(element, self.read_element(element)) for element in group])
        header = canonical_row(row.values)
        lines = {array: row.arrays.get(array, []) for array in self.lines}
        said = row.substance.get
        content = [said(header, header)]
        content += [f"{array}\t{said(line, line)}" for array, found in lines.items() for line in found]
        return Document(
            dealership_id=dealership_id,
            key=key,
            version=self.version(row),
            row=header,
            lines=lines,
            raw=without_separators(received(group)),
            raw_hash=group_hash(group),
            content_hash=digest("\n".join(content).encode()),
            unknown_fields=row.unknown_fields,
        )

    def read_element(self, element: Element) -> Row:
        row = self.header.read(parse(element.raw))
        check_keys(element.raw, row.keys)
        return row

    def merged(self, parts: list[tuple[Element, Row]]) -> tuple[Row, list[Element]]:
        """The newest version's header, every line once (docs/dgi.md), and the elements that they come from."""
        newest = max(self.version(row) for _, row in parts)
        parts = [(element, row) for element, row in parts if self.version(row) in ("", newest)]
        rows = [row for _, row in parts]
        merged = Row(
            merge_headers([row.values for row in rows]),
            {array: merge_lines([row.arrays.get(array, []) for row in rows]) for array in self.lines},
            sum(row.unknown_fields for row in rows),
            rows[0].keys,
            {line: said for row in rows for line, said in row.substance.items()},
        )
        return merged, [element for element, _ in parts]

    def version(self, row: Row) -> str:
        return row.values[self.modified] or row.values[self.created] or ""


def found_in(record: dict[str, Any], name: str) -> tuple[str, str | None]:
    """The key that says something for the column `name`, and what."""
    for key, value in record.items():
        if wire_name(key) == wire_name(name) and (text := values.text(value)):
            return key, text
    return "", None


@lru_cache(maxsize=256)
def two_fields(key: str, dealer: str) -> Callable[[msgspec.Raw], Any]:
    """A decoder of just these two keys of an object."""
    pair = msgspec.defstruct(
        "Pair", [("key", Any, None), ("dealer", Any, None)], rename={"key": key, "dealer": dealer}, gc=False
    )
    return msgspec.json.Decoder(pair, float_hook=Decimal).decode


@lru_cache(maxsize=256)
def shape(job_type: JobType, zone: ZoneInfo) -> Shape:
    return Shape(job_type, zone)


def merge_headers(rows: list[list[str | None]]) -> list[str | None]:
    """The first row, its gaps filled from the others."""
    merged = list(rows[0])
    for row in rows[1:]:
        merged = [text if text is not None else other for text, other in zip(merged, row, strict=True)]
    return merged


def merge_lines(arrays: list[list[str]]) -> list[str]:
    """Equal lines of one array are different lines; equal lines of different elements are copies and count once."""
    merged: list[str] = []
    kept: Counter[str] = Counter()
    for array in arrays:
        here: Counter[str] = Counter()
        for line in array:
            here[line] += 1
            if here[line] > kept[line]:
                kept[line] += 1
                merged.append(line)
    return merged


def group_hash(group: list[Element]) -> str:
    return group[0].raw_hash if len(group) == 1 else digest("".join(element.raw_hash for element in group).encode())


def received(group: list[Element]) -> str:
    """The group as it was received, in a text that PostgreSQL holds; several elements as a JSON array."""
    raws = texts(group)
    return raws[0] if len(raws) == 1 else f"[{','.join(raws)}]"


def texts(group: list[Element]) -> list[str]:
    return [bytes(element.raw).decode("utf-8", "replace").replace("\x00", "\ufffd") for element in group]


def without_separators(text: str) -> str:
    """JSON has none of them bare, only what is taken for JSON out of leniency."""
    return UNSTORABLE.sub("\ufffd", text) if NULL in text or NEXT_ROW in text or NEXT_COLUMN in text else text


@dataclass(slots=True)
class Sorted:
    """An answer's records by what is to be done with them."""

    groups: dict[Identity, list[Element]] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)


def sort_out(shape: Shape, raws: Iterable[msgspec.Raw], asked: str) -> Sorted:
    """Group the raw records of an answer by their identity; those without one are rejected at once."""
    found = Sorted()
    for raw in raws:
        element = Element(raw, digest(raw))
        identity = shape.identity(raw, asked)
        if identity is None:
            found.rejects.append(reject([element], shape.why_nameless(raw), dealer=shape.study(raw)[1] or ""))
        else:
            found.groups.setdefault(identity, []).append(element)
    return found


def reject(group: list[Element], error: Misread, key: str = "", dealer: str = "") -> Reject:
    reason, spelled = (UNSTORABLE.sub("", text) for text in (error.reason, error.field))
    kept = [Element(element.raw, digest(text.encode())) for element, text in zip(group, texts(group), strict=True)]
    hashes = [element.raw_hash for element in kept]
    return Reject(reason, received(group), group_hash(kept), hashes, spelled[:200], key[:LONGEST_KEY], dealer)


def stranger(dealer: str) -> Misread:
    """The reason that a record of an unknown dealer is rejected for."""
    return Misread(f"dealer code {values.shown(dealer)!r} is not known on this connection", "dealerId")
