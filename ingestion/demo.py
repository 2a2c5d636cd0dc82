"""The demo's own day: stock with drawn photos in every status, beside what the sandbox brings."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal

from django.utils import timezone

from dealers.models import Dealership
from ingestion import adoption
from ingestion.adoption import ADOPTERS
from ingestion.models import Feed
from inventory import drawing, photos, services
from inventory.models import PlannedStep, Source, Vehicle

VEHICLES = 40
"""Of each dealership."""
MODELS = (
    ("BeAT", "CBS", 18_430_000),
    ("BeAT Street", "", 19_310_000),
    ("Scoopy", "Stylish", 22_660_000),
    ("Genio", "CBS-ISS", 19_900_000),
    ("Vario 125", "CBS", 23_000_000),
    ("Vario 160", "ABS", 30_380_000),
    ("PCX 160", "RoadSync", 36_990_000),
    ("ADV 160", "ABS", 40_100_000),
    ("Stylo 160", "ABS", 31_600_000),
    ("Supra GTR", "Sporty", 26_800_000),
    ("CRF150L", "Standard", 35_900_000),
    ("CB150X", "Standard", 33_600_000),
    ("Revo", "Fit", 15_900_000),
)
COLOURS = (
    ("Matt black", "#33363b"),
    ("Red", "#c8102e"),
    ("White", "#e8e9ea"),
    ("Blue", "#1d4f91"),
    ("Silver", "#a9afb5"),
)
STATUSES = (
    *(Vehicle.Status.AVAILABLE,) * 22,
    *(Vehicle.Status.RECEIVED,) * 5,
    *(Vehicle.Status.IN_PREPARATION,) * 5,
    *(Vehicle.Status.IN_TRANSIT,) * 3,
    *(Vehicle.Status.ON_ORDER,) * 3,
    *(Vehicle.Status.WITHDRAWN,) * 2,
)
LOCATIONS = ("Showroom", "Yard A", "Yard B", "Workshop")
STEPS = (("Unpack", 4), ("Pre-delivery inspection", 24), ("Wash", 8))


def fill(dealership: Dealership) -> int:
    """Give a dealership its stock, if it has none yet; how many vehicles."""
    if Vehicle.objects.filter(dealership=dealership).exists():
        return 0
    chance = random.Random(dealership.code)
    for place, (name, hours) in enumerate(STEPS, 1):
        PlannedStep.objects.create(dealership=dealership, name=name, position=place, target_hours=hours)
    for number in range(VEHICLES):
        add_vehicle(dealership, number, chance)
    return VEHICLES


def add_vehicle(dealership: Dealership, number: int, chance: random.Random) -> None:
    model, trim, price = chance.choice(MODELS)
    colour, paint = chance.choice(COLOURS)
    used, today = chance.random() < 0.25, timezone.localdate(timezone=dealership.zone)
    asking = Decimal(round(price * (chance.uniform(0.55, 0.85) if used else 1), -4))
    status = STATUSES[number % len(STATUSES)]
    vehicle = services.add(
        Vehicle(
            dealership=dealership,
            vin=f"MH1{chance.choice(('JM', 'KF', 'JF'))}{chance.randint(10, 99)}10SK{chance.randint(0, 999_999):06}",
            engine_number=f"JM{chance.randint(10, 99)}E{chance.randint(1_000_000, 9_999_999)}",
            plate=f"B {chance.randint(1000, 9999)} {''.join(chance.choices('ABCDEFGHJKLMNPRSTUVWXYZ', k=3))}"
            if used
            else "",
            status=status,
            condition=Vehicle.Condition.USED if used else Vehicle.Condition.NEW,
            make="Honda",
            model=model,
            trim=trim,
            year=today.year - (chance.randint(1, 6) if used else 0),
            colour=colour,
            fuel=Vehicle.Fuel.PETROL,
            transmission=Vehicle.Transmission.CVT,
            odometer=chance.randint(3_000, 60_000) if used else None,
            location=chance.choice(LOCATIONS),
            keys=2,
            acquired_on=today - timedelta(days=chance.randint(0, 140)),
            purchase_price=round(asking * Decimal("0.9"), -4),
            transport_cost=Decimal(150_000),
            asking_price=asking,
            minimum_price=round(asking * Decimal("0.96"), -4),
        ),
        source=Source.FEED,
    )
    if status not in (Vehicle.Status.ON_ORDER, Vehicle.Status.IN_TRANSIT):
        for view in range(3 if number % 8 == 0 else 1):
            photos.add(vehicle, drawing.motorcycle(paint, chance.randint(0, 10**9) + view))


def adopt(dealership: Dealership) -> None:
    """What the sandbox brings becomes the dealership's own; it has order letters too, which the others hang on."""
    Feed.objects.filter(dealership=dealership, job_type="spk_read").update(is_enabled=True)
    for feed in Feed.objects.filter(dealership=dealership, job_type__in=ADOPTERS, adopts=False):
        adoption.switch(feed, True)
