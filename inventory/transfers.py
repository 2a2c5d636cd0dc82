"""A vehicle goes from one dealership of a group to another in one step, with all that belongs to it, and back."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dealers import audit
from dealers.models import Dealership
from dealers.permissions import may
from inventory import services
from inventory.models import PreparationStep, Transfer, Vehicle
from inventory.models.vehicle import OfVehicle

CHANGE = "inventory.vehicle:change"
MOVABLE = (
    Vehicle.Status.ON_ORDER,
    Vehicle.Status.IN_TRANSIT,
    Vehicle.Status.RECEIVED,
    Vehicle.Status.IN_PREPARATION,
    Vehicle.Status.AVAILABLE,
    Vehicle.Status.WITHDRAWN,
)
"""Statuses of what is neither promised nor sold."""


def targets(user: Any, vehicle: Vehicle) -> Any:
    """The other dealerships of the vehicle's group and currency to which `user` may move it."""
    here = vehicle.dealership
    if here.group_id is None:
        return Dealership.objects.none()
    found = Dealership.objects.visible_to(user, CHANGE).filter(group_id=here.group_id, is_active=True)
    return found.filter(currency=here.currency).exclude(pk=here.pk).order_by("name")


@transaction.atomic
def transfer(vehicle: Vehicle, *, to: Dealership, reason: str = "", by: Any) -> Transfer:
    """Give the vehicle to another dealership of the group. Raises ValidationError if it cannot go there now."""
    here = locked(vehicle)
    if to.group_id is None or to.group_id != here.dealership.group_id or to.pk == here.dealership_id:
        raise ValidationError(_("%(there)s is no other dealership of this group.") % {"there": to})
    if not (may(by, CHANGE, here.dealership_id) and may(by, CHANGE, to.pk)):
        raise ValidationError(_("You may not move vehicles between these two dealerships."))
    origin, number = here.dealership, here.stock_number
    move(here, to, services.next_stock_number(to.pk) if taken(to, number) else number)
    made = Transfer.objects.create(
        dealership=to,
        vehicle=here,
        origin=origin,
        destination=to,
        stock_number_before=number,
        reason=reason,
        done_by_id=getattr(by, "pk", None),
    )
    told = {"dealership": [str(origin), str(to)], "stock_number": [number, here.stock_number]}
    for side in (origin, to):
        audit.record("vehicle.transferred", here, dealership=side, changes=told, reason=reason)
    vehicle.refresh_from_db()
    return made


@transaction.atomic
def undo(vehicle: Vehicle, *, by: Any) -> None:
    """Take the last transfer back. Raises ValidationError once there is nothing to take back, or it is sold."""
    here = locked(vehicle)
    last = here.transfers.filter(undone_at=None).select_related("origin", "destination").first()
    if last is None or last.destination_id != here.dealership_id:
        raise ValidationError(_("There is no transfer to undo."))
    if not (may(by, CHANGE, here.dealership_id) and may(by, CHANGE, last.origin_id)):
        raise ValidationError(_("You may not move vehicles between these two dealerships."))
    number = last.stock_number_before
    move(here, last.origin, services.next_stock_number(last.origin_id) if taken(last.origin, number) else number)
    Transfer.objects.filter(pk=last.pk).update(undone_at=timezone.now())
    for side in (last.origin, last.destination):
        audit.record("vehicle.transfer_undone", here, dealership=side)
    vehicle.refresh_from_db()


def locked(vehicle: Vehicle) -> Vehicle:
    """The vehicle as it is now, if it may leave its dealership."""
    rows = Vehicle.objects.select_for_update(of=("self",)).select_related("dealership__group")
    here: Vehicle | None = rows.filter(pk=vehicle.pk).first()
    if here is None or here.dealership_id != vehicle.dealership_id:
        raise ValidationError(_("Somebody has moved this vehicle meanwhile."))
    if here.status not in MOVABLE:
        raise ValidationError(
            _("It is “%(status)s”: only what is neither promised nor sold goes to another dealership.")
            % {"status": here.get_status_display()}
        )
    for relation in Vehicle._meta.related_objects:
        model: Any = relation.related_model
        against = model._default_manager.filter(**{relation.field.name: here.pk})
        if not issubclass(model, OfVehicle) and (other := against.first()) is not None:
            raise ValidationError(
                _("The %(thing)s “%(row)s” stands against it: it belongs to this dealership and names the vehicle.")
                % {"thing": model._meta.verbose_name, "row": other}
            )
    return here


def taken(dealership: Dealership, number: str) -> bool:
    return Vehicle.objects.filter(dealership=dealership, stock_number=number).exists()


def move(vehicle: Vehicle, to: Dealership, number: str) -> None:
    """Rows that belong to the vehicle go with it; the keys between them are looked at when all have arrived."""
    here = vehicle.dealership
    if here.currency != to.currency:
        raise ValidationError(
            _("%(here)s counts in %(one)s, %(there)s in %(other)s: no vehicle goes between them with its amounts.")
            % {"here": here, "one": here.currency, "there": to, "other": to.currency}
        )
    children: Any = OfVehicle.__subclasses__()
    for child in children:
        child._default_manager.filter(vehicle=vehicle.pk).update(dealership=to)
    PreparationStep.objects.filter(vehicle=vehicle.pk).open().update(assignee=None)  # who did it, works elsewhere
    if vehicle.vin and Vehicle.objects.filter(dealership=to, vin=vehicle.vin).exists():
        raise ValidationError(_("%(there)s has a vehicle with this frame number already.") % {"there": to})
    vehicle.dealership, vehicle.stock_number = to, number
    vehicle.save(update_fields=["dealership", "stock_number"])
