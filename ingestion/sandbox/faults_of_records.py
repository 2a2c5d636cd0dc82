"""Faults of what records say: whole envelopes whose data are too much, too little, twice, changed or impossible."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from ingestion.sandbox.admission import Query
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import Record, copied, moment_text
from ingestion.sandbox.modules import Module
from ingestion.sandbox.quirks_of_documents import hits
from ingestion.sandbox.quirks_of_spelling import lot, parts_of

Records = list[Record]

CROWD = 50_001
HUGE = 10_000_000
"""Characters."""
SHIFT = timedelta(hours=6)
IMPOSSIBLE = "31/02/2026 10:00:00"
UNKNOWN = "ZZ9"
FREE_TEXTS = {
    "prsp": "namaLengkap", "pkb": "keluhanKonsumen", "pinb": "noShippingList", "lsng": "namaFinanceCompany",
    "doch": "idSPK", "uinb": "noInvoice", "bast": "idDriver", "inv1": "note", "inv2": "noNJB",
    "mdinvh1": "mainDealerId", "prsl": "namaCustomer", "dphlo": "idHLODocument", "unpaidhlo": "alamat",
    "mdinvh3": "mainDealerId", "spk": "namaCustomer",
}  # fmt: skip
"""A text by module that no table of codes and no form restrains."""
STATES = frozenset(
    {
        "statusProspect", "statusWorkOrder", "jenisOrder", "statusFakturSTNK", "statusShippingList",
        "statusDeliveryDocument", "status", "vehicleOffRoad", "statusSPK",
    }
)  # fmt: skip


def many(_: Records, module: Module, _config: SandboxConfig) -> Records:
    return [{module.key: f"MANY/{number}"} for number in range(CROWD)]


def huge_string(records: Records, module: Module, _: SandboxConfig) -> Records:
    for record in records[:1]:
        record[FREE_TEXTS[module.name]] = "panjang " * (HUGE // 8)
    return records


def everything_changed(records: Records, _: Module, config: SandboxConfig) -> Records:
    modified = moment_text(config.local_now())
    for part in _parts(records):
        for name, value in part.items():
            if isinstance(value, int):
                part[name] = value + 1
        part["modifiedTime"] = modified
    return records


def repeated(records: Records, _: Module, _config: SandboxConfig) -> Records:
    return [twin for record in records for twin in (record, copied(record))]


def shuffled(records: Records, module: Module, _: SandboxConfig) -> Records:
    """The first version of a changed document stands anywhere, also behind the newer one."""
    older = [_first_version(record) for record in records if record["modifiedTime"]]
    return sorted(records + older, key=lambda record: (lot(record, module) % 7, record["modifiedTime"] == ""))


def _first_version(record: Record) -> Record:
    older = copied(record)
    for part in parts_of(older):
        part["modifiedTime"] = ""
    return older


def unknown_code(records: Records, _: Module, _config: SandboxConfig) -> Records:
    for part in _parts(records):
        part.update(dict.fromkeys(STATES & part.keys(), UNKNOWN))
    return records


def missing_field(records: Records, module: Module, _: SandboxConfig) -> Records:
    """About every fifth name is missing, in all records alike."""
    for part in _parts(records):
        for name in [name for name in part if name != module.key and hits(name, 5)]:
            del part[name]
    return records


def extra_field(records: Records, _: Module, _config: SandboxConfig) -> Records:
    for part in _parts(records):
        part["kolomBaru"] = "belum dikenal"
    return records


def null_required(records: Records, module: Module, _: SandboxConfig) -> Records:
    for record in _some(records, 7):
        record[module.key] = None
    return records


def bad_rows(records: Records, _: Module, _config: SandboxConfig) -> Records:
    for record in _some(records, 100):
        record["createdTime"] = IMPOSSIBLE
    return records


def shifted(query: Query) -> Query:
    """What the window's last hours hold is left out, and what was before the window is there."""
    return replace(query, since=query.since - SHIFT, until=query.until - SHIFT)


def _some(records: Records, one_in: int) -> Records:
    """Every so-many-th record, the first among them."""
    return records[::one_in]


def _parts(records: Records) -> Iterator[Record]:
    for record in records:
        yield from parts_of(record)
