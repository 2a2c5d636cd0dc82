"""The pages of records: one resource for each job type, read off its models."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.backoffice.cells import Cell, Column, cell
from config.backoffice.resources import Panel, Resource, register
from dealers.models import Dealership
from ingestion import fields, identity
from ingestion.display import label_of, local
from ingestion.filters import record_filters
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.values import canonical

LISTED = 6
"""Columns of a list beside the dealership, unless others are chosen."""


def shown(column: fields.WireField, row: Any) -> Cell:
    """A column's value in a row as a person reads it: codes by their meaning, moments on the dealership's clock."""
    if isinstance(column, fields.IdentityNumber):
        return cell(identity.of_row(row, column))
    value = getattr(row, column.name)
    if value is None:
        return Cell()
    if isinstance(column, fields.Code):
        label = label_of(column, value)
        return Cell(f"{label} ({value})" if label else value)
    if isinstance(column, fields.Moment):
        return Cell(local(value, row.dealership.time_zone), moment=value.isoformat())
    if isinstance(column, fields.Coordinate | fields.Percentage):
        return Cell(canonical(value))
    return cell(value)


def plain(column: fields.WireField, row: Any) -> Any:
    """The value for a file: numbers and days as they are, codes as received, moments with their offset."""
    if isinstance(column, fields.IdentityNumber):
        return identity.of_row(row, column)
    value = getattr(row, column.name)
    return value.astimezone(row.dealership.zone).isoformat() if isinstance(value, datetime) else value


def column_of(field: fields.WireField) -> Column:
    secret = isinstance(field, fields.IdentityNumber)
    return Column(
        field.name,
        field.verbose_name,
        lambda row: shown(field, row),
        sortable=not secret,
        numeric=isinstance(field, fields.Decimal | fields.Whole),
        export=lambda row: plain(field, row),
    )


DEALERSHIP = Column("dealership", _("dealership"), lambda row: row.dealership.name)


class RecordResource(Resource):
    """The records of a job type: as the main dealer's system said them, so nothing of them is edited."""

    job: JobType
    icon = "file-text"
    list_template = "records/list.html"
    detail_template = "records/detail.html"

    def __init__(self, job: JobType) -> None:
        self.job, self.model = job, job.record
        self.name, self.path, self.permission = f"records-{job.code}", f"records/{job.code}/", job.seen_with
        declared = fields.wire_fields(job.record)
        key = next(field for field in declared if field.name == job.key)
        others = [field for field in declared if field is not key]
        self.columns = [column_of(key), DEALERSHIP, *(column_of(field) for field in others)]
        telling = [field.name for field in others if field.name not in fields.SHARED]
        self.listed = [job.key, "dealership", *telling[:LISTED]]
        self.filterset = record_filters(job)
        days = [name for name in self.filterset.base_filters if name.endswith(("_from", "_to"))]
        codes = [field.name for field in declared if isinstance(field, fields.Code)]
        self.first_filters = ["search", "dealer", *days[:2], *codes[:2]]
        self.hidden_filters = ["id", *(name for name in ("dealer_id",) if name in self.filterset.base_filters)]
        super().__init__()

    def rows(self, user: Any) -> QuerySet[Any]:
        return identity.telling(super().rows(user), user).select_related("dealership")

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        dealers = Dealership.objects.visible_to(user, self.permission).order_by("name").values_list("code", "name")
        codes = {
            field.name: list(field.table.items())
            for field in fields.wire_fields(self.job.record)
            if isinstance(field, fields.Code)
        }
        return {"dealer": list(dealers), **codes}

    def beside(self, row: Any, words: tuple[str, ...]) -> Any:
        return ()

    def panels(self, request: HttpRequest, row: Any) -> Iterator[Panel]:
        pairs = [(column.label, column.cell(row)) for column in self.columns]
        yield Panel(_("Fields"), [(label, told) for label, told in pairs if not told.empty])


RECORDS = {code: register(RecordResource(job)) for code, job in JOB_TYPES.items()}
"""The pages of each job type's records by its code."""
