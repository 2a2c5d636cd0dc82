"""Quirks that change what a document consists of: lines, totals, missing keys, repeated parents.

Whether a record is hit depends on its natural key alone: the same record is treated alike in every answer.
"""

from itertools import product
from zlib import crc32

from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import Record
from ingestion.sandbox.modules import Module

Records = list[Record]

STATUS_WORDS = {
    "2": "Proses", "3": "STNK Selesai", "4": "Serah STNK", "7": "Plat Selesai", "8": "Serah Plat",
    "5": "BPKB Selesai", "6": "Serahkan BPKB",
}  # fmt: skip
UNKNOWN_PARENT = "100002"


def hits(key: object, one_in: int) -> bool:
    """True for about one in so many keys, always the same ones."""
    return crc32(str(key).encode()) % one_in == 0


def repeat_job(records: Records, module: Module, _: SandboxConfig) -> Records:
    """The first job again at another price; pkb and inv2 agree because both look at the work order's number."""
    if module.name not in ("pkb", "inv2"):
        return records
    lines, price, total = ("services", "biayaService", "totalBiayaService")
    if module.name == "inv2":
        lines, price, total = ("njb", "hargaServis", "totalHargaNJB")
    for record in records:
        if record[lines] and hits(record["noWorkOrder"], 5):
            again = record[lines][0] | {"promoIdJasa": "", "discServiceAmount": 0, "discServicePercentage": 0.0}
            again |= {price: 12_500, "totalHargaServis": 12_500}
            record[lines].append(again)
            record[total] += 12_500
    return records


def merge_units(records: Records, module: Module, _: SandboxConfig) -> Records:
    if module.name != "mdinvh1":
        return records
    for record in records:
        if hits(record[module.key], 3):
            record["unit"] = _merged(record["unit"])
    return records


def _merged(units: Records) -> Records:
    merged: dict[tuple[object, ...], Record] = {}
    for unit in units:
        same = tuple(value for name, value in unit.items() if name not in ("noMesin", "noRangka", "kuantitas"))
        if same in merged:
            merged[same]["kuantitas"] += unit["kuantitas"]
        else:
            merged[same] = unit | {"noMesin": "", "noRangka": ""}
    return list(merged.values())


def split_down_payment(records: Records, module: Module, _: SandboxConfig) -> Records:
    if module.name != "dphlo":
        return records
    split: Records = []
    for record in records:
        parts = [_halves(part) for part in record["parts"]]
        if hits(record["idHLODocument"], 4):
            split.append(record | {"parts": [first for first, _second in parts]})
            number = f"{record[module.key]}-2"
            split.append(record | {module.key: number, "parts": [second for _first, second in parts]})
        else:
            split.append(record)
    return split


def _halves(part: Record) -> tuple[Record, Record]:
    first = part["uangMuka"] // 2
    rest = part["totalHargaParts"] - first
    second = part["uangMuka"] - first
    return part | {"uangMuka": first, "sisaBayar": rest}, part | {"uangMuka": second, "sisaBayar": rest - second}


def second_note(records: Records, module: Module, _: SandboxConfig) -> Records:
    if module.name != "inv2":
        return records
    noted: Records = []
    for record in records:
        if len(record["nsc"]) < 2 or not hits(record[module.key], 2):
            noted.append(record)
            continue
        first, later = record["nsc"][:1], record["nsc"][1:]
        noted.append(record | {"nsc": first, "totalHargaNSC": _total(first)})
        empty = {"noNJB": "", "tanggalNJB": "", "totalHargaNJB": 0, "njb": []}
        note = {"noNSC": f"{record['noNSC']}-2", "nsc": later, "totalHargaNSC": _total(later)}
        noted.append(record | empty | note)
    return noted


def _total(lines: Records) -> int:
    return sum(line["totalHargaParts"] for line in lines)


def leave_keys_out(records: Records, module: Module, _: SandboxConfig) -> Records:
    for record in records:
        if module.name == "bast":
            record.pop("dealerId", None)
        elif module.name == "doch":
            record["unit"] = [_wordy_papers(unit) for unit in record["unit"]]
    return records


def _wordy_papers(unit: Record) -> Record:
    left = {name: value for name, value in unit.items() if name not in ("nomorRangka", "namaPenerimaSTNK")}
    name = left.pop("namaPenerimaBPKB") or unit["namaPenerimaSTNK"]
    status = unit["statusFakturSTNK"]
    return left | {"namaPenerima": name, "statusFakturSTNK": STATUS_WORDS.get(status, status)}


def other_dealer(records: Records, module: Module, config: SandboxConfig) -> Records:
    for record in records:
        key = record[module.key]
        if "dealerId" not in record:
            continue
        if hits(key, 23):
            record["dealerId"] = UNKNOWN_PARENT
        elif hits(key, 6) and record["dealerId"] in config.dealers:
            after = config.dealers.index(record["dealerId"]) + 1
            record["dealerId"] = config.dealers[after % len(config.dealers)]
    return records


def nameless_staff(records: Records, module: Module, _: SandboxConfig) -> Records:
    for record in records:
        if "hondaIdMekanik" in record and hits(record[module.key], 6):
            record["hondaIdMekanik"] = "NONE"
            record["hondaIdSA"] = ""
    return records


def repeat_parent(records: Records, module: Module, _: SandboxConfig) -> Records:
    """One element per row of a join. The last copy of some parents comes at the very end of the answer."""
    repeated: Records = []
    strays: Records = []
    for record in records:
        copies = _copies(record)
        if len(copies) > 1 and hits(record[module.key], 2):
            strays.append(copies.pop())
        repeated.extend(copies)
    return repeated + strays


def _copies(record: Record) -> Records:
    arrays = [name for name, value in record.items() if isinstance(value, list) and value]
    combinations = product(*(record[name] for name in arrays))
    return [record | {name: [dict(line)] for name, line in zip(arrays, lines, strict=True)} for lines in combinations]
