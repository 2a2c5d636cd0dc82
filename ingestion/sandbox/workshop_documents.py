"""A visit on the wire: work order, notes for labour and parts; its hotline order is in parts_documents.py."""

from collections.abc import Iterator
from functools import partial

from ingestion.sandbox.catalogue import ADVICE, COMPLAINTS
from ingestion.sandbox.chance import Chance
from ingestion.sandbox.documents import Document, Record, day_text, moment_text, number_of, once
from ingestion.sandbox.parts_documents import hotline_documents
from ingestion.sandbox.people import region
from ingestion.sandbox.workshop import PartLine, ServiceLine, Visit

ENTRIES = (
    ("NP", 50), ("RM", 14), ("PEIN", 8), ("PEOT", 4), ("SVPS", 5), ("SVHC", 4), ("SVJD", 3), ("SVGC", 3),
    ("SVAH", 3), ("SVPA", 2), ("SVER", 2), ("AE01", 1), ("AE02", 1), ("AE03", 1),
)  # fmt: skip
RELATIONS = "123456"
PAYMENTS = (("1", 60), ("5", 15), ("4", 12), ("3", 7), ("2", 3), ("6", 2), ("99", 1))


def visit_documents(visit: Visit) -> Iterator[Document]:
    """Every document that the visit will ever have."""
    changes = tuple(moment for moment in (visit.paused, visit.closed) if moment)
    yield Document("pkb", visit.registered, partial(_work_order, visit), changes)
    if not visit.cancelled:
        corrected = (visit.corrected,) if visit.corrected else ()
        yield Document("inv2", visit.billed, partial(_notes, visit), corrected)
    if visit.hotline:
        yield from hotline_documents(visit, visit.hotline)


def _work_order(visit: Visit, version: int) -> Record:
    closed = version == 1 + bool(visit.paused)
    # The last part is found only on the bench.
    parts = visit.parts if closed else visit.parts[:-1]
    total = sum(line.total for line in visit.services) + sum(line.total for line in parts)
    return {
        "noWorkOrder": visit.work_order,
        "noSAForm": number_of("SAF", visit.dealer, visit.day, visit.number),
        "tanggalServis": day_text(visit.day),
        "waktuPKB": moment_text(visit.registered),
        **_vehicle(visit),
        **_people(visit),
        **_workmanship(visit, version, closed),
        "totalBiayaService": total,
        "dealerId": visit.dealer,
        "services": [_service(line, "biayaService") | _job_names(line) for line in visit.services],
        "parts": [_part(line) for line in parts],
    }


def _vehicle(visit: Visit) -> Record:
    vehicle = visit.vehicle
    return {
        "noPolisi": vehicle.plate,
        "noRangka": vehicle.frame,
        "noMesin": vehicle.engine,
        "kodeTipeUnit": vehicle.model.service_code,
        "tahunMotor": str(vehicle.year),
        "informasiBensin": str(1 + vehicle.odometer % 4),
        "kmTerakhir": vehicle.odometer,
    }


def _people(visit: Visit) -> Record:
    chance = Chance.of(visit.work_order, "people")
    owner, bringer = visit.vehicle.owner, visit.bringer
    themselves = bringer == owner
    return {
        "tipeComingCustomer": "1" if themselves else chance.choice("23"),
        "namaPemilik": owner.name,
        "alamatPemilik": owner.street,
        **region(owner.place, "Pemilik"),
        "alamatPembawa": bringer.street,
        **region(bringer.place, "Pembawa"),
        "namaPembawa": bringer.name,
        "noTelpPembawa": bringer.phone,
        "hubunganDenganPemilik": "0" if themselves else chance.choice(RELATIONS),
    }


def _workmanship(visit: Visit, version: int, closed: bool) -> Record:
    chance = Chance.of(visit.work_order, "work")
    pause, advice = chance.choice("23"), chance.choice(ADVICE)
    last = "5" if visit.cancelled else "4"
    minutes = sum(line.job.minutes for line in visit.services)
    worked = int((visit.closed - visit.registered).total_seconds() // 60)
    return {
        "keluhanKonsumen": chance.choice(COMPLAINTS),
        "rekomendasiSA": chance.choice(ADVICE),
        "hondaIdSA": visit.advisor,
        "hondaIdMekanik": visit.mechanic,
        "saranMekanik": once(closed, advice),
        "asalUnitEntry": chance.one_of(ENTRIES),
        "idPIT": str(chance.randint(1, 6)),
        "jenisPIT": chance.choice("11234"),
        "waktuPendaftaran": moment_text(visit.registered),
        "waktuSelesai": once(closed, moment_text(visit.closed)),
        "totalFRT": f"{minutes // 60:02d}:{minutes % 60:02d}",
        "setUpPembayaran": chance.one_of(PAYMENTS),
        "catatanTambahan": chance.choice(("", "", "cuci motor", "tunggu di tempat", "hubungi bila ada tambahan")),
        "konfirmasiPekerjaanTambahan": chance.choice("01"),
        "noBukuClaimC2": visit.hotline.claim_book if visit.hotline else "",
        "noWorkOrderJobReturn": visit.returned_from,
        "waktuPekerjaan": once(closed, f"{worked // 60:02d}:{worked % 60:02d}"),
        "statusWorkOrder": last if closed else ("1", pause)[version],
    }


def _notes(visit: Visit, version: int) -> Record:
    """The same lines as on the finished work order; a corrected bill has its parts note written anew."""
    parts_noted = visit.corrected if version else visit.billed
    return {
        "noWorkOrder": visit.work_order,
        "noNJB": number_of("NJB", visit.dealer, visit.day, visit.number),
        "tanggalNJB": moment_text(visit.billed),
        "totalHargaNJB": sum(line.total for line in visit.services),
        "noNSC": once(bool(visit.parts), number_of("NSC", visit.dealer, visit.day, visit.number)),
        "tanggalNSC": once(bool(visit.parts), moment_text(parts_noted)),
        "totalHargaNSC": sum(line.total for line in visit.parts),
        "hondaIdSA": visit.advisor,
        "hondaIdMekanik": visit.mechanic,
        "dealerId": visit.dealer,
        "njb": [_service(line, "hargaServis") for line in visit.services],
        "nsc": [_part(line) for line in visit.parts],
    }


def _job_names(line: ServiceLine) -> Record:
    return {"namaPekerjaan": line.job.name, "jenisPekerjaan": line.job.kind}


def _service(line: ServiceLine, price: str) -> Record:
    return {
        "idJob": line.job.id,
        price: line.job.price,
        "promoIdJasa": line.promo,
        "discServiceAmount": line.amount,
        "discServicePercentage": float(line.percent),
        "totalHargaServis": line.total,
    }


def _part(line: PartLine) -> Record:
    return {
        "idJob": line.job,
        "partsNumber": line.part.number,
        "kuantitas": line.quantity,
        "hargaParts": line.part.price,
        "promoIdParts": line.promo,
        "discPartsAmount": line.amount,
        "discPartsPercentage": float(line.percent),
        "ppn": line.vat,
        "totalHargaParts": line.total,
        "uangMuka": line.down_payment,
    }
