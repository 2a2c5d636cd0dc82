"""Reads the objects of an answer: what each key means, typed values as canonical text, lines in their order.

The canonical text of a row is the row as `ingestion.store` sends it, so that what is hashed is what is stored.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.db import models

from ingestion import values
from ingestion.fields import Reader, wire_fields, wire_name
from ingestion.values import Unreadable

NEXT_ROW, NEXT_COLUMN, NULL = "\x1e", "\x1f", "\x1d"
"""What stands between rows, between columns, and for null; none of it stands in a value."""
DEEPEST = 100
"""Levels of a record; documents have two."""
TOO_DEEP = "the record is nested too deeply"
TOO_LARGE = "a number in the record is too large"
BLANKS = b" \t\r\n"
decode_json = msgspec.json.Decoder(float_hook=Decimal).decode
encode_json = msgspec.json.Encoder(decimal_format="number", order="deterministic").encode


class Misread(Exception):
    """`reason` of the field that could not be read."""

    def __init__(self, reason: str, field: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


@dataclass(slots=True)
class Row:
    """One object of an answer, read."""

    values: list[str | None]
    """Canonical text by column, the unknown fields as JSON behind them."""
    arrays: dict[str, list[str]]
    """Each array's lines as canonical text; an array without lines is absent."""
    unknown_fields: int
    keys: int
    """How many keys the object has, those of its lines included."""
    substance: dict[str, str] = field(default_factory=dict)
    """Of rows with unknown fields: what their canonical text says, whatever the spelling of those fields."""


def ignore(_value: object) -> None:
    """Stands for a key that is no column."""


@dataclass(slots=True)
class Plan:
    """How objects with the same keys in the same order are read."""

    readers: list[Reader]
    """One for each key."""
    arrange: Callable[[list[str | None]], tuple[str | None, ...]]
    """From the order of the keys to the order of the columns."""
    twice: list[tuple[int, int]]
    """Columns that a second key names in another spelling: the column, the key's number."""
    arrays: list[tuple[str, str, RowReader]]
    """Keys that hold lines, each with the array's name and the reader of its lines."""
    unknown: list[str]
    """Keys that the specification does not know."""


class RowReader:
    """Reads the objects of one model. How a gateway spells and orders its keys is planned once and then kept."""

    LEARNT = 200
    """Plans kept; a gateway that invents keys must not fill the memory."""

    def __init__(self, model: type[models.Model], zone: ZoneInfo, arrays: dict[str, RowReader] | None = None) -> None:
        columns = wire_fields(model)
        self.columns = [str(column.column) for column in columns]
        self.readers = [column.reader(zone) for column in columns]
        self.position = {wire_name(column.name): index for index, column in enumerate(columns)}
        self.arrays = {wire_name(name): (name, reader) for name, reader in (arrays or {}).items()}
        self.plans: dict[tuple[str, ...], Plan] = {}

    def read(self, record: dict[str, Any]) -> Row:
        """Raises Misread for a value that its column cannot hold."""
        keys = tuple(record)
        plan = self.plans.get(keys) or self.plan(keys)
        try:
            found = [read(value) for read, value in zip(plan.readers, record.values(), strict=True)]
        except Unreadable:
            raise self.misread(record) from None
        found.append(None)
        row = Row(list(plan.arrange(found)), {}, len(plan.unknown), len(keys))
        for place, again in plan.twice:
            if row.values[place] is None:
                row.values[place] = found[again]
            elif found[again] not in (None, row.values[place]):
                raise Misread("the field is given twice with different values", keys[again].strip())
        for key, array, reader in plan.arrays:
            reader.read_lines(key, record[key], array, row)
        if plan.unknown:
            row.keys += keys_in([record[key] for key in plan.unknown], DEEPEST)
            row.values[-1] = extra_json(record, plan.unknown)
            row.substance[canonical_row(row.values)] = canonical_row(
                [*row.values[:-1], substance_of(record, plan.unknown)]
            )
        return row

    def plan(self, keys: tuple[str, ...]) -> Plan:
        """What to do with an object of these keys."""
        source: dict[int, int] = {}
        twice, arrays, unknown, readers = [], [], [], []
        for number, key in enumerate(keys):
            place = self.position.get(wire_name(key))
            readers.append(ignore if place is None else self.readers[place])
            if wire_name(key) in self.arrays:
                arrays.append((key, *self.arrays[wire_name(key)]))
            elif place is None:
                unknown.append(key)
            elif place in source:
                twice.append((place, number))
            else:
                source[place] = number
        width = len(self.columns)
        order = [source.get(place, len(keys)) for place in range(width)] + [len(keys)]
        plan = Plan(readers, itemgetter(*order), twice, arrays, unknown)
        if len(self.plans) < self.LEARNT:
            self.plans[keys] = plan
        return plan

    def misread(self, record: dict[str, Any]) -> Misread:
        """Which of the values cannot be read, and why."""
        for key, value in record.items():
            place = self.position.get(wire_name(key))
            try:
                if place is not None:
                    self.readers[place](value)
            except Unreadable as error:
                return Misread(str(error), key.strip())
        return Misread("the record cannot be read")

    def read_lines(self, key: str, value: Any, array: str, row: Row) -> None:
        """Put the lines under `key` into `row`, as `array`."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return
        if not isinstance(value, list):
            raise Misread(f"{values.kind(value)} stands where a list of lines is expected", key)
        if value and array in row.arrays:
            raise Misread("the array is given twice", key)
        lines = [self.read_line(f"{key}[{number}]", line, row) for number, line in enumerate(value)]
        if lines:
            row.arrays[array] = lines

    def read_line(self, place: str, line: Any, row: Row) -> str:
        if not isinstance(line, dict):
            raise Misread(f"{values.kind(line)} stands where a line is expected", place)
        try:
            found = self.read(line)
        except Misread as error:
            raise Misread(error.reason, f"{place}.{error.field}") from None
        row.unknown_fields += found.unknown_fields
        row.keys += found.keys
        row.substance |= found.substance
        return canonical_row(found.values)


def canonical_row(row: list[str | None]) -> str:
    """A row's canonical text."""
    return NEXT_COLUMN.join([NULL if text is None else text for text in row])


