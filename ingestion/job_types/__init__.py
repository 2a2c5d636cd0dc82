"""The registry of job types: every module of this package declares one as `JOB_TYPE`."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass, field
from importlib import import_module

from django.db.models import Model

from ingestion.fields import Code, Money, WireField, wire_fields
from ingestion.models.record import Line, Record, key_of


@dataclass(frozen=True)
class JobType:
    """What cannot be read off a job type's models."""

    code: str
    """Its name in commands, the API and the schedule."""
    module: str
    """The gateway's path: `POST …/{module}/read`."""
    division: str
    """H1 (unit sales) or H23 (service and parts)."""
    record: type[Record]
    filters: tuple[str, ...] = ()
    """Keys of the request body beside the window and the dealer, sent blank: not filtered."""
    order: int = 100
    """Where it stands in lists; documents come before those that name them."""
    enabled: bool = field(default=True, kw_only=True)
    """Whether a new feed of it is switched on."""
    vanishes: bool = field(default=False, kw_only=True)
    """Whether its records rightly stop being sent, once they are paid, say."""
    day: str = field(default="created_time", kw_only=True)
    """The column that says when it happened: a day, or a moment that is cut into days where the dealership is."""
    people: str = field(default="", kw_only=True)
    """The column by which people are told apart; blank: its records tell of none, or of none in particular."""
    amounts: tuple[str, ...] = field(default=(), kw_only=True)
    """What is summed: numbers of the record, or as `array.column` of its lines. By default its money."""
    averages: tuple[str, ...] = field(default=(), kw_only=True)
    """Of what an average says something, as with `amounts`; numbers of the record are not summed for that."""
    breakdown: str = field(default="", kw_only=True)
    """What its records are told apart by in a chart, as with `amounts`. By default its first code, or dealerships."""
    listed: tuple[str, ...] = field(default=(), kw_only=True)
    """The columns of a list that nobody has chosen columns for."""

    @property
    def key(self) -> str:
        """The natural key's column."""
        return key_of(self.record).name

    @property
    def seen_with(self) -> str:
        """The permission that its records are seen with."""
        return "records.sales:view" if self.division == "H1" else "records.service:view"

    @property
    def models(self) -> list[type[Model]]:
        """Its tables."""
        return [self.record, self.record.history.model, *self.lines.values()]

    @property
    def measured(self) -> tuple[str, ...]:
        """What figures are made of: what is summed, then what only has an average."""
        return (*self.summed, *(name for name in self.averages if name not in self.summed))

    @property
    def summed(self) -> tuple[str, ...]:
        """`amounts`, or the record's money."""
        return self.amounts or tuple(column.name for column in wire_fields(self.record) if isinstance(column, Money))

    @property
    def parts(self) -> tuple[str, ...]:
        """The columns by which records can be told apart: the codes, and `breakdown` if it is none."""
        codes = tuple(column.name for column in wire_fields(self.record) if isinstance(column, Code))
        return codes if not self.breakdown or self.breakdown in codes else (*codes, self.breakdown)

    @property
    def part(self) -> str:
        """`breakdown`, or the first of `parts`: what tallies are kept of. Blank for a job type that has none."""
        return self.breakdown or next(iter(self.parts), "")

    def column(self, name: str) -> WireField:
        """A column of the record, or as `array.column` of its lines. Raises LookupError for any other name."""
        array, _, own = name.rpartition(".")
        found = {each.name: each for each in wire_fields(self.lines[array] if array else self.record)}
        return found[own]

    @property
    def label(self) -> str:
        return str(self.record._meta.verbose_name_plural)

    @property
    def lines(self) -> dict[str, type[Line]]:
        """The line model of each array, by the array's column-like name, in the order of declaration."""
        return {
            relation.name: relation.related_model
            for relation in self.record._meta.related_objects
            if issubclass(relation.related_model, Line)
        }

    def __str__(self) -> str:
        return self.code


def _find() -> dict[str, JobType]:
    modules = (import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    found: list[JobType] = sorted((module.JOB_TYPE for module in modules), key=lambda job: (job.order, job.code))
    return {job.code: job for job in found}


JOB_TYPES: dict[str, JobType] = {}
"""Every job type by its code, in order."""


def load() -> None:
    """Fill the registry; called once while Django loads models, as the modules declare some."""
    JOB_TYPES.update(_find())
