"""What is done with vehicles over several rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db import transaction

from dealers import numbers
from inventory import identification
from inventory.models import Source, Vehicle

SERIES = "vehicle"
NUMBER = "{:06}"


def next_stock_number(dealership_id: int) -> str:
    """The next of the dealership that no vehicle has, a person having written one or not."""
    while True:
        number = NUMBER.format(numbers.next_of(dealership_id, SERIES))
        if not Vehicle.objects.filter(dealership_id=dealership_id, stock_number=number).exists():
            return number


@transaction.atomic
def add(vehicle: Vehicle, *, source: Source = Source.HUMAN) -> Vehicle:
    """Store a new vehicle: with a stock number, an acquisition day if it is here, and who said what of it."""
    if not vehicle.stock_number:
        vehicle.stock_number = next_stock_number(vehicle.dealership_id)
    if vehicle.acquired_on is None and vehicle.status not in (Vehicle.Status.ON_ORDER, Vehicle.Status.IN_TRANSIT):
        vehicle.acquired_on = vehicle.today
    said = [name for name in Vehicle.LEARNT if getattr(vehicle, name) not in (None, "")]
    if source is Source.HUMAN:
        vehicle.wrote(name for name in said if name not in vehicle.sources)
    else:
        vehicle.sources = {**dict.fromkeys(said, source.value), **vehicle.sources}
    vehicle.save(force_insert=True)
    if vehicle.odometer is not None:
        vehicle.odometer_readings.create(
            dealership_id=vehicle.dealership_id, km=vehicle.odometer, read_on=vehicle.today
        )
    if vehicle.asking_price is not None:
        vehicle.price_changes.create(
            dealership_id=vehicle.dealership_id,
            asking_price=vehicle.asking_price,
            minimum_price=vehicle.minimum_price,
        )
    if vehicle.status == Vehicle.Status.IN_PREPARATION:
        vehicle.preparation_steps.begin(vehicle)
    return vehicle


def fill_in(vehicle: Vehicle) -> Mapping[str, tuple[Any, Any]]:
    """Let the frame number say the make and the year where nobody did; give what it says otherwise."""
    if not vehicle.vin:
        return {}
    decoded = identification.decode(vehicle.vin)
    return vehicle.learn(Source.DECODED, {"make": decoded.make, "year": decoded.year})
