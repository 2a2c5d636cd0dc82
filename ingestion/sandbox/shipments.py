"""Motorcycles from the main dealer: the invoice, then the goods receipt."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from ingestion.sandbox.catalogue import ACCESSORIES, MODELS, Model
from ingestion.sandbox.chance import Chance
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import Document, Record, day_text, number_of

VAT_PERCENT = 11
YEAR_LETTERS = "ABCDEFGHJKLMNPRSTVWXY"  # as on frames: no I, O, Q, U, Z


@dataclass(frozen=True, slots=True)
class Unit:
    """One motorcycle."""

    model: Model
    colour: str
    frame: str
    engine: str
    po: str
    price: int
    discount: int
    ready: bool
    complete: bool


@dataclass(frozen=True, slots=True)
class Shipment:
    """Units that one invoice and one shipping list carry."""

    main_dealer: str
    dealer: str
    day: date
    number: int
    units: tuple[Unit, ...]
    deduction: int
    invoiced: datetime
    settled: datetime | None
    received: datetime
    completed: datetime | None

    @property
    def invoice(self) -> str:
        return number_of("IN", self.dealer, self.day, self.number)

    @property
    def shipping_list(self) -> str:
        return number_of(f"SL/{self.main_dealer}", self.dealer, self.day, self.number)

    @property
    def goods_receipt(self) -> str:
        return f"{self.dealer}/{self.received:%y/%m/%d}{self.number:03d}"


def frame_and_engine(model: Model, dealer: str, year: int, serial: int) -> tuple[str, str]:
    """The 14 characters of a frame and the 12 of its engine."""
    variant = 10 + sum(map(ord, dealer)) % 90
    letter = YEAR_LETTERS[(year - 2010) % len(YEAR_LETTERS)]
    return f"{model.frame}{variant}{letter}K{serial % 10**6:06d}", f"{model.frame}E{variant % 10}{serial % 10**6:06d}"


def shipments_of(config: SandboxConfig, dealer: str, day: date) -> list[Shipment]:
    """The shipments that were invoiced that day, three at the usual volume."""
    count = max(1, round(config.volume / 5))
    return [_shipment(config, dealer, day, number) for number in range(count)]


def _shipment(config: SandboxConfig, dealer: str, day: date, number: int) -> Shipment:
    chance = Chance.of(config.seed, dealer, day, "shipment", number)
    units = tuple(_unit(config, chance, dealer, day, number * 4 + index) for index in range(4))
    invoiced = chance.at_any_hour(day)
    received = chance.after_at_work(invoiced, 10, 40)
    late = any(not unit.ready or not unit.complete for unit in units)
    return Shipment(
        main_dealer=config.main_dealer,
        dealer=dealer,
        day=day,
        number=number,
        units=units,
        deduction=chance.choice((0, 0, 250_000, 500_000, 1_000_000)),
        invoiced=invoiced,
        settled=chance.after(invoiced, 20, 120) if chance.hit(0.4) else None,
        received=received,
        completed=chance.after_at_work(received, 20, 50) if late else None,
    )


def _unit(config: SandboxConfig, chance: Chance, dealer: str, day: date, index: int) -> Unit:
    pair = Chance.of(config.seed, dealer, day, "pair", index // 2)  # ordered together, so alike
    model = pair.choice(MODELS)
    frame, engine = frame_and_engine(model, dealer, day.year, day.toordinal() * max(config.volume, 12) + index)
    return Unit(
        model=model,
        colour=pair.choice(model.colours),
        frame=frame,
        engine=engine,
        po=number_of("PO", dealer, day - timedelta(days=pair.randint(3, 6)), index // 2),
        price=model.price * 8 // 10,
        discount=pair.choice((0, 0, 100_000, 200_000)),
        ready=chance.hit(0.92),
        complete=chance.hit(0.95),
    )


def shipment_documents(shipment: Shipment) -> list[Document]:
    invoice_changes = (shipment.settled,) if shipment.settled else ()
    receipt_changes = (shipment.completed,) if shipment.completed else ()
    references = {"noShippingList": shipment.shipping_list}
    return [
        Document("mdinvh1", shipment.invoiced, partial(_invoice, shipment), invoice_changes, references=references),
        Document("uinb", shipment.received, partial(_receipt, shipment), receipt_changes),
    ]


def _invoice(shipment: Shipment, version: int) -> Record:
    gross = sum(unit.price for unit in shipment.units)
    discount = sum(unit.discount for unit in shipment.units)
    deduction = shipment.deduction + (150_000 if version else 0)
    return {
        "noInvoice": shipment.invoice,
        "tanggalInvoice": day_text(shipment.invoiced),
        "tanggalJatuhTempo": day_text(shipment.invoiced + timedelta(days=30)),
        "mainDealerId": shipment.main_dealer,
        "dealerId": shipment.dealer,
        "totalHargaSebelumDiskon": float(gross),
        "totalDiskonPerUnit": float(discount),
        "potonganPerInvoice": float(deduction),
        **vat_and_total(gross - discount - deduction),
        "unit": [
            {
                "kodeTipeUnit": unit.model.code,
                "kodeWarna": unit.colour,
                "kuantitas": 1,
                "noMesin": unit.engine,
                "noRangka": unit.frame,
                "hargaSatuanSebelumDiskon": float(unit.price),
                "diskonPerUnit": float(unit.discount),
                "poId": unit.po,
            }
            for unit in shipment.units
        ],
    }


def vat_and_total(base: int) -> Record:
    """VAT on the base and the sum of both, exact to the hundredth."""
    vat = base * VAT_PERCENT
    return {"totalPPN": vat / 100, "totalHarga": (base * 100 + vat) / 100}


def _receipt(shipment: Shipment, version: int) -> Record:
    all_here = version > 0 or all(unit.complete for unit in shipment.units)
    return {
        "noShippingList": shipment.shipping_list,
        "tanggalTerima": day_text(shipment.received),
        "mainDealerId": shipment.main_dealer,
        "dealerId": shipment.dealer,
        "noInvoice": shipment.invoice,
        "statusShippingList": "1" if all_here else "0",
        "unit": [_received(shipment, unit, version) for unit in shipment.units],
    }


def _received(shipment: Shipment, unit: Unit, version: int) -> Record:
    arrived = unit.complete or version > 0
    ready = arrived and (unit.ready or version > 0)
    blemish = f"NRFS/{shipment.dealer}/{shipment.received:%y%m}/{unit.frame[-4:]}"
    return {
        "kodeTipeUnit": unit.model.code,
        "kodeWarna": unit.colour,
        "kuantitasTerkirim": 1,
        "kuantitasDiterima": 1 if arrived else 0,
        "noMesin": unit.engine,
        "noRangka": unit.frame,
        "statusRFS": "1" if ready else "0",
        "poId": unit.po,
        "kelengkapanUnit": ", ".join(ACCESSORIES if unit.ready else ACCESSORIES[:4]),
        "noGoodsReceipt": shipment.goods_receipt,
        "docNRFSId": "" if unit.ready else blemish,
    }
