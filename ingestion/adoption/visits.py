"""Work orders (`pkb`) stay records, which a vehicle's and a customer's page show; what the odometer said is noted."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from ingestion.adoption import Outcome, adopts, try_again, units
from inventory import identification
from inventory.models import OdometerReading, Vehicle

MOST_KM = 9_999_999
AT_ONCE = 1_000
"""Vehicles whose work orders are asked for together."""


def look_again(dealership: Any) -> None:
    """Let work orders wait again that became nothing and name a vehicle which is here by now."""
    vehicles = list(Vehicle.objects.filter(dealership=dealership).only("vin", "engine_number", "plate"))
    for place in range(0, len(vehicles), AT_ONCE):
        some = vehicles[place : place + AT_ONCE]
        frames = {spelt for each in some for spelt in units.spellings(each)}
        plates = {spelt for each in some for spelt in {each.plate, each.plate.replace(" ", "")} - {""}}
        engines = {each.engine_number for each in some if each.engine_number}
        for column, texts in (("no_rangka", frames), ("no_mesin", engines), ("no_polisi", plates)):
            if texts:
                try_again("pkb", dealership, column, texts)


@adopts("pkb")
def read(order: Any, outcome: Outcome) -> None:
    """What the odometer of a vehicle that is known here said that day. Of any other vehicle nothing is made."""
    try:
        vehicle = vehicle_of(order)
    except ValidationError as error:
        vehicle = None
        outcome.cannot(error)
    day, km = day_of(order), order.km_terakhir
    before: OdometerReading | None = outcome.before(OdometerReading)
    told = (vehicle.pk, km, day) if vehicle is not None else None
    if before is not None and (before.vehicle_id, before.km, before.read_on) != told:
        forget(before)  # it was corrected
        before = None
    if vehicle is None:
        return
    outcome.became(vehicle)
    if before is not None:
        outcome.became(before)
    elif day is not None and km:
        try:
            note(vehicle, day, km, outcome)
        except ValidationError as error:
            outcome.cannot(error)


def note(vehicle: Vehicle, day: date, km: int, outcome: Outcome) -> None:
    """A new reading; one that is there already stays whose it is. Raises ValidationError for what cannot be."""
    if not 0 < km <= MOST_KM:
        raise ValidationError(_("%(km)s km is nothing that an odometer shows.") % {"km": km})
    if not vehicle.odometer_readings.filter(km=km, read_on=day).exists():
        outcome.became(vehicle.read_odometer(km=km, read_on=day))


def forget(reading: OdometerReading) -> None:
    """A reading that was none goes, and what the vehicle shows is the newest that is left."""
    vehicle = Vehicle.objects.select_for_update(of=("self",)).get(pk=reading.vehicle_id)
    reading.delete()
    left = vehicle.odometer_readings.order_by("-read_on", "-id").first()
    if vehicle.odometer == reading.km:
        vehicle.odometer = left.km if left else None
        vehicle.save(update_fields=["odometer"])


def vehicle_of(order: Any) -> Vehicle | None:
    """The vehicle with the order's frame or engine number, or where it says neither with its plate."""
    if order.no_rangka or order.no_mesin:
        found = units.vehicle_of(order.dealership, order.no_rangka, order.no_mesin)
        return found if found.pk else None
    try:
        plate = identification.plate(order.no_polisi or "", country=order.dealership.country)
    except identification.BadNumber:
        return None
    rows = Vehicle.objects.select_for_update(of=("self",)).filter(dealership=order.dealership)
    named = list(rows.filter(plate=plate)[:2])
    return named[0] if len(named) == 1 else None


def day_of(order: Any) -> date | None:
    if order.tanggal_servis is not None:
        found: date = order.tanggal_servis
        return found
    opened = order.waktu_pkb
    return timezone.localdate(opened, order.dealership.zone) if opened else None
