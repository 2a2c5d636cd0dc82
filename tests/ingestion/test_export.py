"""dgi_export: records as JSON lines that lose nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest

from dealers.models import Dealership
from ingestion.fields import wire_fields
from ingestion.job_types import JOB_TYPES, JobType
from tests.factories import record_of
from tests.ingestion.commands import called, refusal

PKB = JOB_TYPES["pkb"]


@pytest.mark.parametrize("job_type", JOB_TYPES.values(), ids=str)
def test_a_line_has_the_dealer_every_column_and_every_array(job_type: JobType, dealership_a: Dealership) -> None:
    record_of(job_type, dealership_a)
    status, [line] = called("dgi_export", "--job", job_type.code)
    assert status == 0
    assert list(line) == ["dealer", *(column.name for column in wire_fields(job_type.record)), *job_type.lines]
    assert line["dealer"] == "08138"
    for array, model in job_type.lines.items():
        assert [list(row) for row in line[array]] == [[column.name for column in wire_fields(model)]] * 2


def test_money_is_exact_moments_have_their_offset_and_missing_is_null(dealership_a: Dealership) -> None:
    amount = Decimal("12345678901234567890.05")
    at = datetime(2026, 1, 15, 3, 30, 5, tzinfo=UTC)
    columns = {"tanggal_servis": date(2026, 1, 31), "waktu_pekerjaan": time(9, 5), "no_polisi": None, "km_terakhir": 7}
    record_of(PKB, dealership_a, total_biaya_service=amount, waktu_pkb=at, **columns)
    _, [line] = called("dgi_export", "--job", "pkb")
    assert line["total_biaya_service"] == str(amount)
    assert line["waktu_pkb"] == "2026-01-15T03:30:05+00:00"
    assert (line["tanggal_servis"], line["waktu_pekerjaan"]) == ("2026-01-31", "09:05:00")
    assert (line["no_polisi"], line["km_terakhir"]) == (None, 7)


def test_money_is_never_written_with_an_exponent(dealership_a: Dealership) -> None:
    record = record_of(PKB, dealership_a)
    for number, expected in ((Decimal("1E+6"), "1000000"), (Decimal("-0.50"), "-0.50"), (Decimal(0), "0")):
        PKB.record.objects.filter(pk=record.pk).update(total_biaya_service=number)
        _, [line] = called("dgi_export", "--job", "pkb")
        assert line["total_biaya_service"] == expected


def test_text_stays_as_it_is(dealership_a: Dealership) -> None:
    text = 'Jl. "Ümlaut" \\ №5 \u2028 🏍\nsecond line'
    record_of(PKB, dealership_a, alamat_pemilik=text)
    _, [line] = called("dgi_export", "--job", "pkb")
    assert line["alamat_pemilik"] == text


def test_lines_keep_the_order_they_were_received_in(dealership_a: Dealership) -> None:
    record = record_of(PKB, dealership_a, lines=0)
    model = PKB.lines["services"]
    for position in (3, 1, 2):
        model.objects.create(record=record, dealership=dealership_a, position=position, id_job=f"SO{position}")
    _, [line] = called("dgi_export", "--job", "pkb")
    assert [row["id_job"] for row in line["services"]] == ["SO1", "SO2", "SO3"]


def test_fields_that_nobody_knows_are_exported_where_there_are_any(dealership_a: Dealership) -> None:
    record_of(PKB, dealership_a, no_work_order="WO/1", extra={"warna": "merah"})
    record_of(PKB, dealership_a, no_work_order="WO/2")
    _, [first, second] = called("dgi_export", "--job", "pkb")
    assert first["extra"] == {"warna": "merah"}
    assert "extra" not in second


def test_records_come_by_dealership_and_natural_key(dealership_a: Dealership, dealership_b: Dealership) -> None:
    for dealership, number in ((dealership_b, 1), (dealership_a, 2), (dealership_a, 1)):
        record_of(PKB, dealership, no_work_order=f"WO/{number}")
    _, lines = called("dgi_export", "--job", "pkb")
    assert [(line["dealer"], line["no_work_order"]) for line in lines] == [
        ("08138", "WO/1"),
        ("08138", "WO/2"),
        ("09999", "WO/1"),
    ]


def test_only_what_was_asked_for_is_exported(dealership_a: Dealership, dealership_b: Dealership) -> None:
    for job_type in (PKB, JOB_TYPES["prospect"], JOB_TYPES["leasing"]):
        for dealership in (dealership_a, dealership_b):
            record_of(job_type, dealership)
    _, lines = called("dgi_export", "--job", "pkb", "--job", "prospect", "--dealer", "09999")
    assert [line["dealer"] for line in lines] == ["09999", "09999"]
    assert ["id_prospect" in line for line in lines] == [True, False]


def test_nothing_stored_is_no_line(dealership_a: Dealership) -> None:
    assert called("dgi_export", "--job", "pkb") == (0, [])


def test_a_job_type_must_be_named(db: None) -> None:
    assert "--job" in refusal("dgi_export")
