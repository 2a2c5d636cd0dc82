"""Records as plain data: exact money, moments with their offset, lines in order under their array's name."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Prefetch, QuerySet

from ingestion.fields import WireField, wire_fields
from ingestion.job_types import JobType


def exported(job_type: JobType, records: QuerySet[Any], at_once: int = 1000) -> Iterator[dict[str, Any]]:
    """Every record of `records` in the order of dealership and natural key, a batch in memory at a time."""
    ordered = records.select_related("dealership").order_by("dealership__code", job_type.key)
    lines = [Prefetch(array, model._default_manager.order_by("position")) for array, model in job_type.lines.items()]
    columns = wire_fields(job_type.record)
    line_columns = {array: wire_fields(model) for array, model in job_type.lines.items()}
    for record in ordered.prefetch_related(*lines).iterator(chunk_size=at_once):
        yield {
            "dealer": record.dealership.code,
            **row(record, columns),
            **{array: [row(line, of) for line in getattr(record, array).all()] for array, of in line_columns.items()},
        }


def row(source: models.Model, columns: list[WireField]) -> dict[str, Any]:
    """The columns of a record or line by name; `extra` only where the gateway sent fields that we do not know."""
    found = {column.name: plain(getattr(source, column.name)) for column in columns}
    extra = source.extra  # type: ignore[attr-defined]
    return {**found, "extra": extra} if extra else found


def plain(value: Any) -> Any:
    """A value as JSON holds it without loss."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    return value
