"""Who is erased as a customer stands in no record either: not in lines, versions, search texts or the quarantine."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from crm import privacy
from crm.models import Customer
from dealers.models import Dealership
from ingestion import fields
from ingestion.erasing import PERSONAL
from ingestion.fields import wire_fields
from ingestion.job_types import JOB_TYPES
from ingestion.models import Adoption
from tests.factories import QuarantineFactory, record_of
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
