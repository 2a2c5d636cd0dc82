"""Units that arrived (`uinb`) become vehicles that were received."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from ingestion.adoption import Outcome, adopts, try_again
from inventory import identification, services
from inventory.models import Source, Vehicle

MAKE = "Honda"
"""Whose feeds they are."""
EXPECTED = (Vehicle.Status.ON_ORDER, Vehicle.Status.IN_TRANSIT)


@adopts("uinb_read")
def receive(receipt: Any, outcome: Outcome) -> None:
    """Each unit of a shipping list: a vehicle that is there is received, one that is not is added."""
    for line in receipt.unit.all():
        try:
            vehicle = vehicle_of(receipt.dealership, line.no_rangka, line.no_mesin)
            is_new = vehicle.pk is None
            outcome.made.append(vehicle := received(vehicle, receipt, line, outcome))
        except ValidationError as error:
            outcome.cannot(error, line)
        else:
            if is_new:
                is_known(vehicle)


def is_known(vehicle: Vehicle) -> None:
    """Work orders of a vehicle that was not known when they came are looked at again."""
    if vehicle.vin:
        try_again("pkb", vehicle.dealership, "no_rangka", [vehicle.vin])


def vehicle_of(dealership: Any, frame: str | None, engine: str | None) -> Vehicle:
    """The dealership's vehicle with this frame or engine number; one that is not stored yet if there is none.

    Raises ValidationError for numbers that no vehicle has, or that belong to two different ones.
    """
    try:
        vin = identification.check_vin(frame, check_digit=False) if frame else ""
        number = identification.engine_number(engine) if engine else ""
    except identification.BadNumber as error:
        raise ValidationError(str(error))
    if not vin and not number:
        raise ValidationError(_("It has neither a frame nor an engine number, so nobody can tell which vehicle it is."))
    named = Q(pk__in=[]) | (Q(vin=vin) if vin else Q(pk__in=[])) | (Q(engine_number=number) if number else Q(pk__in=[]))
    found = list(Vehicle.objects.select_for_update(of=("self",)).filter(named, dealership=dealership)[:2])
    if len(found) > 1:
        raise ValidationError(
            _("Frame %(frame)s and engine %(engine)s belong to two vehicles: %(one)s and %(other)s.")
            % {"frame": vin, "engine": number, "one": found[0], "other": found[1]}
        )
    if not found:
        return Vehicle(dealership=dealership, vin=vin, engine_number=number)
    vehicle = found[0]
    if vin and vehicle.vin and vehicle.vin != vin:
        raise ValidationError(
            _("Engine %(engine)s is that of %(vehicle)s, whose frame number is %(here)s, not %(there)s.")
            % {"engine": number, "vehicle": vehicle, "here": vehicle.vin, "there": vin}
        )
    return vehicle


def received(vehicle: Vehicle, receipt: Any, line: Any, outcome: Outcome) -> Vehicle:
    """The vehicle as the line says it, stored."""
    said = {"make": MAKE, "model": line.kode_tipe_unit or "", "colour": line.kode_warna or ""}
    if vehicle.pk is None:
        if not line.kode_tipe_unit:
            raise ValidationError(_("It does not say which type the unit is."))
        vehicle.learn(Source.FEED, {**said, "engine_number": vehicle.engine_number})
        vehicle.status, vehicle.acquired_on = Vehicle.Status.RECEIVED, receipt.tanggal_terima
        return services.add(vehicle, source=Source.FEED)
    before = snapshot(vehicle)
    outcome.keep(vehicle, vehicle.learn(Source.FEED, {**said, "engine_number": line.no_mesin}))
    if vehicle.acquired_on is None:
        vehicle.acquired_on = receipt.tanggal_terima
    if vehicle.status in EXPECTED:
        vehicle.move_to(Vehicle.Status.RECEIVED)
    if snapshot(vehicle) != before:
        vehicle.save()
    return vehicle


def snapshot(vehicle: Vehicle) -> dict[str, Any]:
    """What a feed may write, to see whether it did."""
    return {name: getattr(vehicle, name) for name in (*Vehicle.LEARNT, "vin", "acquired_on", "status", "sources")}
