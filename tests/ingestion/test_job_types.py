"""Every job type against the interface's fields (dgi_fields.json), its code tables and its sample."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from ingestion import codes, fields
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.job_types.inv1 import SalesInvoice
from ingestion.job_types.prospect import Prospect
from ingestion.job_types.spk import SalesOrderLetterUnit

HERE = Path(__file__).parent
REFERENCE: dict[str, Any] = json.loads((HERE / "dgi_fields.json").read_text())
SAMPLES = HERE / "samples"
WIB = ZoneInfo("Asia/Jakarta")

COUNTS = {"kmTerakhir", "kuantitas", "kuantitasDiterima", "kuantitasTerkirim", "quantity", "tenor"}
WITHOUT_TABLE = {"kodePekerjaan"}
IDENTITY_NUMBERS = {"noktp", "noktpbpkb", "npwp", "nokk", "noidpenerimabpkb", "noidpenerimastnk"}
CUSTOMERS_NUMBER, NUMBERED_BY_PAPERS = {"idcustomer"}, {"dphlo_read", "prsl_read"}
"""Where a customer's number is that of their identity card; elsewhere it is the dealer's own."""
TABLES = {
    "asal_unit_entry": codes.ASAL_UNIT_ENTRY,
    "cara_bayar": codes.CARA_BAYAR,
    "flag_numbering": codes.YA_TIDAK,
    "hubungan_dengan_pemilik": codes.HUBUNGAN_PEMILIK,
    "jenis_id_penerima_bpkb": codes.JENIS_ID,
    "jenis_id_penerima_stnk": codes.JENIS_ID,
    "jenis_order": codes.JENIS_ORDER,
    "jenis_pit": codes.JENIS_PIT,
    "job_return": codes.YA_TIDAK,
    "konfirmasi_pekerjaan_tambahan": codes.YES_NO,
    "metode_follow_up": codes.METODE_FOLLOW_UP,
    "set_up_pembayaran": codes.SETUP_PEMBAYARAN,
    "status": codes.STATUS_INV1,
    "status_delivery_document": codes.STATUS_DELIVERY,
    "status_faktur_stnk": codes.STATUS_FAKTUR_STNK,
    "status_follow_up_prospecting": codes.STATUS_FOLLOW_UP,
    "status_prospect": codes.STATUS_PROSPECT,
    "status_rfs": codes.STATUS_RFS,
    "status_shipping_list": codes.STATUS_SHIPPING_LIST,
    "status_spk": codes.STATUS_SPK,
    "status_work_order": codes.STATUS_WORK_ORDER,
    "sumber_prospect": codes.SUMBER_PROSPECT,
    "test_ride_preference": codes.YES_NO,
    "tipe_coming_customer": codes.TIPE_COMING_CUSTOMER,
    "vehicle_off_road": codes.YA_TIDAK,
}
PAYMENT_TYPES = {"inv1_read": codes.TIPE_PEMBAYARAN_INV1, "spk_read": codes.TIPE_PEMBAYARAN_SPK}
CODES = {
    "SUMBER_PROSPECT": "0001 0002 0003 0004 0005 0006 0007 0008 0009 0010 0011 0012 9999",
    "METODE_FOLLOW_UP": "1 2 3 4",
    "STATUS_FOLLOW_UP": "1 2",
    "STATUS_PROSPECT": "1 2 3 4 5",
    "YES_NO": "1 0",
    "YA_TIDAK": "1 0",
    "STATUS_SPK": "1 2 3 4",
    "TIPE_PEMBAYARAN_SPK": "1 2",
    "TIPE_PEMBAYARAN_INV1": "1 2",
    "CARA_BAYAR": "1 2",
    "STATUS_INV1": "1 2 3 4",
    "STATUS_DELIVERY": "1 2 3 4",
    "STATUS_FAKTUR_STNK": "1 2 3 4 5 6 7 8",
    "JENIS_ID": "1 2 3 4",
    "STATUS_SHIPPING_LIST": "1 0",
    "STATUS_RFS": "1 0",
    "TIPE_COMING_CUSTOMER": "1 2 3",
    "HUBUNGAN_PEMILIK": "1 2 3 4 5 6 0",
    "ASAL_UNIT_ENTRY": "SVAH SVHC SVPS SVJD SVGC SVPA SVER PE PEOT PEIN RM AE01 AE02 AE03 NP",
    "JENIS_PIT": "1 2 3 4",
    "SETUP_PEMBAYARAN": "1 2 3 4 5 6 99",
    "STATUS_WORK_ORDER": "1 2 3 4 5",
    "JENIS_ORDER": "1 2 3 4",
}

IN_THE_INTERFACE = [job_type for job_type in JOB_TYPES.values() if job_type.module in REFERENCE]

each_job_type = pytest.mark.parametrize("job_type", JOB_TYPES.values(), ids=str)
each_of_the_interface = pytest.mark.parametrize("job_type", IN_THE_INTERFACE, ids=str)


def reference(job_type: JobType) -> dict[str, Any]:
    found: dict[str, Any] = REFERENCE[job_type.module]
    return found


def models_and_fields(job_type: JobType) -> Iterator[tuple[type[Any], list[tuple[str, str]]]]:
    """The record and each line model with the fields that the interface gives it."""
    yield job_type.record, reference(job_type)["fields"]
    for array, line_fields in reference(job_type)["children"].items():
        yield lines_by_wire_name(job_type)[fields.wire_name(array)], line_fields


def lines_by_wire_name(job_type: JobType) -> dict[str, Any]:
    return {fields.wire_name(array): model for array, model in job_type.lines.items()}


def column_type(job: str, name: str, kind: str) -> type[fields.WireField]:
    """The column that suits a field of the interface: `kind` is its type in the specification."""
    if name in ("latitude", "longitude"):
        return fields.Coordinate
    if fields.wire_name(name) in IDENTITY_NUMBERS | (CUSTOMERS_NUMBER if job in NUMBERED_BY_PAPERS else set()):
        return fields.IdentityNumber
    if kind.endswith(" code"):
        return fields.Text if name in WITHOUT_TABLE else fields.Code
    if kind.startswith("decimal"):
        return fields.Percentage
    if kind.startswith(("number", "int", "float")):
        return fields.Whole if name in COUNTS else fields.Money
    if "HH:MM:SS" in kind:
        return fields.Moment
    if "HH:MM" in kind or kind == "time":
        return fields.Time
    return fields.Day if "DD/MM/YYYY" in kind or kind == "date" else fields.Text


def sample(job_type: JobType) -> list[dict[str, Any]]:
    answer = json.loads((SAMPLES / f"{job_type}.json").read_text(), parse_float=Decimal)
    documents: list[dict[str, Any]] = answer["data"]
    return documents


def by_wire_name(row: dict[str, Any]) -> dict[str, Any]:
    return {fields.wire_name(key): value for key, value in row.items()}


def read(model: type[Any], row: dict[str, Any]) -> dict[str, str | None]:
    values = by_wire_name(row)
    return {f.name: f.reader(WIB)(values.get(fields.wire_name(f.name))) for f in fields.wire_fields(model)}


def test_every_module_of_the_interface_is_one_job_type() -> None:
    assert {job.module: job.code for job in IN_THE_INTERFACE} == {m: e["job"] for m, e in REFERENCE.items()}


def test_only_the_fifteenth_is_switched_off() -> None:
    assert [job.code for job in IN_THE_INTERFACE if not job.enabled] == ["spk_read"]


def test_no_two_job_types_stand_at_one_place_in_lists() -> None:
    assert len({job.order for job in JOB_TYPES.values()}) == len(JOB_TYPES)


@each_of_the_interface
def test_division_filters_and_key_are_those_of_the_interface(job_type: JobType) -> None:
    expected = reference(job_type)
    assert job_type.division == expected["division"]
    assert list(job_type.filters) == expected["filters"]
    assert fields.wire_name(job_type.key) == fields.wire_name(expected["key"])


@each_of_the_interface
def test_every_array_has_a_line_model(job_type: JobType) -> None:
    assert [fields.wire_name(array) for array in reference(job_type)["children"]] == list(lines_by_wire_name(job_type))


@each_of_the_interface
def test_every_field_has_one_column_and_no_column_is_left_over(job_type: JobType) -> None:
    for model, expected in models_and_fields(job_type):
        columns = [fields.wire_name(column.name) for column in fields.wire_fields(model)]
        assert sorted(columns) == sorted(fields.wire_name(name) for name, _ in expected), model


@each_of_the_interface
def test_every_column_has_the_type_of_its_field(job_type: JobType) -> None:
    for model, expected in models_and_fields(job_type):
        types = {fields.wire_name(name): column_type(job_type.code, name, kind) for name, kind in expected}
        if model is job_type.record:
            types[fields.wire_name(job_type.key)] = fields.Key
        assert {fields.wire_name(column.name): type(column) for column in fields.wire_fields(model)} == types, model


@each_job_type
def test_every_model_and_column_has_a_name_for_people(job_type: JobType) -> None:
    for model in (job_type.record, *job_type.lines.values()):
        assert {"verbose_name", "verbose_name_plural"} <= set(model._meta.original_attrs)
        assert [column.name for column in fields.wire_fields(model) if not column._verbose_name] == []


@each_of_the_interface
def test_every_code_is_shown_by_its_own_table(job_type: JobType) -> None:
    tables = {**TABLES, "tipe_pembayaran": PAYMENT_TYPES.get(job_type.code)}
    for model, _ in models_and_fields(job_type):
        for column in fields.wire_fields(model):
            if isinstance(column, fields.Code):
                assert column.table is tables[column.name], column


@pytest.mark.parametrize("name", CODES)
def test_a_code_table_has_the_codes_of_the_specification(name: str) -> None:
    assert list(getattr(codes, name)) == CODES[name].split()


def test_a_code_is_shown_with_its_label() -> None:
    assert Prospect(sumber_prospect="0004").get_sumber_prospect_display() == "walk in"


def test_an_unknown_code_is_shown_as_it_came() -> None:
    assert Prospect(metode_follow_up="Riding Test").get_metode_follow_up_display() == "Riding Test"


def test_one_means_cash_on_a_letter_and_credit_on_an_invoice() -> None:
    assert SalesOrderLetterUnit(tipe_pembayaran="1").get_tipe_pembayaran_display() == "cash"
    assert SalesInvoice(tipe_pembayaran="1").get_tipe_pembayaran_display() == "credit"


def test_every_sample_belongs_to_a_job_type_and_every_job_type_has_one() -> None:
    assert {path.stem for path in SAMPLES.glob("*.json")} == set(JOB_TYPES)


@each_of_the_interface
def test_a_sample_has_every_field_of_the_interface(job_type: JobType) -> None:
    expected = reference(job_type)
    names = {fields.wire_name(name) for name, _ in expected["fields"]}
    arrays = {fields.wire_name(array): rows for array, rows in expected["children"].items()}
    for document in sample(job_type):
        assert set(by_wire_name(document)) == names | set(arrays)
        for array, line_fields in arrays.items():
            for row in by_wire_name(document)[array]:
                assert set(by_wire_name(row)) == {fields.wire_name(name) for name, _ in line_fields}


@each_job_type
def test_the_first_document_of_a_sample_fills_every_column(job_type: JobType) -> None:
    document = sample(job_type)[0]
    filled = read(job_type.record, document)
    assert [name for name, value in filled.items() if value is None] == []
    assert all(by_wire_name(document)[array] for array in lines_by_wire_name(job_type))


@each_job_type
def test_a_sample_can_be_read_and_no_key_comes_twice(job_type: JobType) -> None:
    keys = [read(job_type.record, document)[job_type.key] for document in sample(job_type)]
    assert len(set(keys)) == len(keys)
    for document in sample(job_type):
        for array, model in lines_by_wire_name(job_type).items():
            for row in by_wire_name(document)[array]:
                assert read(model, row)
