"""How a record's values are shown to people and programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from django.db import models

from ingestion import fields
from ingestion.values import canonical


def label_of(column: fields.Code, code: str | None) -> str | None:
    """What a code means, or None if its table lacks it."""
    label = column.table.get(code) if code is not None else None
    return None if label is None else str(label)


def local(moment: datetime, time_zone: str) -> str:
    """A moment on a dealership's clock."""
    return f"{moment.astimezone(ZoneInfo(time_zone)):%Y-%m-%d %H:%M:%S %Z}"


def shown(column: models.Field[Any, Any], value: Any, time_zone: str) -> Any:
    """A column's value as a person reads it: a code with its label, a moment on the local clock."""
    if value is None:
        return None
    if isinstance(column, fields.Decimal):
        return canonical(value)
    if isinstance(column, fields.Moment):
        return local(value, time_zone)
    if isinstance(column, fields.Code):
        label = label_of(column, value)
        return f"{label} ({value})" if label else value
    return value


def pretty(raw: str) -> str:
    """A record as received with line breaks put in; what is no JSON stays as it is."""
    try:
        return msgspec.json.format(raw, indent=2)
    except msgspec.MsgspecError:
        return raw
