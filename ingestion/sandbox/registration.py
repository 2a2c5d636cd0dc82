"""The papers of a sold motorcycle: STNK, plate and BPKB on their way through the agency."""

from functools import partial

from ingestion.sandbox.chance import Chance
from ingestion.sandbox.documents import Document, Record, day_text, once
from ingestion.sandbox.people import Person, make_person
from ingestion.sandbox.sales import Order, Sale

# Handed in; STNK ready, handed over; plate ready, handed over; BPKB ready, handed over.
STATUSES = ("2", "3", "4", "7", "8", "5", "6")


def registration_document(sale: Sale, order: Order) -> Document:
    papers = order.registration
    references = {"idCustomer": sale.customer_id}
    return Document("doch", papers.handed_in, partial(_papers, sale, order), papers.steps, references=references)


def _papers(sale: Sale, order: Order, version: int) -> Record:
    return {
        "idSO": sale.numbered("SO"),
        "idSPK": sale.numbered("SPK"),
        "dealerId": sale.dealer,
        "unit": [_unit(sale, order, version)],
    }


def _unit(sale: Sale, order: Order, version: int) -> Record:
    papers = order.registration
    steps = papers.steps
    return {
        "nomorRangka": order.unit.frame,
        "nomorFakturSTNK": f"FH/{order.unit.model.service_code}/1{papers.number[:6]}/N",
        "tanggalPengajuanSTNKKeBiro": day_text(papers.handed_in),
        "statusFakturSTNK": STATUSES[version],
        "nomorSTNK": once(version >= 1, papers.number),
        "tanggalPenerimaanSTNKDariBiro": once(version >= 1, day_text(steps[0])),
        "platNomor": once(version >= 3, papers.plate),
        "nomorBPKB": once(version >= 5, papers.book),
        "tanggalPenerimaanBPKBDariBiro": once(version >= 5, day_text(steps[4])),
        "tanggalTerimaSTNKOlehKonsumen": once(version >= 2, day_text(steps[1])),
        "tanggalTerimaBPKBOlehKonsumen": once(version >= 6, day_text(steps[5])),
        **_recipient(sale, "BPKB", version >= 6),
        **_recipient(sale, "STNK", version >= 2),
    }


def _recipient(sale: Sale, paper: str, received: bool) -> Record:
    """Who took the paper: mostly the customer, with the KTP."""
    chance = Chance.of(sale.prospect_id, paper)
    person: Person = sale.customer if chance.hit(0.85) else make_person(chance)
    passport = chance.hit(0.04)
    return {
        f"namaPenerima{paper}": once(received, person.name),
        f"jenisIdPenerima{paper}": once(received, "4" if passport else "1"),
        f"noIdPenerima{paper}": once(received, f"C{chance.digits(7)}" if passport else person.ktp),
    }
