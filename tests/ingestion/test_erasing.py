"""Who is erased as a customer stands in no record either: not in lines, versions, search texts or the quarantine."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crm import privacy, services
from crm.models import Customer, Ownership
from dealers.models import Dealership
from ingestion import fields
from ingestion.erasing import PERSONAL
from ingestion.fields import wire_fields
from ingestion.job_types import JOB_TYPES
from ingestion.models import Adoption
from tests.factories import QuarantineFactory, VehicleFactory, record_of
from tests.ingestion.adoption import said
from tests.standing import standing

pytestmark = pytest.mark.django_db(transaction=True)
CANARY, PHONE = "Qzkanari", "081234567890"
EVERYWHERE = (CANARY, PHONE, PHONE[1:], said.KTP)
IMPERSONAL = frozenset(
    {
        *("booking_id_reference", "checklist_kelengkapan", "dealer_id", "delivery_document_id", "doc_nrfs_id"),
        *("faktur_pajak", "honda_id_mekanik", "honda_id_sa", "id_apparel", "id_dokumen_pengajuan", "id_driver"),
        *("id_event", "id_finance_company", "id_hlo_document", "id_invoice", "id_job", "id_pit"),
        *("id_po_finance_company", "id_prospect", "id_sales_people", "id_sales_program", "id_so", "id_spk"),
        *("id_warehouse", "informasi_bensin", "jenis_pekerjaan", "kelengkapan_unit", "kode_pekerjaan"),
        *(
            f"kode_{place}{whose}"
            for place in ("kota", "propinsi")
            for whose in ("", "_bpkb", "_kantor", "_kk", "_pembawa", "_pemilik")
        ),
        *("kode_tipe_unit", "kode_warna", "main_dealer_id", "nama_finance_company", "nama_pekerjaan"),
        *("no_buku_claim_c2", "no_goods_receipt", "no_invoice", "no_invoice_uang_jaminan", "no_mesin", "no_njb"),
        *("no_nsc", "no_penerimaan", "no_po", "no_rangka", "no_sa_form", "no_shipping_list", "no_so"),
        *("no_work_order", "no_work_order_job_return", "nomor_bpkb", "nomor_faktur_stnk", "nomor_rangka"),
        *("nomor_stnk", "parts_number", "po_id", "promo_id_jasa", "promo_id_parts", "sales_program_id"),
        *("tagging_prospect", "tahun_motor", "uom"),
    }
)
"""Texts that tell of documents, vehicles, parts and the staff: not who a customer is."""


def test_every_text_of_every_job_type_is_known_as_personal_or_not() -> None:
    models = [model for job in JOB_TYPES.values() for model in (job.record, *job.lines.values())]
    texts = {
        column.name
        for model in models
        for column in wire_fields(model)
        if isinstance(column, fields.Text | fields.Coordinate) and not isinstance(column, fields.Code | fields.Key)
    }
    keys = {column.name for model in models for column in wire_fields(model) if isinstance(column, fields.Key)}
    assert texts - keys <= PERSONAL | IMPERSONAL, "say in ingestion/erasing.py or here what they tell"
    assert not PERSONAL & (IMPERSONAL | keys)
    unknown = {name for name in PERSONAL - texts if not name.startswith("kode_")}
    assert not unknown, "no job type has it"


def received(record: Any, **more: Any) -> None:
    """Let the record's version say what the main dealer sent."""
    raw = {
        "idProspect": "P1",
        "namaLengkap": CANARY,
        "noKTP": said.KTP,
        "noKontak": PHONE,
        "unknownKey": CANARY,
        **more,
    }
    type(record).history.filter(id=record.pk).update(raw=json.dumps(raw))


def buyer(dealership: Dealership, job_type: str, **columns: Any) -> Any:
    return record_of(JOB_TYPES[job_type], dealership, lines=1, **columns)


