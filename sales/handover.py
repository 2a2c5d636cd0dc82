"""What a delivery moves: the vehicle out, trade-ins into stock; and all of it back when a deal is unwound.

`delivered` and `taken_back` are the one place where a vehicle changes hands; they keep who owns it since when.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Ownership
from inventory import services
from inventory.models import Vehicle
from sales.models import Deal, TradeIn

Status = Vehicle.Status
OF_US = (Status.RECEIVED, Status.IN_PREPARATION, Status.AVAILABLE)
"""Where a vehicle that was traded in stands as long as nobody has done more with it."""
KEPT = (
    *("condition", "odometer", "acquired_on", "purchase_price", "transport_cost", "preparation_cost", "pack"),
    *("asking_price", "minimum_price"),
)
"""What of a vehicle that comes back begins anew."""


def locked(vehicle_id: int) -> Vehicle:
    found: Vehicle = Vehicle.objects.select_for_update(of=("self",)).select_related("dealership").get(pk=vehicle_id)
    return found


def way(vehicle: Vehicle, *statuses: str, by: Any) -> None:
    """Through several statuses, one after the other."""
    for status in statuses:
        vehicle.move_to(status, by=by, through_deal=True)


def delivered(deal: Deal, *, by: Any, on: date) -> None:
    """The vehicle is the customer's since that day; what they traded in is ours."""
    vehicle = locked(deal.vehicle_id)
    vehicle.move_to(Status.DELIVERED, by=by, through_deal=True)
    let_go(vehicle, on)
    Ownership.objects.create(
        dealership=deal.dealership, customer=deal.customer, vehicle=vehicle, since=on, plate=vehicle.plate
    )
    for trade_in in deal.chosen.trade_ins.order_by("pk"):
        take_in(deal, trade_in, by=by)
        let_go(trade_in.vehicle, on)


def let_go(vehicle: Vehicle | None, day: date) -> None:
    """Whoever owned it does so no longer."""
    for ownership in Ownership.objects.filter(vehicle=vehicle, until=None):
        ownership.until = day
        ownership.save(update_fields=["until"])


def owned_again(vehicle: Vehicle, deal: Deal) -> None:
    """Who gave it away with the deal owns it as before, be it the customer or somebody for whom they brought it."""
    day = deal.delivered_at.astimezone(deal.dealership.zone).date() if deal.delivered_at else None
    last = Ownership.objects.filter(vehicle=vehicle, until=day).order_by("-since", "-pk").first()
    if day is not None and last is not None:
        last.until = None
        last.save(update_fields=["until"])


def take_in(deal: Deal, trade_in: TradeIn, *, by: Any) -> None:
    """Into stock; a vehicle that was ours before keeps its row."""
    known = Vehicle.objects.filter(dealership=deal.dealership_id, vin=trade_in.vin).first() if trade_in.vin else None
    if known is None:
        made = Vehicle(
            dealership=deal.dealership,
            status=Status.RECEIVED,
            condition=Vehicle.Condition.USED,
            purchase_price=trade_in.allowance,
            **{name: getattr(trade_in, name) for name in ("make", "model", "year", "vin", "plate", "colour")},
            odometer=trade_in.odometer,
        )
        trade_in.vehicle = services.add(made)
    else:
        vehicle = locked(known.pk)
        if vehicle.status not in (Status.DELIVERED, Status.WITHDRAWN):
            raise ValidationError(
                _("The trade-in %(vin)s is in stock already, as %(number)s, %(status)s. Correct its frame number.")
                % {"vin": vehicle.vin, "number": vehicle.stock_number, "status": vehicle.get_status_display()}
            )
        encode = DjangoJSONEncoder().default
        before = {name: getattr(vehicle, name) for name in KEPT}
        trade_in.before = {
            "status": vehicle.status,
            **{name: value if isinstance(value, str | int | None) else encode(value) for name, value in before.items()},
        }
        vehicle.move_to(Status.RECEIVED, by=by, through_deal=True)
        for name in KEPT:
            setattr(vehicle, name, None)
        vehicle.condition, vehicle.purchase_price = Vehicle.Condition.USED, trade_in.allowance
        vehicle.odometer = trade_in.odometer
        vehicle.acquired_on = timezone.localdate(timezone=deal.dealership.zone)
        vehicle.save()
        trade_in.vehicle = vehicle
    trade_in.save()


def taken_back(deal: Deal, *, by: Any) -> None:
    """As if nothing had been delivered. Raises ValidationError if something later stands against it."""
    vehicle = locked(deal.vehicle_id)
    if vehicle.status != Status.DELIVERED:
        raise ValidationError(
            _("%(vehicle)s is %(status)s by now, no longer delivered: what came after has to be undone first.")
            % {"vehicle": vehicle, "status": vehicle.get_status_display()}
        )
    way(vehicle, Status.SOLD, Status.AVAILABLE, by=by)
    for ownership in Ownership.objects.filter(vehicle=vehicle, customer=deal.customer_id, until=None):
        ownership.delete()
    for trade_in in deal.chosen.trade_ins.exclude(vehicle=None).order_by("pk"):
        give_back(deal, trade_in, by=by)


def give_back(deal: Deal, trade_in: TradeIn, *, by: Any) -> None:
    vehicle = locked(trade_in.vehicle_id)  # type: ignore[arg-type]  # asked for those that have one
    later = Deal.objects.filter(vehicle=vehicle, created_at__gte=deal.delivered_at).exclude(stage__in=Deal.OVER).first()
    if later is not None or vehicle.status not in OF_US:
        raise ValidationError(
            _("The trade-in %(vehicle)s is %(status)s by now%(deal)s: undo that first.")
            % {
                "vehicle": vehicle,
                "status": vehicle.get_status_display(),
                "deal": _(", in deal %(number)s") % {"number": later.number} if later else "",
            }
        )
    if not trade_in.before:
        way(vehicle, Status.WITHDRAWN, by=by)
    else:
        back_to_how_it_was(vehicle, trade_in.before, by=by)
    owned_again(vehicle, deal)
    trade_in.vehicle, trade_in.before = None, {}
    trade_in.save()


def back_to_how_it_was(vehicle: Vehicle, before: dict[str, Any], *, by: Any) -> None:
    if before["status"] == Status.WITHDRAWN:
        way(vehicle, Status.WITHDRAWN, by=by)
    else:
        if vehicle.status != Status.AVAILABLE:
            way(vehicle, Status.AVAILABLE, by=by)
        way(vehicle, Status.SOLD, Status.DELIVERED, by=by)
    for name in KEPT:
        field: Any = Vehicle._meta.get_field(name)
        setattr(vehicle, name, field.to_python(before[name]))
    vehicle.save()
