"""System checks of the job types: a declaration that cannot work is refused at start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import FieldDoesNotExist
from django.db import models

from ingestion import fields, job_types
from ingestion.job_types import JobType
from ingestion.models.record import Line

DIVISIONS = ("H1", "H23")
Model = type[models.Model]


@register
def check_job_types(app_configs: object = None, **kwargs: object) -> list[CheckMessage]:
    """Verify every declared job type."""
    return list(findings(declared()))


def declared() -> list[JobType]:
    """Every module's job type; the registry itself holds one for each code and so hides a code used twice."""
    found = iter_modules(job_types.__path__, f"{job_types.__name__}.")
    return [import_module(module.name).JOB_TYPE for module in found]


def findings(declarations: Sequence[JobType]) -> Iterator[Error]:
    for code, times in Counter(job_type.code for job_type in declarations).items():
        if times > 1:
            yield error("E003", f"{times} job types have the code {code!r}.", code)
    for job_type in declarations:
        yield from definition(job_type)
        yield from identity(job_type.record)
        yield from wire_names(job_type.record)
        yield from history(job_type.record)
        for tie in ties(job_type.record):
            yield from line(tie)


def error(number: str, text: str, where: object, hint: str | None = None) -> Error:
    return Error(text, hint=hint, obj=where, id=f"ingestion.{number}")


def definition(job_type: JobType) -> Iterator[Error]:
    """The gateway's path and the division, which no model can tell."""
    if not job_type.module.strip():
        yield error("E004", "The job type names no module of the gateway.", job_type)
    if job_type.division not in DIVISIONS:
        yield error("E005", f"{job_type.division!r} is no division; write one of {', '.join(DIVISIONS)}.", job_type)


def identity(record: Model) -> Iterator[Error]:
    """One natural key, never null and unique within a dealership."""
    keys = [field for field in record._meta.concrete_fields if isinstance(field, fields.Key)]
    if len(keys) != 1 or keys[0].null:
        yield error("E001", "A record needs exactly one fields.Key column, which is not null.", record)
        return
    if not unique_together(record, ("dealership", keys[0].name)):
        hint = f"Write constraints = [one_per_dealership({keys[0].name!r})] in its Meta."
        yield error("E002", "No constraint keeps the key unique within a dealership.", record, hint)


def unique_together(model: Model, names: tuple[str, ...]) -> bool:
    """Whether these columns are unique in every row, in this order: the index also serves reads by the first."""
    return any(
        isinstance(constraint, models.UniqueConstraint)
        and tuple(constraint.fields) == names
        and constraint.condition is None
        for constraint in model._meta.constraints
    )


def wire_names(record: Model) -> Iterator[Error]:
    """No two columns, and no column and array, answer to one wire key."""
    columns = columns_by_wire_name(record)
    yield from doubles(record, columns)
    for tie in ties(record):
        yield from doubles(tie.related_model, columns_by_wire_name(tie.related_model))
    arrays = Counter(fields.wire_name(tie.related_name or "") for tie in ties(record))
    for name, times in arrays.items():
        if name in columns or times > 1:
            yield error("E007", f"The array {name!r} has the wire name of a column or of another array.", record)


def doubles(model: Model, columns: dict[str, list[str]]) -> Iterator[Error]:
    for name, names in columns.items():
        if len(names) > 1:
            yield error("E006", f"The columns {', '.join(names)} share the wire name {name!r}.", model)


def columns_by_wire_name(model: Model) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for field in fields.wire_fields(model):
        found.setdefault(fields.wire_name(field.name), []).append(field.name)
    return found


def ties(record: Model) -> list[models.ManyToOneRel]:
    """What ties lines to the record; also a tie that is hidden, which `JobType.lines` would pass over."""
    relations: Iterable[Any] = record._meta.get_fields(include_hidden=True)
    return [relation for relation in relations if relation.one_to_many and issubclass(relation.related_model, Line)]


def line(tie: models.ManyToOneRel) -> Iterator[Error]:
    """A line hangs on its record by `lines_of`, and its position is unique there."""
    model: Model = tie.related_model
    missing = [name for name in ("record", "dealership", "position") if not has_column(model, name)]
    if missing:
        yield error("E008", f"The line has no {', '.join(missing)}.", model, "Declare record by lines_of.")
    elif not unique_together(model, ("record", "position")):
        hint = "Let its Meta inherit Line.Meta."
        yield error("E008", "No constraint keeps the position unique within a record.", model, hint)
    if not reached(tie):
        hint = "Declare record by lines_of, with the array's wire name in snake case."
        yield error(
            "E009", f"The record does not reach these lines by an array's name: {tie.related_name!r}.", model, hint
        )


def reached(tie: models.ManyToOneRel) -> bool:
    """Whether the array's name, read from the record, leads to the lines."""
    array = tie.related_name or ""
    descriptor = getattr(tie.model, array, None) if array.isidentifier() else None
    return getattr(descriptor, "rel", None) is tie


def has_column(model: Model, name: str) -> bool:
    try:
        return bool(model._meta.get_field(name).concrete)
    except FieldDoesNotExist:
        return False


def history(record: Model) -> Iterator[Error]:
    """Every version is kept, with the run that brought it and the text as received."""
    manager = getattr(record, "history", None)
    versions: Model | None = getattr(manager, "model", None)
    missing = [name for name in ("run", "raw") if versions is None or not has_column(versions, name)]
    if missing:
        yield error("E010", f"The record's history has no {' and no '.join(missing)}.", record)
