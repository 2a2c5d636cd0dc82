"""Parts orders of customers on the wire: hotline drafts, their down payments, and parts sales."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial

from ingestion.sandbox.catalogue import PARTS
from ingestion.sandbox.chance import Chance
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import Document, Record, day_text, number_of
from ingestion.sandbox.hotline import HotlineLine, HotlineOrder
from ingestion.sandbox.people import Person, make_person, region
from ingestion.sandbox.shipments import VAT_PERCENT
from ingestion.sandbox.workshop import Visit


def hotline_documents(visit: Visit, order: HotlineOrder) -> Iterator[Document]:
    """The draft goes when the down payment comes; the parts are sold when they have arrived."""
    amended = (order.amended,) if order.amended else ()
    yield Document("unpaidhlo", order.ordered, partial(_draft, visit, order), amended, gone=order.paid)
    if order.paid and order.sold:
        paid_up = (order.paid_up,) if order.paid_up else ()
        yield Document("dphlo", order.paid, partial(_down_payment, visit, order), paid_up)
        yield Document("prsl", order.sold, partial(_hotline_sale, visit, order, order.sold))


def _hotline_id(visit: Visit) -> str:
    return f"PO/HLO/{visit.dealer}/{visit.day:%y%m}/{visit.day:%d}{visit.number:03d}"


def _draft(visit: Visit, order: HotlineOrder, version: int) -> Record:
    """Amended when the factory asks for the number of the old part."""
    owner, vehicle = visit.vehicle.owner, visit.vehicle
    return {
        "idHLODocument": _hotline_id(visit),
        "tanggalPemesananHLO": day_text(order.ordered),
        "noWorkOrder": visit.work_order,
        "noBukuClaimC2": order.claim_book,
        "noKTP": owner.ktp,
        "namaCustomer": owner.name,
        "alamat": owner.street,
        **region(owner.place),
        "noKontak": owner.phone,
        "kodeTipeUnit": vehicle.model.code,
        "tahunMotor": str(vehicle.year),
        "noMesin": vehicle.engine,
        "noRangka": vehicle.frame,
        "flagNumbering": "1" if order.numbered or version else "0",
        "vehicleOffRoad": "1" if order.off_road else "0",
        "jobReturn": "1" if visit.returned_from else "0",
        "dealerId": visit.dealer,
        "parts": [_ordered_part(line) for line in order.lines],
    }


def _down_payment(visit: Visit, order: HotlineOrder, version: int) -> Record:
    """Changed when the customer pays the rest as well."""
    return {
        "noInvoiceUangJaminan": number_of("UJ", visit.dealer, visit.day, visit.number),
        "idHLODocument": _hotline_id(visit),
        "tanggalPemesananHLO": day_text(order.ordered),
        "noWorkOrder": visit.work_order,
        "idCustomer": visit.vehicle.owner.ktp,
        "dealerId": visit.dealer,
        "parts": [_ordered_part(line, paid_up=version > 0) for line in order.lines],
    }


def _ordered_part(line: HotlineLine, paid_up: bool = False) -> Record:
    paid = line.total if paid_up else line.down_payment
    return {
        "partsNumber": line.part.number,
        "kuantitas": line.quantity,
        "hargaParts": line.price,
        "totalHargaParts": line.total,
        "uangMuka": paid,
        "sisaBayar": line.total - paid,
    }


def _hotline_sale(visit: Visit, order: HotlineOrder, sold: datetime, _version: int) -> Record:
    lines = []
    for line in order.lines:
        price = round(line.price * 100 / (100 + VAT_PERCENT))
        lines.append(
            {
                "partsNumber": line.part.number,
                "kuantitas": line.quantity,
                "hargaParts": price,
                "promoIdParts": "",
                "discAmount": 0,
                "discPercentage": 0.0,
                "ppn": line.price - price,
                "totalHargaParts": line.total,
                "uangMuka": line.total if order.paid_up else line.down_payment,
                "bookingIdReference": _hotline_id(visit),
            }
        )
    number = number_of("SH", visit.dealer, visit.day, visit.number)
    return _parts_sale(number, visit.dealer, sold, visit.vehicle.owner, lines)


def _parts_sale(number: str, dealer: str, sold: datetime, customer: Person, lines: list[Record]) -> Record:
    total = sum(line["totalHargaParts"] for line in lines)
    return {
        "noSO": number,
        "tglSO": day_text(sold),
        "idCustomer": customer.ktp,
        "namaCustomer": customer.name,
        "discSO": total % 1_000,
        "totalHargaSO": total,
        "dealerId": dealer,
        "parts": lines,
    }


@dataclass(frozen=True, slots=True)
class CounterSale:
    """Parts bought over the counter."""

    dealer: str
    number: str
    customer: Person
    sold: datetime
    corrected: datetime | None
    seed: str


def counter_sales_of(config: SandboxConfig, dealer: str, day: date) -> Iterator[Document]:
    """That day's counter sales, about ten at the usual volume."""
    count = Chance.of(config.seed, dealer, day, "counter").about(config.volume * 0.7)
    for number in range(count):
        chance = Chance.of(config.seed, dealer, day, "counter", number)
        sold = chance.at_work(day)
        corrected = chance.after(sold, 1, 9) if chance.hit(0.15) else None
        sale = CounterSale(
            dealer=dealer,
            number=number_of("SO", dealer, day, number),
            customer=make_person(chance),
            sold=sold,
            corrected=corrected,
            seed=f"{config.seed}|{dealer}|{day}|{number}",
        )
        yield Document("prsl", sold, partial(_counter_sale, sale), (corrected,) if corrected else ())


def _counter_sale(sale: CounterSale, version: int) -> Record:
    """A corrected sale has lost its last line."""
    chance = Chance.of(sale.seed)
    lines = [_counter_line(chance) for _ in range(chance.randint(2 if sale.corrected else 1, 4))]
    return _parts_sale(sale.number, sale.dealer, sale.sold, sale.customer, lines[:-1] if version else lines)


def _counter_line(chance: Chance) -> Record:
    part = chance.choice(PARTS)
    quantity = chance.choice((1, 1, 2, 4))
    promoted = chance.hit(0.2)
    percent = chance.choice((5, 10)) if promoted else 0
    amount = 0 if promoted else chance.choice((0, 0, 1_000, 5_000))
    vat = round(part.price * VAT_PERCENT / 100)
    gross = quantity * (part.price + vat)
    return {
        "partsNumber": part.number,
        "kuantitas": quantity,
        "hargaParts": part.price,
        "promoIdParts": f"P{chance.digits(5)}" if promoted else "",
        "discAmount": amount,
        "discPercentage": float(percent),
        "ppn": vat,
        "totalHargaParts": gross - amount - round(gross * percent / 100),
        "uangMuka": 0,
        "bookingIdReference": "",
    }
