"""Work orders (`pkb`) stay records, which a vehicle's and a customer's page show; what the odometer said is noted."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from ingestion.adoption import Outcome, adopts, units
from inventory.models import OdometerReading, Vehicle

MOST_KM = 9_999_999


@adopts("pkb")
def read(order: Any, outcome: Outcome) -> None:
    """What the odometer of a vehicle that is known here said that day. Of any other vehicle nothing is made."""
    vehicle = vehicle_of(order)
    if vehicle is None:
        return
    outcome.became(vehicle)
    day, km = day_of(order), order.km_terakhir
    if day is None or not km:
        return
    if not 0 < km <= MOST_KM:
        raise ValidationError(_("%(km)s km is nothing that an odometer shows.") % {"km": km})
    before: OdometerReading | None = outcome.before(OdometerReading)
    if before is not None and (before.vehicle_id, before.km, before.read_on) != (vehicle.pk, km, day):
        before.delete()  # it was corrected
        before = None
    there = vehicle.odometer_readings.filter(km=km, read_on=day).first()
    outcome.became(before or there or vehicle.read_odometer(km=km, read_on=day))


def vehicle_of(order: Any) -> Vehicle | None:
    """The vehicle with the order's frame or engine number, or where it says neither with its plate."""
    if order.no_rangka or order.no_mesin:
        found = units.vehicle_of(order.dealership, order.no_rangka, order.no_mesin)
        return found if found.pk else None
    if not order.no_polisi:
        return None
    rows = Vehicle.objects.select_for_update(of=("self",)).filter(dealership=order.dealership)
    named = list(rows.filter(plate=order.no_polisi[:15])[:2])
    return named[0] if len(named) == 1 else None


def day_of(order: Any) -> date | None:
    if order.tanggal_servis is not None:
        found: date = order.tanggal_servis
        return found
    opened = order.waktu_pkb
    return timezone.localdate(opened, order.dealership.zone) if opened else None
