"""What changed in a record from one stored version to the next, field by field, lines included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from ingestion import identity
from ingestion.display import pretty
from ingestion.fields import wire_fields, wire_name
from ingestion.job_types import JobType

MOST = 50
"""Versions of a record that a page shows."""
decode = msgspec.json.Decoder(float_hook=Decimal).decode


@dataclass(frozen=True)
class Change:
    """A field that another version says otherwise; None where it says nothing."""

    label: str
    place: str
    """The line that it stands in, such as `parts 2`; blank for the record itself."""
    before: str | None
    after: str | None


@dataclass(frozen=True)
class Version:
    """A record as it was from a moment on."""

    at: datetime
    created: bool
    run_id: int | None
    changes: list[Change]
    raw: str
    """As received, with line breaks put in."""


def versions(job: JobType, record: Any, user: Any) -> list[Version]:
    """Those stored of a record, the newest first, told as `user` may see them."""
    stored = list(
        job.record.history.filter(id=record.pk)
        .order_by("-history_id")
        .only("history_id", "history_date", "history_type", "run_id", "raw", "dealership_id")[: MOST + 1]
    )
    told = [identity.received(each.raw, job.code, each.dealership_id, user) for each in stored]
    labels = labels_of(job)
    found = []
    for place, each in enumerate(stored[:MOST]):
        before = told[place + 1] if place + 1 < len(told) else None
        changes = list(differences(before, told[place], labels)) if before is not None else []
        found.append(Version(each.history_date, each.history_type == "+", each.run_id, changes, pretty(told[place])))
    return found


def labels_of(job: JobType) -> dict[str, str]:
    """What the fields of a job type are called, by what all spellings of their keys have in common."""
    models = [*job.lines.values(), job.record]
    return {wire_name(field.name): str(field.verbose_name) for model in models for field in wire_fields(model)}


def differences(before: str, after: str, labels: dict[str, str]) -> Iterator[Change]:
    """The fields in which two texts of a record differ, in the order of the later one."""
    old, new = values_of(before), values_of(after)
    for path in [*new, *(path for path in old if path not in new)]:
        if old.get(path) != new.get(path):
            *lines, key = path
            yield Change(labels.get(wire_name(key), key), " ".join(lines), old.get(path), new.get(path))


def values_of(raw: str) -> dict[tuple[str, ...], str | None]:
    """Every field by its path; what is no JSON has none."""
    try:
        return dict(flattened(decode(raw), ()))
    except (msgspec.MsgspecError, RecursionError):
        return {}


def flattened(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str | None]]:
    """Lines are counted from 1, in the order received."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from flattened(each, (*path, key))
    elif isinstance(value, list):
        for number, each in enumerate(value, 1):
            yield from flattened(each, (*path, str(number)))
    else:
        yield path or ("",), None if value is None else str(value)
