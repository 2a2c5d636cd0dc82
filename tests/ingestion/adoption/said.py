"""What a main dealer's system says of one sale, record by record, and the adoption of it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from dealers.models import Dealership
from dealers.tenancy import platform
from ingestion import adoption
from ingestion.job_types import JOB_TYPES
from ingestion.models import Adoption, Feed
from tests.factories import FeedFactory, record_of

SPK = "SPK/08138/26/01/00001"
FRAME, ENGINE = "JM9126PK230036", "JM91E2230045"
KTP = "3171234567890001"
ORDERED, DELIVERED = date(2026, 1, 10), date(2026, 1, 12)
PRICE, DISCOUNT, BOOKED = Decimal(18_000_000), Decimal(250_000), Decimal(1_000_000)


def feeds(dealership: Dealership, *job_types: str) -> list[Feed]:
    return [FeedFactory(dealership=dealership, job_type=each, adopts=True) for each in job_types]


def adopt() -> int:
    """Until nothing waits any more; how many records were looked at."""
    looked = 0
    with platform("a test"):
        while done := adoption.work():
            looked += done
    return looked


def again() -> None:
    Adoption.objects.update(state=Adoption.State.WAITING)
    adopt()


def told(job_type: str) -> Adoption:
    """What became of the one record of a job type."""
    return Adoption.objects.get(job_type=job_type)


def stored(job_type: str, dealership: Dealership, columns: dict[str, Any], array: str = "", *lines: Any) -> Any:
    """A record as a run stores it, with these lines."""
    job = JOB_TYPES[job_type]
    record = record_of(job, dealership, lines=len(lines), **columns)
    for position, line in enumerate(lines, 1):
        job.lines[array].objects.filter(record=record, position=position).update(**line)
    return record


def letter(dealership: Dealership, *units: dict[str, Any], **more: Any) -> Any:
    columns = {
        "id_spk": SPK,
        "nama_customer": "Budi Santoso",
        "no_kontak": "081234567890",
        "no_ktp": KTP,
        "email": "Budi@Example.com",
        "alamat": "Jalan Merdeka 1",
        "tanggal_pesanan": ORDERED,
        "status_spk": "1",
        **more,
    }
    return stored("spk_read", dealership, columns, "unit", *(unit(**each) for each in units or ({},)))


def unit(**more: Any) -> dict[str, Any]:
    return {
        "kode_tipe_unit": "HP5",
        "kode_warna": "BK",
        "quantity": 1,
        "harga_jual": PRICE,
        "diskon": DISCOUNT,
        "amount_ppn": None,
        "jumlah_tanda_jadi": BOOKED,
        **more,
    }


def delivery(dealership: Dealership, status: str | None = "4", **line: Any) -> Any:
    columns = {"status_delivery_document": status, "tanggal_pengiriman": DELIVERED}
    said = {"id_spk": SPK, "no_rangka": FRAME, "no_mesin": ENGINE, **line}
    return stored("bast_read", dealership, columns, "detail", said)


def loan(dealership: Dealership, **more: Any) -> Any:
    columns = {
        "id_spk": SPK,
        "nama_finance_company": "Astra FIF",
        "jumlah_dp": Decimal(4_000_000),
        "tenor": 35,
        "jumlah_cicilan": Decimal(640_000),
        **more,
    }
    return stored("leasing", dealership, columns)


def papers(dealership: Dealership, **more: Any) -> Any:
    line = {
        "nomor_rangka": FRAME,
        "tanggal_pengajuan_stnk_ke_biro": date(2026, 1, 13),
        "nomor_stnk": "18513793/B",
        "tanggal_penerimaan_stnk_dari_biro": date(2026, 1, 20),
        "tanggal_terima_stnk_oleh_konsumen": date(2026, 1, 22),
        "nama_penerima_stnk": "Ani Santoso",
        "plat_nomor": "B1234XYZ",
        **dict.fromkeys(("nomor_bpkb", "tanggal_penerimaan_bpkb_dari_biro", "tanggal_terima_bpkb_oleh_konsumen")),
        "nama_penerima_bpkb": None,
        **more,
    }
    return stored("doch_read", dealership, {"id_spk": SPK}, "unit", line)


def arrival(dealership: Dealership, **line: Any) -> Any:
    said = {"no_rangka": FRAME, "no_mesin": ENGINE, "kode_tipe_unit": "HP5", "kode_warna": "BK", **line}
    return stored("uinb_read", dealership, {"tanggal_terima": date(2026, 1, 5)}, "unit", said)


def visit(dealership: Dealership, **more: Any) -> Any:
    columns = {
        "no_rangka": FRAME,
        "no_mesin": ENGINE,
        "no_polisi": "B 1234 XYZ",
        "tanggal_servis": date(2026, 2, 20),
        "waktu_pkb": None,
        "km_terakhir": 800,
        **more,
    }
    return stored("pkb", dealership, columns, "services", {"nama_pekerjaan": "KPB 1"})