def extra_json(record: dict[str, Any], unknown: list[str]) -> str:
    """Unknown fields in one spelling: keys sorted, nothing that PostgreSQL's jsonb cannot hold."""
    extra: dict[str, Any] = {}
    for key in unknown:
        spelled = storable(key)
        if spelled in extra:
            raise Misread("the field is given twice", spelled)
        extra[spelled] = storable(record[key])
    return values.UNSTORABLE.sub("", encode_json(extra).decode())


def substance_of(record: dict[str, Any], unknown: list[str]) -> str | None:
    """Unknown fields whatever the case of their keys, blanks, and numbers sent as text; blank ones are none."""
    found = substance({key: record[key] for key in unknown})
    return encode_json(found).decode() if found else None


def substance(value: Any) -> Any:
    if isinstance(value, dict):
        found = {wire_name(storable(key)): substance(item) for key, item in value.items()}
        return {key: item for key, item in found.items() if item is not None}
    if isinstance(value, list):
        return [substance(item) for item in value]
    for read in (values.number, values.text):
        with suppress(Unreadable):
            return read(value)
    return str(value)


def storable(value: Any) -> Any:
    """`value` without NUL and lone surrogates, and without numbers that jsonb refuses."""
    if isinstance(value, str):
        return values.UNSTORABLE.sub("", value).strip()
    if isinstance(value, dict):
        return {storable(key): storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [storable(item) for item in value]
    if isinstance(value, Decimal) and (abs(value.adjusted()) > 1000 or len(str(value)) > 1000):
        return str(value)
    return value


def parse(raw: msgspec.Raw) -> dict[str, Any]:
    """The record as an object; whether each of its keys stands once, `check_keys` tells. Raises Misread."""
    try:
        record = decode_json(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        record = parse_strictly(bytes(raw))
    except RecursionError:
        raise Misread(TOO_DEEP) from None
    except InvalidOperation:
        raise Misread(TOO_LARGE) from None
    if not isinstance(record, dict):
        raise Misread(f"{values.kind(record)} stands where a record is expected")
    return record


def check_keys(raw: msgspec.Raw, keys: int) -> None:
    """Raises Misread if an object of the record, which has `keys` keys in all, has one of them twice."""
    body = bytes(raw)
    if body.translate(None, BLANKS).count(b'":') != keys:
        parse_strictly(body)  # every key brings one ":, so another count is one given twice, or text that looks so


def parse_strictly(body: bytes) -> Any:
    """The slower way: takes lone surrogates, bytes that are no UTF-8 (replaced), and refuses a key given twice."""
    try:
        return json.loads(
            body.decode("utf-8", "replace"),
            object_pairs_hook=unique_keys,
            parse_float=Decimal,
            parse_constant=refuse_constant,
            strict=False,
        )
    except RecursionError:
        raise Misread(TOO_DEEP) from None
    except InvalidOperation:
        raise Misread(TOO_LARGE) from None
    except ValueError as error:
        raise Misread(f"the record is no JSON: {error}") from None


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise Misread("the field is given twice", twice)
    return found


def refuse_constant(name: str) -> None:
    raise Misread(f"{name} is no number")


def keys_in(value: Any, levels: int) -> int:
    """How many keys the objects in `value` have together. Raises Misread below so many levels."""
    if not levels:
        raise Misread(TOO_DEEP)
    if type(value) is dict:
        count, items = len(value), value.values()
    else:
        count, items = 0, value
    for item in items:
        if type(item) is dict or type(item) is list:
            count += keys_in(item, levels - 1)
    return count