def test_an_erased_customer_stands_in_no_record_of_the_dealership(dealership_a: Dealership) -> None:
    said.feeds(dealership_a, "spk_read", "prospect")
    person = {"no_kontak": PHONE, "no_ktp": said.KTP}
    prospect = buyer(dealership_a, "prospect", nama_lengkap=CANARY, alamat=CANARY, id_prospect="P1", **person)
    received(prospect, unit=[{"kodeTipeUnit": "HP5"}])
    family = JOB_TYPES["spk_read"].lines["data_anggota_keluarga"]
    letter = said.letter(dealership_a, nama_customer=CANARY, nama_bpkb=CANARY, **person)
    family.objects.filter(record=letter).update(anggota_kk=f"{CANARY} junior")
    order = buyer(dealership_a, "pkb", nama_pembawa=CANARY.upper(), no_telp_pembawa=f"62{PHONE[1:]}")
    QuarantineFactory(
        dealership=dealership_a, job_type="prospect", natural_key="P1", raw=json.dumps({"namaLengkap": CANARY})
    )
    said.adopt()
    before = standing(*EVERYWHERE)
    assert {"ingestion_prospect", "ingestion_historicalprospect", "ingestion_searchtext"} <= before[CANARY]
    assert {"ingestion_adoption", "ingestion_quarantinedrecord", "ingestion_workorder"} <= before[CANARY]
    privacy.erase(Customer.objects.get())
    assert standing(*EVERYWHERE) == {}
    letter.refresh_from_db()
    assert letter.unit.get().harga_jual == Decimal(18_000_000), "money and numbers stay"
    version = type(prospect).history.get(id=prospect.pk)
    assert json.loads(version.raw) == {"idProspect": "P1", "unit": [{"kodeTipeUnit": "HP5"}]}
    order.refresh_from_db()
    assert (order.nama_pembawa, order.no_rangka is None) == (None, False)
    assert not Adoption.objects.waiting().exists()
    said.again()
    assert not Customer.objects.exists(), "and nobody is written down again"
    assert standing(*EVERYWHERE) == {}


def test_somebody_elses_records_stay_as_they_are(dealership_a: Dealership, dealership_b: Dealership) -> None:
    said.feeds(dealership_a, "prospect")
    mine = buyer(dealership_a, "prospect", nama_lengkap=CANARY, no_kontak=PHONE, no_ktp=said.KTP)
    said.adopt()
    sister = buyer(dealership_a, "prospect", nama_lengkap="Her sister", no_kontak=PHONE, no_ktp=None)
    namesake = buyer(dealership_a, "prospect", nama_lengkap=CANARY, no_kontak="081111111111", no_ktp=None)
    elsewhere = buyer(dealership_b, "prospect", nama_lengkap=CANARY, no_kontak=PHONE, no_ktp=said.KTP)
    privacy.erase(Customer.objects.order_by("pk").first())
    for record in (mine, sister, namesake, elsewhere):
        record.refresh_from_db()
    assert (mine.nama_lengkap, mine.no_ktp) == (None, None)
    assert (sister.nama_lengkap, namesake.nama_lengkap, elsewhere.nama_lengkap) == ("Her sister", CANARY, CANARY)


def test_who_stands_in_the_quarantine_alone_is_erased_there(dealership_a: Dealership) -> None:
    customer = known(dealership_a)
    as_written = {"noKTP": f"{said.KTP[:4]} {said.KTP[4:8]}-{said.KTP[8:]}", "namaLengkap": "B. Santoso"}
    by_number = QuarantineFactory(dealership=dealership_a, job_type="prospect", raw=json.dumps(as_written))
    reached = {"namaLengkap": CANARY.upper(), "noKontak": "0812-3456-7890"}
    by_phone = QuarantineFactory(dealership=dealership_a, job_type="prospect", raw=json.dumps(reached))
    sister = {"namaLengkap": "Her sister", "noKontak": PHONE}
    others = QuarantineFactory(dealership=dealership_a, job_type="prospect", raw=json.dumps(sister))
    privacy.erase(customer)
    for each in (by_number, by_phone, others):
        each.refresh_from_db()
    assert (by_number.raw, by_phone.raw) == ("{}", "{}")
    assert json.loads(others.raw) == sister


def known(dealership: Dealership) -> Customer:
    customer = services.add(Customer(dealership=dealership, name=CANARY), phone="+6281234567890")
    customer.set_identity_number(said.KTP)
    customer.save()
    return customer


