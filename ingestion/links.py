"""How documents name each other, and which records hang together with one: both ways, in few queries.

A join says that a column of one job type's records or lines names what a column of another's is. Natural keys are
unique in a dealership alone, so both belong to the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from dealers.permissions import dealerships_of
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Record
from ingestion.naming import saying

MOST = 20
"""Records that are shown of a job type."""


@dataclass(frozen=True)
class End:
    """A column of a job type's records, or as `array.column` of their lines."""

    job: str
    column: str

    @property
    def job_type(self) -> JobType:
        return JOB_TYPES[self.job]

    @property
    def path(self) -> str:
        """The column as a lookup writes it."""
        return self.column.replace(".", "__")


JOINS = (
    (End("spk_read", "id_prospect"), End("prospect", "id_prospect")),
    (End("leasing", "id_spk"), End("spk_read", "id_spk")),
    (End("inv1_read", "id_spk"), End("spk_read", "id_spk")),
    (End("doch_read", "id_spk"), End("spk_read", "id_spk")),
    (End("bast_read", "detail.id_spk"), End("spk_read", "id_spk")),
    (End("leasing", "id_spk"), End("inv1_read", "id_spk")),
    (End("leasing", "id_spk"), End("doch_read", "id_spk")),
    (End("inv1_read", "id_spk"), End("doch_read", "id_spk")),
    (End("bast_read", "detail.id_spk"), End("leasing", "id_spk")),
    (End("bast_read", "detail.id_spk"), End("inv1_read", "id_spk")),
    (End("bast_read", "detail.id_spk"), End("doch_read", "id_spk")),
    (End("doch_read", "unit.nomor_rangka"), End("bast_read", "detail.no_rangka")),
    (End("doch_read", "unit.nomor_rangka"), End("uinb_read", "unit.no_rangka")),
    (End("bast_read", "detail.no_rangka"), End("uinb_read", "unit.no_rangka")),
    (End("uinb_read", "no_invoice"), End("mdinvh1_read", "no_invoice")),
    (End("uinb_read", "unit.po_id"), End("mdinvh1_read", "unit.po_id")),
    (End("inv2_read", "no_work_order"), End("pkb", "no_work_order")),
    (End("unpaidhlo_read", "no_work_order"), End("pkb", "no_work_order")),
    (End("dphlo_read", "no_work_order"), End("pkb", "no_work_order")),
    (End("pkb", "no_work_order_job_return"), End("pkb", "no_work_order")),
    (End("dphlo_read", "no_work_order"), End("inv2_read", "no_work_order")),
    (End("unpaidhlo_read", "id_hlo_document"), End("dphlo_read", "id_hlo_document")),
    (End("prsl_read", "parts.booking_id_reference"), End("dphlo_read", "id_hlo_document")),
    (End("prsl_read", "parts.booking_id_reference"), End("unpaidhlo_read", "id_hlo_document")),
    (End("parts_inbound", "po.no_po"), End("mdinvh3_read", "parts.no_po")),
)
"""Documents that share a name are joined even where the document of that name is not sent, as an SPK may not be."""


@dataclass
class Group:
    """Records of a job type that hang together with a record."""

    job: JobType
    records: list[Record] = field(default_factory=list)
    more: bool = False
    """Whether there are others beyond `MOST`."""


@cache
def joins_of(code: str) -> tuple[tuple[str, End], ...]:
    """Which column of a job type leads to which other ends."""
    there = [(one.column, other) for one, other in JOINS if one.job == code]
    back = [(other.column, one) for one, other in JOINS if other.job == code]
    return (*there, *back)


def linked(record: Record, job: JobType, user: Any) -> list[Group]:
    """The records that `record` names or is named by, as far as `user` may see them, by job type in their order.

    A query for each array of the record that names something, and one or two for each job type that it leads to.
    """
    named = names_in(record, job)
    wanted: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for column, end in joins_of(job.code):
        if named[column] and sees(user, end.job_type, record.dealership_id):
            wanted[end.job][end.path] |= named[column]
    groups = [found(JOB_TYPES[code], record, paths) for code, paths in wanted.items()]
    return sorted((group for group in groups if group.records), key=lambda group: list(JOB_TYPES).index(group.job.code))


def sees(user: Any, job: JobType, dealership_id: int) -> bool:
    """Whether a person may see a job type's records of a dealership."""
    where = dealerships_of(user, job.seen_with)
    return where is None or dealership_id in where


def names_in(record: Record, job: JobType) -> dict[str, set[str]]:
    """What a record says in each column that leads somewhere."""
    columns = {column for column, _end in joins_of(job.code)}
    found: dict[str, set[str]] = {column: set() for column in columns}
    by_array: dict[str, list[str]] = defaultdict(list)
    for column in columns:
        array, _, own = column.rpartition(".")
        if array:
            by_array[array].append(own)
        elif value := getattr(record, own):
            found[column].add(value)
    for array, names in by_array.items():
        for values in getattr(record, array).order_by().values_list(*names)[:1000]:
            for name, value in zip(names, values, strict=True):
                if value:
                    found[f"{array}.{name}"].add(value)
    return found


def found(job: JobType, record: Record, paths: dict[str, set[str]]) -> Group:
    """The newest of a job type's records with these names, `record` itself not among them."""
    ids: set[int] = set()
    for path, names in paths.items():
        ids.update(ids_with(job, record.dealership_id, path, names))
    if isinstance(record, job.record):
        ids.discard(record.pk)
    newest = sorted(ids, reverse=True)
    rows = job.record.objects.filter(pk__in=newest[:MOST]).order_by("-pk") if newest else []
    return Group(job, list(rows), len(newest) > MOST)


def ids_with(job: JobType, dealership_id: int, path: str, names: set[str]) -> Iterator[int]:
    """The newest records that say one of `names`: found in the index of the column, lines by themselves."""
    array, _, column = path.rpartition("__")
    model = job.lines[array] if array else job.record
    own = "record_id" if array else "pk"
    rows: Any = model._default_manager
    asked = (
        rows.filter(saying(model, column, names), dealership=dealership_id)
        .order_by(f"-{own}")
        .values_list(own, flat=True)
    )
    yield from dict.fromkeys(asked[: MOST + 2])
