"""How prospects become customers: the facts and the moments of each sale."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from ingestion.sandbox.catalogue import FINANCE_COMPANIES, MODELS, Model
from ingestion.sandbox.chance import Chance
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import number_of
from ingestion.sandbox.people import Person, make_person, make_plate, staff
from ingestion.sandbox.shipments import Unit

STOCK_DAYS = 6  # a unit is for sale once its invoice is this many days old: by then it has arrived
SOURCES = (
    ("0001", 14), ("0002", 6), ("0003", 5), ("0004", 26), ("0005", 7), ("0006", 5), ("0007", 9),
    ("0008", 14), ("0009", 3), ("0010", 5), ("0011", 4), ("0012", 1), ("9999", 1),
)  # fmt: skip
EVENT_SOURCES = {"0001", "0002", "0003"}
ONLINE_SOURCES = {"0007", "0008", "0010", "0012"}
OUTCOMES = (("deal", 58), ("lost", 20), ("open", 22))


@dataclass(frozen=True, slots=True)
class Financing:
    """A loan as the finance company granted it."""

    company: str
    company_name: str
    down_payment: int
    months: int
    instalment: int
    applied: datetime
    ordered: datetime
    sent: datetime


@dataclass(frozen=True, slots=True)
class Registration:
    """The way of the papers: STNK (registration), plate, BPKB (ownership book)."""

    handed_in: datetime
    steps: tuple[datetime, ...]
    plate: str
    number: str
    book: str


@dataclass(frozen=True, slots=True)
class Order:
    """A signed SPK and what became of it."""

    unit: Unit
    price: int
    discount: int
    booking_fee: int
    signed: datetime
    indented: datetime | None
    cancelled: datetime | None
    financing: Financing | None
    billed: datetime
    delivered: datetime
    returned: bool
    arrived: datetime
    registration: Registration


@dataclass(frozen=True, slots=True)
class Sale:
    """One prospect and, if it came to that, the order."""

    main_dealer: str
    dealer: str
    day: date
    number: int
    customer: Person
    salesperson: str
    source: str
    model: Model
    outcome: str
    prospected: datetime
    followed_up: datetime
    decided: datetime
    order: Order | None

    @property
    def prospect_id(self) -> str:
        return f"{self.main_dealer}/{self.dealer}/{self.day:%y/%m}/PSP/{self.source}/{self.day:%d}{self.number:03d}"

    @property
    def customer_id(self) -> str:
        return f"{self.dealer}/{self.day:%y/%m}/CUS/{self.day:%d}{self.number:03d}"

    @property
    def event(self) -> str:
        """The fair or show where the prospect was met, if it was one."""
        if self.source not in EVENT_SOURCES:
            return ""
        return f"EV/E/{self.main_dealer}/{self.dealer}/{self.day:%y/%m}/{self.number % 3 + 1:03d}"

    def numbered(self, kind: str) -> str:
        return number_of(kind, self.dealer, self.day, self.number)


def sales_of(config: SandboxConfig, dealer: str, day: date, stock: Sequence[Unit]) -> list[Sale]:
    """That day's prospects. Each deal takes the next unit of the stock; without one the prospect stays open."""
    units = iter(stock)
    count = Chance.of(config.seed, dealer, day, "prospects").about(config.volume)
    return [_sale(config, dealer, day, number, units) for number in range(count)]


def _sale(config: SandboxConfig, dealer: str, day: date, number: int, units: Iterator[Unit]) -> Sale:
    chance = Chance.of(config.seed, dealer, day, "sale", number)
    source = chance.one_of(SOURCES)
    outcome = chance.one_of(OUTCOMES)
    unit = next(units, None) if outcome == "deal" else None
    prospected = chance.at_any_hour(day) if source in ONLINE_SOURCES else chance.at_work(day)
    followed_up = chance.after(prospected, 0.5, 12)
    decided = chance.after_at_work(followed_up, 1, 36)
    customer = make_person(chance)
    return Sale(
        main_dealer=config.main_dealer,
        dealer=dealer,
        day=day,
        number=number,
        customer=customer,
        salesperson=staff(config.seed, dealer, "sales", chance.randrange(8)),
        source=source,
        model=unit.model if unit else chance.choice(MODELS),
        outcome=outcome if unit or outcome != "deal" else "open",
        prospected=prospected,
        followed_up=followed_up,
        decided=decided,
        order=_order(chance, unit, customer, decided) if unit else None,
    )


def _order(chance: Chance, unit: Unit, customer: Person, signed: datetime) -> Order:
    price = unit.model.price
    financing = _financing(chance, price, signed) if chance.hit(0.65) else None
    billed = chance.after_at_work(financing.sent if financing else signed, 1, 20)
    delivered = chance.after_at_work(billed, 3, 28)
    return Order(
        unit=unit,
        price=price,
        discount=chance.choice((0, 250_000, 500_000, 750_000)),
        booking_fee=chance.choice((500_000, 1_000_000, 2_000_000)),
        signed=signed,
        indented=chance.after(signed, 0.2, 0.8) if chance.hit(0.15) else None,
        cancelled=chance.after_at_work(signed, 1, 20) if chance.hit(0.06) else None,
        financing=financing,
        billed=billed,
        delivered=delivered,
        returned=chance.hit(0.08),
        arrived=chance.after(delivered, 0.7, 3.5),
        registration=_registration(chance, customer, delivered),
    )


def _financing(chance: Chance, price: int, signed: datetime) -> Financing:
    company, name = chance.choice(FINANCE_COMPANIES)
    down_payment = round(price * chance.uniform(0.12, 0.3), -5)
    months = chance.choice((11, 17, 23, 29, 35))
    instalment = round((price - down_payment) * (1 + 0.018 * months) / months, -3)
    ordered = chance.after(signed, 3, 20)
    sent = chance.after(ordered, 2, 14)
    return Financing(company, name, int(down_payment), months, int(instalment), signed, ordered, sent)


def _registration(chance: Chance, customer: Person, delivered: datetime) -> Registration:
    handed_in = chance.after_at_work(delivered, 6, 30)
    steps = []
    moment = handed_in
    # STNK ready, STNK handed over, plate ready, plate handed over, BPKB ready, BPKB handed over
    for low, high in ((60, 110), (8, 36), (10, 40), (6, 20), (40, 90), (8, 36)):
        moment = chance.after(moment, low, high)
        steps.append(moment)
    return Registration(
        handed_in=handed_in,
        steps=tuple(steps),
        plate=make_plate(chance, customer.place),
        number=f"{chance.digits(8)}/{customer.place.plate}",
        book=f"{chance.choice('MNPRST')}-{chance.digits(8)}",
    )