@pytest.mark.parametrize(
    "columns",
    [
        {"no_ktp": "3171 2345-6789.0001", "no_kontak": None, "nama_lengkap": "B. Santoso"},
        {"no_ktp": None, "no_kontak": "+62 812-3456-7890", "nama_lengkap": CANARY},
    ],
    ids=["identity number", "telephone"],
)
def test_a_number_is_known_however_it_was_written(dealership_a: Dealership, columns: dict[str, Any]) -> None:
    record = buyer(dealership_a, "prospect", **columns)
    privacy.erase(known(dealership_a))
    record.refresh_from_db()
    assert (record.nama_lengkap, record.no_ktp, record.no_kontak) == (None, None, None)


def test_an_identity_number_that_fills_forms_erases_nobody_else(dealership_a: Dealership) -> None:
    customer = known(dealership_a)
    customer.set_identity_number("0")
    customer.save()
    other = buyer(dealership_a, "prospect", no_ktp="0", no_kontak=None, nama_lengkap="Siti")
    privacy.erase(customer)
    other.refresh_from_db()
    assert other.nama_lengkap == "Siti"


def test_the_owner_is_erased_from_a_visit_that_another_brought(dealership_a: Dealership) -> None:
    customer = known(dealership_a)
    vehicle = VehicleFactory(dealership=dealership_a, vin=said.FRAME, status="delivered")
    owned = {"since": date(2026, 1, 12), "until": date(2026, 5, 1)}
    Ownership.objects.create(dealership=dealership_a, customer=customer, vehicle=vehicle, **owned)
    theirs = {
        "nama_pemilik": CANARY,
        "alamat_pemilik": CANARY,
        "nama_pembawa": "Her driver",
        "no_telp_pembawa": "08111",
    }
    mine = said.visit(dealership_a, no_work_order="WO/1", **theirs)
    later = said.visit(dealership_a, no_work_order="WO/2", tanggal_servis=date(2026, 6, 1), nama_pemilik="Siti")
    raw = {"noWorkOrder": "WO/1", "namaPemilik": CANARY, "alamatPemilik": CANARY, "namaPembawa": "Her driver"}
    type(mine).history.filter(id=mine.pk).update(raw=json.dumps(raw))
    privacy.erase(customer)
    mine.refresh_from_db()
    later.refresh_from_db()
    assert (mine.nama_pemilik, mine.alamat_pemilik, mine.nama_pembawa) == (None, None, "Her driver")
    assert later.nama_pemilik == "Siti"
    assert json.loads(type(mine).history.get(id=mine.pk).raw) == {"noWorkOrder": "WO/1", "namaPembawa": "Her driver"}
    assert standing(CANARY) == {}


def test_of_a_delivery_that_several_share_ones_lines_alone_are_erased(dealership_a: Dealership) -> None:
    said.feeds(dealership_a, "spk_read", "bast_read")
    said.letter(dealership_a, nama_customer=CANARY)
    record = said.delivery(dealership_a, nama_penerima=CANARY, no_kontak_penerima=PHONE)
    line = record.detail.get()
    line.pk, line.position, line.id_spk = None, 2, "SPK/2"
    line.no_rangka, line.no_mesin, line.nama_penerima = "JM9126PK230037", "JM91E2230046", "Siti"
    line.save()
    raw = {
        "deliveryDocumentId": "BAST/1",
        "detail": [{"noRangka": said.FRAME, "namaPenerima": CANARY}, {"noRangka": "X", "namaPenerima": "Siti"}],
    }
    type(record).history.filter(id=record.pk).update(raw=json.dumps(raw))
    said.adopt()
    privacy.erase(Customer.objects.get())
    assert list(record.detail.order_by("position").values_list("nama_penerima", flat=True)) == [None, "Siti"]
    version = json.loads(type(record).history.get(id=record.pk).raw)
    assert version["detail"] == [{"noRangka": said.FRAME}, {"noRangka": "X", "namaPenerima": "Siti"}]
    assert standing(CANARY) == {}
    assert said.told("bast_read").state == Adoption.State.WAITING
    said.letter(dealership_a, id_spk="SPK/2", nama_customer="Siti", no_ktp="3171234567890002", no_kontak=None)
    said.adopt()
    assert said.told("bast_read").state == Adoption.State.ADOPTED
    assert Ownership.objects.filter(until=None, customer__name="Siti").count() == 1
