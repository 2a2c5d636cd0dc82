"""What the values of a sample mean, told by the kind of their column alone: an expectation of its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any

from django.db import models

from ingestion import fields
from ingestion.job_types import JobType
from tests.ingestion.roads import WIB, Data, spelled

FORMATS = {
    time: ("%H:%M", "%H.%M", "%H:%M:%S"),
    datetime: ("%d/%m/%Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y", "%Y/%m/%d"),
}


def parsed(kind: type, text: str) -> datetime:
    for form in FORMATS[kind]:
        try:
            return datetime.strptime(text.rstrip(": "), form)
        except ValueError:
            continue
    raise AssertionError(f"{text!r} of the sample is no {kind.__name__}")


def meaning(column: models.Field[Any, Any], value: object) -> object:
    text = str(value).strip()
    if value is None or not text:
        return None
    if isinstance(column, models.DateTimeField):
        return parsed(datetime, text).replace(tzinfo=WIB).astimezone(UTC)
    if isinstance(column, models.DateField):
        return parsed(datetime, text).date()
    if isinstance(column, models.TimeField):
        return parsed(time, text).time()
    if isinstance(column, models.DecimalField | models.IntegerField):
        return Decimal(text.replace(",", "."))
    return text


def alike(name: str) -> str:
    return name.replace("_", "").strip().lower()


def differences(row: models.Model, sent: Data) -> Iterator[str]:
    """The columns that do not hold what was sent."""
    said = {alike(key): value for key, value in sent.items() if not isinstance(value, list)}
    for column in row._meta.concrete_fields:
        if isinstance(column, fields.WireField):
            expected, found = meaning(column, said.pop(alike(column.name), None)), getattr(row, column.name)
            if found != expected or isinstance(found, float) or (type(found) is datetime and found.tzinfo is None):
                yield f"{column.name}: {found!r} is not {expected!r}"
    yield from (f"{name} went nowhere" for name in said)


def key_of(kind: JobType, document: Data) -> str:
    return str(document[spelled(document, kind.key)]).strip()


def text_field(kind: JobType, document: Data) -> str:
    """A key of the document whose column holds any text and does not identify it."""
    texts = {alike(c.name) for c in fields.wire_fields(kind.record) if type(c) is fields.Text} - {"dealerid"}
    return next(key for key in document if alike(key) in texts)


def column_of(model: type[models.Model], key: str) -> str:
    """The column of a wire key."""
    return next(column.name for column in fields.wire_fields(model) if alike(column.name) == alike(key))
