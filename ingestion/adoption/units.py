"""Units that arrived (`uinb`) become vehicles that were received, or are on their way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from ingestion.adoption import Outcome, adopts, try_again
from inventory import identification, services
from inventory.models import Source, Vehicle

MAKE = "Honda"
"""Whose feeds they are."""
RECEIVED, IN_TRANSIT, ON_ORDER = Vehicle.Status.RECEIVED, Vehicle.Status.IN_TRANSIT, Vehicle.Status.ON_ORDER
MOST_NAMED = 5
"""Vehicles that are looked at where numbers are those of several."""
NOT_YET = "0"
"""The status of a shipping list that has not arrived."""


@adopts("uinb_read")
def receive(receipt: Any, outcome: Outcome) -> None:
    """Each unit of a shipping list: a vehicle that is there is received, one that is not is added."""
    for line in receipt.unit.all():
        try:
            vehicle = vehicle_of(receipt.dealership, line.no_rangka, line.no_mesin)
            had_frame = vehicle.pk is not None and bool(vehicle.vin)
            outcome.made.append(vehicle := received(vehicle, receipt, line, outcome))
        except ValidationError as error:
            outcome.cannot(error, line)
        else:
            if not had_frame:
                are_known(receipt.dealership, [vehicle])


def are_known(dealership: Any, vehicles: Iterable[Vehicle]) -> None:
    """Work orders and deliveries of vehicles that were not known when they came are looked at again."""
    if frames := {each for vehicle in vehicles for each in spellings(vehicle)}:
        try_again("pkb", dealership, "no_rangka", frames)
        try_again("bast_read", dealership, "detail.no_rangka", frames)


def spellings(vehicle: Vehicle) -> set[str]:
    """How records may write its frame number; none if it has none."""
    return identification.spellings(vehicle.vin, MAKE) if vehicle.vin else set()


def numbers_of(frame: str | None, engine: str | None) -> tuple[str, str]:
    """Frame and engine number as they are kept. Raises ValidationError for what is none, and if both are missing."""
    try:
        vin = identification.check_vin(frame, check_digit=False) if frame else ""
        number = identification.engine_number(engine) if engine else ""
    except identification.BadNumber as error:
        raise ValidationError(str(error))
    if not vin and not number:
        raise ValidationError(_("It has neither a frame nor an engine number, so nobody can tell which vehicle it is."))
    return vin, number


def vehicle_of(dealership: Any, frame: str | None, engine: str | None) -> Vehicle:
    """The dealership's vehicle with this frame or engine number, locked; one that is not stored yet if there is none.

    Raises ValidationError for numbers that no vehicle has, or that belong to two different ones.
    """
    vin, number = numbers_of(frame, engine)
    rows = Vehicle.objects.filter(dealership=dealership).known_as(vin, number, MAKE)
    found = list(rows.select_for_update(of=("self",)).order_by("pk")[:MOST_NAMED])
    exact = [each for each in found if vin and each.vin == vin]
    if exact and all(not number or each.engine_number != number for each in found if each not in exact):
        found = exact
    if len(found) > 1:
        raise ValidationError(
            _("Frame %(frame)s and engine %(engine)s belong to two vehicles: %(one)s and %(other)s.")
            % {"frame": vin, "engine": number, "one": found[0], "other": found[1]}
        )
    if not found:
        return Vehicle(dealership=dealership, vin=vin, engine_number=number)
    vehicle = found[0]
    if vin and vehicle.vin and vehicle.vin not in identification.spellings(vin, MAKE):
        raise ValidationError(
            _("Engine %(engine)s is that of %(vehicle)s, whose frame number is %(here)s, not %(there)s.")
            % {"engine": number, "vehicle": vehicle, "here": vehicle.vin, "there": vin}
        )
    return vehicle


def take_numbers(vehicle: Vehicle, frame: str | None, engine: str | None, outcome: Outcome) -> None:
    """Let a stored vehicle have the number that it lacks. Saves nothing."""
    vin, number = numbers_of(frame, engine)
    vehicle.vin = vehicle.vin or vin
    outcome.keep(vehicle, vehicle.learn(Source.FEED, {"engine_number": number}))


def refuse_gone(vehicle: Vehicle, outcome: Outcome) -> None:
    """Raises ValidationError if the record made this vehicle before, and people let it go."""
    gone = Vehicle.history.filter(id__in=outcome.gone(Vehicle, vehicle.dealership))
    if gone.filter(Q(vin=vehicle.vin) if vehicle.vin else Q(engine_number=vehicle.engine_number)).exists():
        raise ValidationError(
            _("%(number)s was here and left: it was transferred or deleted. If it is back, add it by hand.")
            % {"number": vehicle.vin or vehicle.engine_number}
        )


def received(vehicle: Vehicle, receipt: Any, line: Any, outcome: Outcome) -> Vehicle:
    """The vehicle as the line says it, stored."""
    said = {"make": MAKE, "model": line.kode_tipe_unit or "", "colour": line.kode_warna or ""}
    is_here = receipt.status_shipping_list != NOT_YET and line.kuantitas_diterima != 0
    if vehicle.pk is None:
        if not line.kode_tipe_unit:
            raise ValidationError(_("It does not say which type the unit is."))
        refuse_gone(vehicle, outcome)
        vehicle.learn(Source.FEED, {**said, "engine_number": vehicle.engine_number})
        vehicle.status = RECEIVED if is_here else IN_TRANSIT
        vehicle.acquired_on = receipt.tanggal_terima if is_here else None
        return services.add(vehicle, source=Source.FEED)
    before = snapshot(vehicle)
    outcome.keep(vehicle, vehicle.learn(Source.FEED, said))
    take_numbers(vehicle, line.no_rangka, line.no_mesin, outcome)
    if is_here and vehicle.acquired_on is None:
        vehicle.acquired_on = receipt.tanggal_terima
    if is_here and vehicle.status in (ON_ORDER, IN_TRANSIT):
        vehicle.move_to(RECEIVED)
    elif not is_here and vehicle.status == ON_ORDER:
        vehicle.move_to(IN_TRANSIT)
    if snapshot(vehicle) != before:
        vehicle.save()
    return vehicle


def snapshot(vehicle: Vehicle) -> dict[str, Any]:
    """What a feed may write, to see whether it did."""
    return {name: getattr(vehicle, name) for name in (*Vehicle.LEARNT, "vin", "acquired_on", "status", "sources")}
