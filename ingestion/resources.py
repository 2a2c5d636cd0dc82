"""The pages of records: one resource for each job type, read off its models."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.db.models import Model, QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from config.backoffice import formats
from config.backoffice.cells import Cell, Column, cell, marked
from config.backoffice.resources import Panel, Resource, register
from dealers.models import Dealership
from ingestion import fields, identity, links, nearby, passport
from ingestion.display import label_of
from ingestion.filters import record_filters
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.values import canonical
from ingestion.versions import versions

MOST_PLACES = 2
"""Places told in which a row has the words searched for."""


def shown(column: fields.WireField, row: Any) -> Cell:
    """A column's value in a row as a person reads it: codes by their meaning, moments on the dealership's clock."""
    if isinstance(column, fields.IdentityNumber):
        return cell(identity.of_row(row, column))
    value = getattr(row, column.name)
    told = next((told for kind, told in TOLD.items() if isinstance(column, kind)), None)
    return Cell() if value is None else told(column, row, value) if told else cell(value)


def told_code(column: Any, row: Any, value: str) -> Cell:
    label = label_of(column, value)
    return Cell(f"{label} ({value})" if label else value)


TOLD: dict[type[fields.WireField], Callable[[Any, Any, Any], Cell]] = {
    fields.Code: told_code,
    fields.Moment: lambda column, row, value: Cell(
        formats.moment(value, row.dealership.time_zone), moment=value.isoformat()
    ),
    fields.Money: lambda column, row, value: Cell(formats.money(value, row.dealership.currency)),
    fields.Coordinate: lambda column, row, value: Cell(canonical(value)),
    fields.Percentage: lambda column, row, value: Cell(canonical(value)),
}
"""How values of some kinds of columns are told."""


def plain(column: fields.WireField, row: Any) -> Any:
    """The value for a file: numbers and days as they are, codes as received, moments with their offset."""
    if isinstance(column, fields.IdentityNumber):
        return identity.of_row(row, column)
    value = getattr(row, column.name)
    return value.astimezone(row.dealership.zone).isoformat() if isinstance(value, datetime) else value


GROUPS = (_("Document"), _("State and kind"), _("Dates"), _("Money"), _("People and places"), _("Main dealer's system"))
PEOPLE = ("nama", "alamat", "kode_p", "kode_k", "telp", "telepon", "kontak", "email", "hubungan", "penerima")
"""Beginnings of parts of names of columns that are about people or where they are."""


def group_of(field: fields.WireField) -> int:
    """The group that a column stands in, by its place in GROUPS."""
    if field.name in fields.SHARED:
        return 5
    if isinstance(field, fields.Decimal) and not isinstance(field, fields.Coordinate):
        return 3
    if isinstance(field, fields.Day | fields.Moment | fields.Time):
        return 2
    people = any(f"_{part}" in f"_{field.name}" for part in PEOPLE) and not isinstance(field, fields.Key)
    if isinstance(field, fields.IdentityNumber | fields.Coordinate) or people:
        return 4
    return 1 if isinstance(field, fields.Code) else 0


def grouped(columns: list[fields.WireField]) -> Iterator[tuple[Any, list[fields.WireField]]]:
    for place, title in enumerate(GROUPS):
        yield title, [field for field in columns if group_of(field) == place]


def lines_of_row(job: JobType, row: Any) -> Iterator[tuple[Any, str]]:
    """Every line of a record with what it is called and its number."""
    for array, model in job.lines.items():
        for line in getattr(row, array).all():
            yield line, f"{model._meta.verbose_name} {line.position}"


OF_ONE = ("satuan", "harga_parts", "per_unit")
"""Parts of names of amounts that are for one piece."""


class LineTable:
    """Lines of a record under the columns of which any says something, with totals of amounts and quantities."""

    def __init__(self, model: type[Model], lines: list[Any]) -> None:
        every = [field for field in fields.wire_fields(model) if field.name not in fields.SHARED]
        self.columns = [field for field in every if any(getattr(line, field.name) is not None for line in lines)]
        self.headings = [(field.verbose_name, self.numeric(field)) for field in self.columns]
        self.rows = [
            (line.position, [(shown(field, line), self.numeric(field)) for field in self.columns]) for line in lines
        ]
        self.totals = [self.total(field, lines) for field in self.columns]
        self.adds_up = len(lines) > 1 and any(not total.empty for total in self.totals)

    @staticmethod
    def numeric(field: fields.WireField) -> bool:
        return isinstance(field, fields.Decimal | fields.Whole)

    @staticmethod
    def total(field: fields.WireField, lines: list[Any]) -> Cell:
        """Of amounts of a line and of quantities; a unit's price and a percentage add up to nothing."""
        of_one = any(part in field.name for part in OF_ONE) and not field.name.startswith("total")
        whole = isinstance(field, fields.Money) and not of_one
        found = [value for line in lines if (value := getattr(line, field.name)) is not None]
        if not found or not (whole or field.name.startswith(("kuantitas", "quantity"))):
            return Cell()
        total = sum(found[1:], found[0])
        currency = lines[0].dealership.currency
        return Cell(formats.money(total, currency)) if isinstance(field, fields.Money) else cell(total)


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
        self.listed = [job.key, "dealership", *(name for name in job.listed if name != job.key)]
        self.secret_filters = frozenset(field.name for field in declared if isinstance(field, fields.IdentityNumber))
        self.filterset = record_filters(job)
        days = [name for name in self.filterset.base_filters if name.endswith(("_from", "_to"))]
        main = [f"{job.day}_from", f"{job.day}_to"] if job.day else days[:2]
        self.first_filters = ["search", "dealer", *main, job.part]
        self.hidden_filters = ["id", *(name for name in ("dealer_id",) if name in self.filterset.base_filters)]
        super().__init__()

    def rows(self, user: Any) -> QuerySet[Any]:
        return identity.telling(super().rows(user), user).select_related("dealership")

    def near(self, user: Any, query: QueryDict, place: Any) -> QuerySet[Any] | None:
        found = nearby.near(self.job, user, query, place, self.page_size)
        return None if found is None else self.listing(self.rows(user)).filter(pk__in=found)

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        dealers = Dealership.objects.visible_to(user, self.permission).order_by("name").values_list("code", "name")
        codes = {
            field.name: list(field.table.items())
            for field in fields.wire_fields(self.job.record)
            if isinstance(field, fields.Code)
        }
        return {"dealer": list(dealers), **codes}

    def listing(self, rows: QuerySet[Any], words: tuple[str, ...] = ()) -> QuerySet[Any]:
        return rows.prefetch_related(*self.job.lines) if words else rows

    @property
    def urls(self) -> list[URLPattern]:
        from ingestion import pages

        summary = path(f"{self.path}summary/", pages.summary, {"resource": self}, name=f"{self.name}-summary")
        return [*super().urls, summary]

    def above(self, request: HttpRequest, rows: QuerySet[Any] | None) -> dict[str, Any]:
        """Where the figures and charts of the same filters come from, once the rows are seen."""
        query = request.GET.copy()
        for name in ("cursor", "ordering", "columns"):
            query.pop(name, None)
        return {"summary": f"{reverse(f'{self.name}-summary')}?{query.urlencode()}" if rows is not None else ""}

    def beside(self, row: Any, words: tuple[str, ...]) -> list[tuple[str, Any]]:
        """The first fields, of the record and its lines, in which the words stand."""
        found = []
        for model_row, place in [(row, ""), *lines_of_row(self.job, row)]:
            for field in fields.wire_fields(type(model_row)):
                if not isinstance(field, fields.Text) or isinstance(field, fields.IdentityNumber):
                    continue
                value = getattr(model_row, field.name) or ""
                if any(word.casefold() in value.casefold() for word in words):
                    label = f"{place}: {field.verbose_name}" if place else str(field.verbose_name)
                    found.append((label, marked(value, words)))
        return found[:MOST_PLACES]

    def panels(self, request: HttpRequest, row: Any) -> Iterator[Panel]:
        """The fields in their groups, then each kind of line as a table with totals."""
        for title, columns in grouped(fields.wire_fields(self.job.record)):
            pairs = [(field.verbose_name, shown(field, row)) for field in columns]
            if pairs := [(label, told) for label, told in pairs if not told.empty]:
                yield Panel(title, pairs)
        for array, model in self.job.lines.items():
            lines = list(getattr(row, array).all())
            for line in lines:
                line.dealership = row.dealership
            context = {"table": LineTable(model, lines)}
            yield Panel(model._meta.verbose_name_plural or array, template="records/lines.html", context=context)
        if row.extra:
            pairs = [(key, cell(str(value))) for key, value in row.extra.items()]
            yield Panel(_("Fields that the specification does not know"), pairs)

    def beside_panels(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {
            "versions": versions(self.job, row, request.user),
            "linked": [told_group(group) for group in links.linked(row, self.job, request.user)],
            "frames": passport.frames_of(self.job, row),
        }


def told_group(group: links.Group) -> dict[str, Any]:
    """Records that hang together with one, as its page shows them."""
    resource = RECORDS[group.job.code]
    rows = [(resource.address(row), resource.title(row)) for row in group.records]
    return {"label": group.job.label, "rows": rows, "more": group.more}


RECORDS = {code: RecordResource(job) for code, job in JOB_TYPES.items()}
"""The pages of each job type's records by its code."""
for each in RECORDS.values():
    register(each)
