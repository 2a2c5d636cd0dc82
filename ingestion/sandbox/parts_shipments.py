"""Parts from the main dealer: the invoice, then the receipt in the warehouse."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from ingestion.sandbox.catalogue import HOTLINE_PARTS, PARTS, Part
from ingestion.sandbox.chance import Chance
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import Document, Record, day_text, number_of
from ingestion.sandbox.shipments import vat_and_total

ORDER_KINDS = (("1", 3), ("2", 6), ("3", 2), ("4", 1))


@dataclass(frozen=True, slots=True)
class PartsOrderLine:
    """So many of one part on one purchase order."""

    po: str
    kind: str
    part: Part
    quantity: int
    discount: int
    warehouse: str


@dataclass(frozen=True, slots=True)
class PartsShipment:
    """Order lines that one invoice and one receipt cover."""

    main_dealer: str
    dealer: str
    day: date
    number: int
    lines: tuple[PartsOrderLine, ...]
    deduction: int
    invoiced: datetime
    settled: datetime | None
    received: datetime
    recounted: datetime | None


def parts_shipments_of(config: SandboxConfig, dealer: str, day: date) -> list[PartsShipment]:
    """The parts shipments invoiced that day, about five at the usual volume."""
    count = Chance.of(config.seed, dealer, day, "parts shipments").about(config.volume / 3)
    return [_shipment(config, dealer, day, number) for number in range(count)]


def _shipment(config: SandboxConfig, dealer: str, day: date, number: int) -> PartsShipment:
    chance = Chance.of(config.seed, dealer, day, "parts shipment", number)
    invoiced = chance.at_any_hour(day)
    received = chance.after_at_work(invoiced, 6, 40)
    return PartsShipment(
        main_dealer=config.main_dealer,
        dealer=dealer,
        day=day,
        number=number,
        lines=tuple(_lines(chance, dealer, day, number)),
        deduction=chance.choice((0, 0, 5_000, 20_000)),
        invoiced=invoiced,
        settled=chance.after(invoiced, 20, 120) if chance.hit(0.3) else None,
        received=received,
        recounted=chance.after(received, 1, 20) if chance.hit(0.25) else None,
    )


def _lines(chance: Chance, dealer: str, day: date, number: int) -> list[PartsOrderLine]:
    warehouse = f"WH{dealer[-2:]}{chance.randint(1, 3)}"
    lines = []
    for order in range(chance.randint(1, 2)):
        kind = chance.one_of(ORDER_KINDS)
        po = number_of("PO", dealer, day - timedelta(days=chance.randint(1, 5)), 500 + number * 2 + order)
        shelf = HOTLINE_PARTS if kind == "3" else PARTS
        for part in chance.sample(shelf, chance.randint(1, 4)):
            quantity = 1 if kind == "3" else chance.choice((2, 5, 10, 12, 24))
            discount = round(part.price * chance.choice((0, 0, 5, 10)) / 100)
            lines.append(PartsOrderLine(po, kind, part, quantity, discount, warehouse))
    return lines


def parts_shipment_documents(shipment: PartsShipment) -> list[Document]:
    invoice_changes = (shipment.settled,) if shipment.settled else ()
    receipt_changes = (shipment.recounted,) if shipment.recounted else ()
    return [
        Document("mdinvh3", shipment.invoiced, partial(_invoice, shipment), invoice_changes),
        Document("pinb", shipment.received, partial(_receipt, shipment), receipt_changes),
    ]


def _invoice(shipment: PartsShipment, version: int) -> Record:
    gross = sum(line.quantity * line.part.price for line in shipment.lines)
    discount = sum(line.quantity * line.discount for line in shipment.lines)
    deduction = shipment.deduction + (1_000 if version else 0)
    return {
        "noInvoice": number_of("IP", shipment.dealer, shipment.day, shipment.number),
        "tglInvoice": day_text(shipment.invoiced),
        "tglJatuhTempo": day_text(shipment.invoiced + timedelta(days=30)),
        "mainDealerId": shipment.main_dealer,
        "dealerId": shipment.dealer,
        "totalHargaSebelumDiskon": float(gross),
        "totalDiskonPerPartsNumber": float(discount),
        "potonganPerInvoice": float(deduction),
        **vat_and_total(gross - discount - deduction),
        "parts": [
            {
                "noPO": line.po,
                "jenisOrder": line.kind,
                "partsNumber": line.part.number,
                "kuantitas": line.quantity,
                "uom": line.part.uom,
                "hargaSatuanSebelumDiskon": float(line.part.price),
                "diskonPerPartsNumber": float(line.discount),
            }
            for line in shipment.lines
        ],
    }


def _receipt(shipment: PartsShipment, version: int) -> Record:
    """What arrived; a receipt that is counted again had missed one piece of the first line."""
    missed = 1 if shipment.recounted and version == 0 else 0
    return {
        "noPenerimaan": number_of("RCV", shipment.dealer, shipment.day, shipment.number),
        "tglPenerimaan": day_text(shipment.received),
        "noShippingList": number_of("SPL", shipment.dealer, shipment.day, shipment.number),
        "dealerId": shipment.dealer,
        "po": [
            {
                "noPO": line.po,
                "jenisOrder": line.kind,
                "idWarehouse": line.warehouse,
                "partsNumber": line.part.number,
                "kuantitas": line.quantity - (missed if index == 0 else 0),
                "uom": line.part.uom,
            }
            for index, line in enumerate(shipment.lines)
        ],
    }
