"""Visits to the workshop: which motorcycle, what is done, when, and what it costs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ingestion.sandbox.catalogue import FIRST_SERVICE, JOBS, MODELS, PARTS, Job, Model, Part
from ingestion.sandbox.chance import Chance
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import number_of
from ingestion.sandbox.hotline import HotlineOrder, hotline_order
from ingestion.sandbox.people import Person, make_person, make_plate, staff
from ingestion.sandbox.sales import Sale
from ingestion.sandbox.shipments import VAT_PERCENT, frame_and_engine

OLD_CUSTOMERS = 2_000  # motorcycles per dealer that were sold before the story begins
JOB_RETURN_DAYS = 4

Sold = Callable[[date], Sequence[Sale]]


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A motorcycle in the workshop and whose it is."""

    model: Model
    frame: str
    engine: str
    year: int
    plate: str
    odometer: int
    owner: Person
    first_service: bool


@dataclass(frozen=True, slots=True)
class ServiceLine:
    """Labour on the bill."""

    job: Job
    promo: str
    percent: int
    amount: int

    @property
    def discount(self) -> int:
        return self.amount + round(self.job.price * self.percent / 100)

    @property
    def total(self) -> int:
        return self.job.price - self.discount


@dataclass(frozen=True, slots=True)
class PartLine:
    """A part on the bill; VAT is per piece."""

    job: str
    part: Part
    quantity: int
    promo: str
    percent: int
    amount: int
    down_payment: int

    @property
    def vat(self) -> int:
        return round(self.part.price * VAT_PERCENT / 100)

    @property
    def gross(self) -> int:
        return self.quantity * (self.part.price + self.vat)

    @property
    def total(self) -> int:
        return self.gross - self.amount - round(self.gross * self.percent / 100)


@dataclass(frozen=True, slots=True)
class Visit:
    """One work order with its facts and its moments."""

    dealer: str
    day: date
    number: int
    vehicle: Vehicle
    bringer: Person
    services: tuple[ServiceLine, ...]
    parts: tuple[PartLine, ...]
    returned_from: str
    advisor: str
    mechanic: str
    registered: datetime
    paused: datetime | None
    closed: datetime
    cancelled: bool
    billed: datetime
    corrected: datetime | None
    hotline: HotlineOrder | None

    @property
    def work_order(self) -> str:
        return number_of("WO", self.dealer, self.day, self.number)


def visits_of(config: SandboxConfig, dealer: str, day: date, sold: Sold) -> list[Visit]:
    """That day's visits, about twenty at the usual volume. `sold` gives the sales that began on a day."""
    count = Chance.of(config.seed, dealer, day, "visits").about(config.volume * 1.3)
    return [_visit(config, dealer, day, number, sold) for number in range(count)]


def _visit(config: SandboxConfig, dealer: str, day: date, number: int, sold: Sold) -> Visit:
    chance = Chance.of(config.seed, dealer, day, "visit", number)
    back = _job_return(config, dealer, day, number)
    vehicle = _vehicle(config, dealer, back or day, number, sold)
    registered = chance.at_work(day)
    closed = chance.after(registered, 0.7, 3.5)
    services = _services(chance, vehicle)
    billed = chance.after(closed, 0.05, 0.4)
    cancelled = chance.hit(0.05)
    return Visit(
        dealer=dealer,
        day=day,
        number=number,
        vehicle=vehicle,
        bringer=vehicle.owner if chance.hit(0.7) else make_person(chance),
        services=services,
        parts=_parts(chance, services),
        returned_from=number_of("WO", dealer, back, number) if back else "",
        advisor=staff(config.seed, dealer, "advisor", chance.randrange(3)),
        mechanic=staff(config.seed, dealer, "mechanic", chance.randrange(7)),
        registered=registered,
        paused=chance.after(registered, 0.2, 0.6) if chance.hit(0.3) else None,
        closed=closed,
        cancelled=cancelled,
        billed=billed,
        corrected=chance.after(billed, 0.2, 20) if chance.hit(0.1) else None,
        hotline=hotline_order(chance, registered) if chance.hit(0.35) and not cancelled else None,
    )


