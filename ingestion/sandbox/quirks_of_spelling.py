"""Quirks that change how values and keys are written; what they mean stays."""

import re
from collections.abc import Iterator
from typing import Any
from zlib import crc32

from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import Record
from ingestion.sandbox.modules import Module

Records = list[Record]

PRINTED_KEYS = {
    "prsp": {"kodeKelurahanKantor": "KodeKelurahanKantor"},
    "inv1": {"amount": "Amount", "status": "Status", "note": "Note"},
    "pkb": {"kuantitas": "Kuantitas", "ppn": "Ppn"},
    "pinb": {"kuantitas": "Kuantitas", "uom": "Uom"},
    "prsl": {"kuantitas": "Kuantitas", "ppn": "Ppn"},
    "unpaidhlo": {"kuantitas": "Kuantitas", "alamat": "Alamat"},
}
PERCENTAGES = ("discServicePercentage", "discPartsPercentage", "discPercentage")
CODES = frozenset(
    {
        "statusProspect", "statusFollowUpProspecting", "metodeFollowUp", "testRidePreference", "kodePekerjaan",
        "statusSPK", "tipePembayaran", "caraBayar", "status", "statusDeliveryDocument", "statusFakturSTNK",
        "jenisIdPenerimaBPKB", "jenisIdPenerimaSTNK", "statusShippingList", "statusRFS", "tipeComingCustomer",
        "hubunganDenganPemilik", "jenisPIT", "setUpPembayaran", "statusWorkOrder", "jenisOrder", "tahunMotor",
        "informasiBensin", "flagNumbering", "vehicleOffRoad", "jobReturn", "konfirmasiPekerjaanTambahan",
    }
)  # fmt: skip
FRAMES = ("noRangka", "nomorRangka")
DOCUMENTED_ID = re.compile(r"^(?!\d\d/\d\d/\d{4}$)[A-Z0-9]+(/[A-Za-z0-9]+){2,6}$")  # but no date
BLANKS = {"idDokumenPengajuan": " {}", "noMesin": " {}", "idJob": "{} "}


def parts_of(record: Record) -> Iterator[Record]:
    """The record itself, then each of its lines."""
    yield record
    for value in record.values():
        if isinstance(value, list):
            yield from value


def lot(record: Record, module: Module) -> int:
    """A number that depends on the record's key alone, to treat the same record always alike."""
    return crc32(str(record.get(module.key)).encode())


def live_id(value: str) -> str:
    """A documented id as one of the live patterns. Equal ids stay equal, so documents still join."""
    if not DOCUMENTED_ID.match(value):
        return value
    kind, *rest = value.split("/")
    if kind in ("SPK", "IN", "SL"):
        return f"{rest[0]}-{'SLU' if kind == 'IN' else kind}-{''.join(rest[1:])}"
    return "-".join((kind, *rest))


def live_ids(records: Records, module: Module, _: SandboxConfig) -> Records:
    for record in records:
        for part in parts_of(record):
            for name, value in part.items():
                if name == "kodeTipeUnit":
                    part[name] = f"{value}1D"[:4]
                elif name == "idWarehouse":
                    part[name] = f"WH/{value[2:]}/1"
                elif isinstance(value, str) and "/" in value:
                    part[name] = ",".join(map(live_id, value.split(",")))
    return records


def long_frames(records: Records, module: Module, _: SandboxConfig) -> Records:
    for record in records:
        for part in parts_of(record):
            for name in FRAMES:
                if part.get(name):
                    part[name] = f"MH1{part[name]}"
    return records


def comma_percentages(records: Records, module: Module, _: SandboxConfig) -> Records:
    for record in records:
        for part in parts_of(record):
            for name in PERCENTAGES:
                if name in part:
                    part[name] = str(part[name]).replace(".", ",")
    return records


def comma_coordinates(records: Records, module: Module, _: SandboxConfig) -> Records:
    for record in records:
        for part in parts_of(record):
            if "latitude" not in part:
                continue
            pair = [part[name].replace(".", ",") for name in ("latitude", "longitude")]
            if lot(record, module) % 16 == 0:
                pair.reverse()
            part["latitude"], part["longitude"] = pair
    return records


def odd_dates(records: Records, module: Module, _: SandboxConfig) -> Records:
    for record in records:
        number = lot(record, module) % 4
        for name in ("tanggalNJB", "tanggalNSC"):
            if name in record:
                record[name] = record[name][:10]
        if number == 0:
            record["createdTime"] = f"{record['createdTime']}:"
        elif number == 1:
            for name in ("createdTime", "modifiedTime"):
                record[name] = _year_first(record[name])
        elif number == 2 and "tanggalServis" in record:
            record["tanggalServis"] += " 00:00:00"
    return records


def _year_first(moment: str) -> str:
    """`31/12/2018 15:40:50` as `2018/12/31 15:40:50`."""
    day, blank, clock = moment.partition(" ")
    return "/".join(reversed(day.split("/"))) + blank + clock


def dotted_times(records: Records, module: Module, _: SandboxConfig) -> Records:
    if module.name == "bast":
        for record in records:
            for line in record["detail"]:
                if lot(record, module) % 2:
                    line["waktuPengiriman"] = line["waktuPengiriman"].replace(":", ".")
    return records


def stray_blanks(records: Records, module: Module, _: SandboxConfig) -> Records:
    for record in records:
        if lot(record, module) % 2 == 0:
            continue
        for part in parts_of(record):
            for name, form in BLANKS.items():
                if part.get(name):
                    part[name] = form.format(part[name])
    return records


def numbers_as_text(records: Records, module: Module, _: SandboxConfig) -> Records:
    for record in records:
        for part in parts_of(record):
            for name, value in part.items():
                part[name] = _respelled(name, value)
    return records


def _respelled(name: str, value: Any) -> Any:
    if isinstance(value, int | float):
        return str(value)
    if name in CODES and value.isdigit():
        return int(value)
    return value


def printed_keys(records: Records, module: Module, _: SandboxConfig) -> Records:
    names = PRINTED_KEYS.get(module.name)
    return [_renamed(record, names) for record in records] if names else records


def _renamed(record: Record, names: dict[str, str]) -> Record:
    return {
        names.get(name, name): [_renamed(line, names) for line in value] if isinstance(value, list) else value
        for name, value in record.items()
    }
