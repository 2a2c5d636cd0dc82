"""Who sees the numbers of customers' identity papers: whom the table of permissions says, each in their dealerships.

Everybody else sees the last digits, by which a customer on the phone is told apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from django.db.models import BooleanField, Model, Q, QuerySet, Value
from django.db.models.expressions import ExpressionWrapper

from dealers.permissions import dealerships_of, may
from ingestion import fields
from ingestion.fields import wire_fields, wire_name
from ingestion.job_types import JOB_TYPES, JobType

PERMISSION = "records.identity_numbers:view"
SHOWN = 4
"""Last characters that everybody sees, of numbers that are at least twice as long."""
HIDDEN = "••••"
decode = msgspec.json.Decoder(float_hook=Decimal).decode
encode = msgspec.json.Encoder(decimal_format="number").encode


def telling(rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """`rows`, each with `tells_identity`: whether `user` sees the numbers in it."""
    found = dealerships_of(user, PERMISSION)
    told = Value(True) if found is None else Q(dealership__in=found)
    return rows.annotate(tells_identity=ExpressionWrapper(told, output_field=BooleanField()))


def within(rows: QuerySet[Any], user: Any) -> QuerySet[Any]:
    """Those of `rows` in which `user` sees the numbers, and so may ask for one."""
    found = dealerships_of(user, PERMISSION)
    return rows if found is None else rows.filter(dealership__in=found)


def of_row(row: Any, column: fields.IdentityNumber) -> str | None:
    """The number in a row that `telling` found, or in a line of such a row; or what everybody sees of it."""
    number: str | None = getattr(row, column.name)
    return number if number is None or tells(row) else masked(number)


def tells(row: Any) -> bool:
    """Whether `telling` said so of a row, or of the record that a line was fetched with."""
    found = getattr(row, "tells_identity", None)
    if found is None:
        found = getattr(row._state.fields_cache.get("record"), "tells_identity", False)
    return bool(found)


def masked(number: str) -> str:
    return HIDDEN + (number[-SHOWN:] if len(number) >= 2 * SHOWN else "")


def received(raw: str, job_type: str, dealership_id: int | None, user: Any) -> str:
    """A record as received, its identity numbers as `user` may see them; what is no JSON cannot be told apart."""
    return raw if may(user, PERMISSION, dealership_id) else hidden_in(raw, job_type)


def hidden_in(raw: str, job_type: str) -> str:
    """A record as received without identity numbers; without anything if it is no JSON."""
    try:
        record = decode(raw)
        told = hidden(record, wire_names(job_type))
        return raw if told == record else encode(told).decode()
    except (msgspec.MsgspecError, RecursionError):
        return HIDDEN


def hidden(value: Any, names: frozenset[str]) -> Any:
    """What was received, without the numbers under any spelling of their keys."""
    if isinstance(value, list):
        return [hidden(each, names) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: masked(str(each)) if each and wire_name(key) in names else hidden(each, names)
        for key, each in value.items()
    }


@cache
def wire_names(job_type: str) -> frozenset[str]:
    """The keys of identity numbers, wherever they may turn up; not those that are something else in this job type."""
    every = {(name, secret) for job in JOB_TYPES.values() for name, secret in keys(job)}
    own = {name for name, secret in keys(JOB_TYPES[job_type]) if not secret}
    return frozenset({name for name, secret in every if secret} - own)


def keys(job: JobType) -> Iterator[tuple[str, bool]]:
    """Each key of a record and its lines, and whether it is that of an identity number."""
    models: list[type[Model]] = [job.record, *job.lines.values()]
    for column in (column for model in models for column in wire_fields(model)):
        yield wire_name(column.name), isinstance(column, fields.IdentityNumber)
