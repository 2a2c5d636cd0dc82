"""The types of a record's columns: each a Django field that also knows how to read what a gateway sends.

A column and its wire key are the same once case and underscores are dropped, so a model is the whole mapping. Every
column but the natural key is null when the gateway said nothing: absent is not the same as empty or 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from django.db import models

from ingestion import values

Reader = Callable[[object], str | None]
SHARED = ("dealer_id", "created_time", "modified_time")
"""Columns that every record has, declared once."""


class WireField(models.Field):
    """A column that a gateway fills. `read` turns what arrived into canonical text (see `ingestion.values`)."""

    read: Reader

    def __init__(self, verbose_name: Any = None, **options: Any) -> None:
        options.setdefault("null", True)
        options.setdefault("blank", options["null"])
        super().__init__(verbose_name, **options)

    def reader(self, zone: ZoneInfo) -> Reader:
        """The function that reads this column's values for a main dealer in `zone`."""
        return self.read


class Text(WireField, models.TextField):
    """Text of any length: a gateway's own limits are not kept by gateways."""

    read = staticmethod(values.text)


class Key(Text):
    """The natural key within a dealership: never null, never parsed, never cut."""

    def __init__(self, verbose_name: Any = None, **options: Any) -> None:
        super().__init__(verbose_name, **{"null": False, **options})


class IdentityNumber(Text):
    """A number of somebody's identity papers: seen by `records.identity_numbers:view` alone, found by no search."""


class Code(Text):
    """A code of a table, kept as received and shown with its label. A code the table lacks is data, not an error."""

    read = staticmethod(values.code)

    def __init__(self, verbose_name: Any = None, table: dict[str, Any] | None = None, **options: Any) -> None:
        self.table = table or {}
        super().__init__(verbose_name, **{"choices": list(self.table.items()), **options})

    def deconstruct(self) -> Any:
        """Without the table: a new code must not cost a migration."""
        name, path, args, options = super().deconstruct()
        options.pop("choices", None)
        return name, path, args, options

    def validate(self, value: Any, model_instance: models.Model | None) -> None:
        """Any code is welcome."""


class Whole(WireField, models.BigIntegerField):
    """A whole number."""

    read = staticmethod(values.whole)


class Decimal(WireField, models.DecimalField):
    """An exact decimal of up to 20 digits before and 20 after the sign, stored with neither rounding nor padding."""

    read = staticmethod(values.number)

    def __init__(self, verbose_name: Any = None, **options: Any) -> None:
        super().__init__(verbose_name, **{"max_digits": 40, "decimal_places": 20, **options})

    def deconstruct(self) -> Any:
        name, path, args, options = super().deconstruct()
        del options["max_digits"], options["decimal_places"]
        return name, path, args, options

    def db_type(self, connection: Any) -> str:
        """numeric without a scale keeps 18181.5 as 18181.5."""
        return "numeric"


class Money(Decimal):
    """An amount in the dealership's currency."""


class Percentage(Decimal):
    """Per cent, 20.5 for 20.5 %."""


class Coordinate(Decimal):
    """Degrees, as received: gateways are known to swap latitude and longitude."""


class Day(WireField, models.DateField):
    """A date of business in the main dealer's time zone."""

    def reader(self, zone: ZoneInfo) -> Reader:
        return remembered(values.day, zone)


class Time(WireField, models.TimeField):
    """A time of day."""

    def reader(self, zone: ZoneInfo) -> Reader:
        return remembered(values.clock)


class Moment(WireField, models.DateTimeField):
    """A moment, stored in UTC, read in the main dealer's time zone."""

    def reader(self, zone: ZoneInfo) -> Reader:
        return remembered(values.moment, zone)


@cache
def remembered(read: Callable[..., str | None], *zone: ZoneInfo) -> Reader:
    """`read` with a memory of texts that all columns share: dates and times repeat within and between records."""
    known = lru_cache(maxsize=65536)(read)

    def recall(value: object) -> str | None:
        return known(value, *zone) if type(value) is str else read(value, *zone)

    return recall


def wire_fields(model: type[models.Model]) -> list[WireField]:
    """The columns of `model` that a gateway fills, as declared; those that all models share last."""
    found = [field for field in model._meta.concrete_fields if isinstance(field, WireField)]
    return sorted(found, key=lambda field: field.name in SHARED)


def wire_name(name: str) -> str:
    """What a wire key and its column have in common."""
    return name.strip().replace("_", "").lower()
