"""A sale on the wire: prospect, sales order letter (SPK), loan, bills, delivery; its papers are in registration.py."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial

from ingestion.sandbox.catalogue import ACCESSORIES, APPARELS, MODELS
from ingestion.sandbox.chance import Chance
from ingestion.sandbox.documents import Document, Record, clock_text, day_text
from ingestion.sandbox.people import (
    PLACES,
    make_name,
    make_person,
    make_street,
    region,
    staff,
)
from ingestion.sandbox.registration import registration_document
from ingestion.sandbox.sales import Financing, Order, Sale


def sale_documents(sale: Sale) -> Iterator[Document]:
    """Every document that the sale will ever have."""
    decided = () if sale.outcome == "open" else (sale.decided,)
    yield Document("prsp", sale.prospected, partial(_prospect, sale), (sale.followed_up, *decided))
    if sale.order is None:
        return
    yield from _order_documents(sale, sale.order)
    if not sale.order.cancelled:
        yield _delivery_document(sale, sale.order)
        yield registration_document(sale, sale.order)


def _order_documents(sale: Sale, order: Order) -> Iterator[Document]:
    closed = order.cancelled or order.arrived
    changes = tuple(moment for moment in (order.indented, closed) if moment)
    yield Document("spk", order.signed, partial(_letter, sale, order), changes)
    yield _bill(sale, order, 0, order.signed)
    if order.cancelled:
        return
    yield _bill(sale, order, 1, order.billed)
    loan = order.financing
    if loan:
        yield Document("lsng", loan.ordered, partial(_loan, sale, loan), (loan.sent,))
        yield _bill(sale, order, 2, order.delivered)


def _prospect(sale: Sale, version: int) -> Record:
    chance = Chance.of(sale.prospect_id)
    person = sale.customer
    warm = chance.choice("12")
    final = {"deal": "4", "lost": "5", "open": "3"}[sale.outcome]
    office = chance.choice(PLACES) if chance.hit(0.4) else None
    programs = f"PRM/{chance.randint(101, 140):04d}/{sale.day:%y/%m}"
    wishes = [sale.model, *([chance.choice(MODELS)] if chance.hit(0.25) else [])]
    return {
        "idProspect": sale.prospect_id,
        "sumberProspect": sale.source,
        "tanggalProspect": day_text(sale.day),
        "taggingProspect": "Yes" if chance.hit(0.3) else "No",
        "namaLengkap": person.name,
        "noKontak": person.phone,
        "noKtp": person.ktp,
        "alamat": person.street,
        **region(person.place),
        "latitude": str(person.latitude),
        "longitude": str(person.longitude),
        "alamatKantor": make_street(chance) if office else "",
        **region(office, "Kantor"),
        "kodePekerjaan": str(chance.randint(1, 11)),
        "noKontakKantor": f"021{chance.digits(7)}" if office else "",
        "tanggalAppointment": day_text(sale.followed_up + timedelta(days=1)),
        "waktuAppointment": f"{chance.randint(8, 17):02d}:{chance.choice(('00', '15', '30', '45'))}",
        "metodeFollowUp": chance.choice("1234"),
        "testRidePreference": chance.choice("01"),
        "statusFollowUpProspecting": "2" if version else "1",
        "statusProspect": (warm, "3", final)[version],
        "idSalesPeople": sale.salesperson,
        "idEvent": sale.event,
        "dealerId": sale.dealer,
        "unit": [
            {"kodeTipeUnit": model.code, "salesProgramId": ",".join(_programs(programs, chance.randint(0, 2)))}
            for model in wishes
        ],
    }


def _programs(stem: str, count: int) -> list[str]:
    return [f"{stem}/{number:04d}" for number in range(1, count + 1)]


def _letter(sale: Sale, order: Order, version: int) -> Record:
    chance = Chance.of(sale.prospect_id, "letter")
    person = sale.customer
    owner = make_person(chance) if chance.hit(0.15) else person
    return {
        "idSpk": sale.numbered("SPK"),
        "idProspect": sale.prospect_id,
        "namaCustomer": person.name,
        "noKtp": person.ktp,
        "alamat": person.street,
        **region(person.place),
        "noKontak": person.phone,
        "namaBPKB": owner.name,
        "noKTPBPKB": owner.ktp,
        "alamatBPKB": owner.street,
        **region(owner.place, "BPKB"),
        "latitude": str(person.latitude),
        "longitude": str(person.longitude),
        "NPWP": f"{chance.digits(2)}.{chance.digits(3)}.{chance.digits(3)}.{chance.digits(1)}-{chance.digits(3)}.000",
        "noKK": f"{person.ktp[:12]}{chance.digits(4)}",
        "alamatKK": person.address,
        **region(person.place, "KK"),
        "fax": f"021-{chance.digits(7)}" if chance.hit(0.1) else "",
        "email": person.email if chance.hit(0.6) else "",
        "idSalesPeople": sale.salesperson,
        "idEvent": sale.event,
        "tanggalPesanan": day_text(order.signed),
        "statusSPK": _letter_status(order, version),
        "dealerId": sale.dealer,
        "unit": [_ordered_unit(sale, order, chance)],
        "dataAnggotaKeluarga": [{"anggotaKK": make_name(chance)} for _ in range(chance.randint(0, 3))],
    }


def _letter_status(order: Order, version: int) -> str:
    steps = ["1"] + ["2"] * bool(order.indented) + ["4" if order.cancelled else "3"]
    return steps[version]


def _ordered_unit(sale: Sale, order: Order, chance: Chance) -> Record:
    return {
        "kodeTipeUnit": order.unit.model.code,
        "kodeWarna": order.unit.colour,
        "quantity": 1,
        "hargaJual": order.price,
        "diskon": order.discount,
        "amountPPN": round((order.price - order.discount) * 11 / 111),
        "fakturPajak": f"010.{chance.digits(3)}-{order.signed:%y}.{chance.digits(8)}",
        "tipePembayaran": "2" if order.financing else "1",
        "jumlahTandaJadi": order.booking_fee,
        "tanggalPengiriman": day_text(order.delivered),
        "idSalesProgram": ",".join(_programs(f"PRM/0102/{sale.day:%y/%m}", chance.randint(0, 3))),
        "idApparel": ",".join(chance.sample(APPARELS, chance.randint(0, 2))),
    }


def _loan(sale: Sale, loan: Financing, version: int) -> Record:
    order_number = f"{sale.day:%y/%m/%d}{sale.number:03d}"
    return {
        "idDokumenPengajuan": sale.numbered(loan.company),
        "idSPK": sale.numbered("SPK"),
        "jumlahDP": loan.down_payment,
        "tenor": loan.months,
        "jumlahCicilan": loan.instalment,
        "tanggalPengajuan": day_text(loan.applied),
        "idFinanceCompany": f"FC/{loan.company}",
        "namaFinanceCompany": loan.company_name,
        "idPOFinanceCompany": f"PO/FC/{loan.company}/{sale.dealer[-2:]}{order_number}",
        "tanggalPembuatanPO": day_text(loan.ordered),
        "tanggalPengirimanPOFinanceCompany": day_text(loan.sent) if version else "",
        "dealerId": sale.dealer,
    }


def _bill(sale: Sale, order: Order, step: int, created: datetime) -> Document:
    """The booking fee (0), then the down payment or the whole price (1), then what the finance company pays (2)."""
    chance = Chance.of(sale.prospect_id, "bill", step)
    changes = []
    moment = created
    for low, high in ((0.3, 5), (2, 16), (4, 40)):
        moment = chance.after(moment, low, high)
        changes.append(moment)
    return Document("inv1", created, partial(_billed, sale, order, step), tuple(changes))


def _billed(sale: Sale, order: Order, step: int, version: int) -> Record:
    chance = Chance.of(sale.prospect_id, "billed", step)
    kind, note, amount = _amount_due(order, step)
    return {
        "idInvoice": sale.numbered(kind),
        "idSPK": sale.numbered("SPK"),
        "idCustomer": sale.customer_id,
        "amount": amount,
        "tipePembayaran": "1" if order.financing else "2",
        "caraBayar": "2" if step == 2 else chance.choice("12"),
        "status": "1234"[version],
        "note": note,
        "dealerId": sale.dealer,
    }


def _amount_due(order: Order, step: int) -> tuple[str, str, int]:
    """Letters, text and rupiah of a bill; the bills of an order add up to its price less the discount."""
    net = order.price - order.discount
    if step == 0:
        return "TJ", "tanda jadi", order.booking_fee
    if not order.financing:
        return "FU", "pembayaran penuh oleh konsumen", net - order.booking_fee
    if step == 1:
        return "UM", "uang muka konsumen", order.financing.down_payment - order.booking_fee
    return "FU", f"pelunasan oleh {order.financing.company_name}", net - order.financing.down_payment


def _delivery_document(sale: Sale, order: Order) -> Document:
    """On its way, sometimes back to the dealer and out again, then completed."""
    changes: tuple[datetime, ...] = (order.arrived,)
    if order.returned:
        halfway = order.delivered + (order.arrived - order.delivered) / 2
        changes = (halfway.replace(microsecond=0), order.arrived)
    references = {"idCustomer": sale.customer_id}
    return Document("bast", order.delivered, partial(_delivery, sale, order), changes, references=references)


def _delivery(sale: Sale, order: Order, version: int) -> Record:
    chance = Chance.of(sale.prospect_id, "delivery")
    recipient = sale.customer if chance.hit(0.8) else make_person(chance)
    statuses = ("2", "3", "4") if order.returned else ("2", "4")
    return {
        "deliveryDocumentId": f"DO/{sale.dealer}/{sale.day:%d%m%y}/{1000 + sale.number}",
        "tanggalPengiriman": day_text(order.delivered),
        "idDriver": staff(0, sale.dealer, "driver", chance.randrange(3)),
        "statusDeliveryDocument": statuses[version],
        "dealerId": sale.dealer,
        "detail": [
            {
                "noSO": sale.numbered("SO"),
                "idSPK": sale.numbered("SPK"),
                "noMesin": order.unit.engine,
                "noRangka": order.unit.frame,
                "idCustomer": sale.customer_id,
                "waktuPengiriman": clock_text(order.delivered),
                "checklistKelengkapan": ",".join(["Manual Book", *chance.sample(ACCESSORIES, 3)]),
                "lokasiPengiriman": recipient.address,
                "latitude": str(recipient.latitude),
                "longitude": str(recipient.longitude),
                "namaPenerima": recipient.name,
                "noKontakPenerima": recipient.phone,
            }
        ],
    }