def _job_return(config: SandboxConfig, dealer: str, day: date, number: int) -> date | None:
    """The day of the earlier visit that this one makes good; a return is not returned from again."""
    earlier = day - timedelta(days=JOB_RETURN_DAYS)
    if number >= round(config.volume * 1.3 * 0.7):  # the earlier day might not have had so many visits
        return None

    def comes_back(moment: date) -> bool:
        return Chance.of(config.seed, dealer, moment, "job return", number).hit(0.05)

    return earlier if comes_back(day) and not comes_back(earlier) else None


def _vehicle(config: SandboxConfig, dealer: str, day: date, number: int, sold: Sold) -> Vehicle:
    """Every third visit brings a motorcycle that the dealer has sold; the others are old acquaintances."""
    chance = Chance.of(config.seed, dealer, day, "vehicle", number)
    if number % 3 == 0:
        bought = day - timedelta(days=chance.randint(12, 28))
        buyers = [sale for sale in sold(bought) if _rides(sale, day)]
        if buyers:
            return _sold_vehicle(chance, chance.choice(buyers), day)
    return _old_vehicle(config, dealer, day, chance.randrange(OLD_CUSTOMERS))


def _rides(sale: Sale, day: date) -> bool:
    return sale.order is not None and not sale.order.cancelled and sale.order.arrived.date() < day


def _sold_vehicle(chance: Chance, sale: Sale, day: date) -> Vehicle:
    order = sale.order
    assert order is not None  # noqa: S101 - _rides() has seen it
    papers = order.registration
    return Vehicle(
        model=order.unit.model,
        frame=order.unit.frame,
        engine=order.unit.engine,
        year=sale.day.year,
        plate=papers.plate if papers.steps[2].date() < day else "",
        odometer=chance.randint(90, 1_400),
        owner=sale.customer,
        first_service=True,
    )


def _old_vehicle(config: SandboxConfig, dealer: str, day: date, serial: int) -> Vehicle:
    """The same serial number is the same motorcycle and the same owner, a little further down the road."""
    chance = Chance.of(config.seed, dealer, "old vehicle", serial)
    model = chance.choice(MODELS)
    year = 2015 + serial % 9
    frame, engine = frame_and_engine(model, dealer, year, 100_000 + serial)
    owner = make_person(chance)
    odometer = chance.randint(4_000, 60_000) + (day.toordinal() - date(2025, 1, 1).toordinal()) * 20
    return Vehicle(model, frame, engine, year, make_plate(chance, owner.place), odometer, owner, False)


def _services(chance: Chance, vehicle: Vehicle) -> tuple[ServiceLine, ...]:
    jobs = [FIRST_SERVICE] if vehicle.first_service else chance.sample(JOBS[:9], chance.choice((1, 1, 2, 2, 3)))
    return tuple(
        ServiceLine(
            job=job,
            promo=f"J{chance.digits(5)}" if promoted else "",
            percent=chance.choice((5, 10)) if promoted else 0,
            amount=chance.choice((0, 0, 0, 5_000)) if not promoted else 0,
        )
        for job in jobs
        for promoted in (chance.hit(0.15),)
    )


def _parts(chance: Chance, services: Sequence[ServiceLine]) -> tuple[PartLine, ...]:
    parts = chance.sample(PARTS, chance.choice((0, 1, 1, 2, 3)))
    return tuple(_part_line(chance, chance.choice(services).job.id, part) for part in parts)


def _part_line(chance: Chance, job: str, part: Part) -> PartLine:
    promoted = chance.hit(0.15)
    return PartLine(
        job=job if chance.hit(0.9) else "",
        part=part,
        quantity=chance.choice((1, 1, 1, 2)),
        promo=f"P{chance.digits(5)}" if promoted else "",
        percent=chance.choice((5, 10)) if promoted else 0,
        amount=0 if promoted else chance.choice((0, 0, 0, 2_500)),
        down_payment=chance.choice((10_000, 20_000)) if chance.hit(0.1) else 0,
    )
