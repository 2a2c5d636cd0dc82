"""Deliveries (`bast`) hand over the vehicles of deals: each is its customer's from that day on.

Where no order letters are adopted, a delivery is of the deal that people contracted about its vehicle, or of none.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Customer
from ingestion import codes
from ingestion.adoption import Outcome, adopting, adopts, orders, people, units
from ingestion.job_types import JOB_TYPES
from inventory.models import Vehicle
from sales import stages, told
from sales.models import Deal

BACK, COMPLETED = "3", "4"


@adopts("bast_read")
def hand_over(delivery: Any, outcome: Outcome) -> None:
    """Each unit of a delivery: its deal is about it, and delivered once the delivery is completed."""
    status = delivery.status_delivery_document
    if status not in codes.STATUS_DELIVERY:
        raise ValidationError(
            _("Nobody can tell from its status “%(status)s” whether it was delivered.") % {"status": status or ""}
        )
    for line in delivery.detail.all():
        try:
            with transaction.atomic():
                rows = handed_over(delivery, line, outcome)
        except ValidationError as error:
            outcome.cannot(error, line)
        else:
            for row in rows:
                outcome.became(row)


def handed_over(delivery: Any, line: Any, outcome: Outcome) -> list[models.Model]:
    """The deal that a line is about and its vehicle. Raises ValidationError if there is none that can be delivered."""
    deal = deal_of(delivery.dealership, line, outcome)
    if deal is None:
        return without_deal(delivery, line, outcome)
    at, status = moment_of(delivery, line), delivery.status_delivery_document
    if deal.stage != Deal.Stage.DELIVERED:
        if status == COMPLETED:
            stages.deliver(deal, by=None, at=at)
    elif status == BACK:
        outcome.keep(deal, {"stage": (deal.get_stage_display(), codes.STATUS_DELIVERY[BACK])})
    elif status == COMPLETED and delivery.tanggal_pengiriman and deal.delivered_at:
        here = timezone.localdate(deal.delivered_at, delivery.dealership.zone)
        if here != delivery.tanggal_pengiriman:
            outcome.keep(deal, {"delivered_at": (here, delivery.tanggal_pengiriman)})
    return [deal, deal.vehicle]


def moment_of(delivery: Any, line: Any) -> datetime:
    """When it was delivered; when its document was written last where it does not say."""
    written = delivery.modified_time or delivery.created_time
    return orders.moment(delivery.dealership, delivery.tanggal_pengiriman, line.waktu_pengiriman, otherwise=written)


def deal_of(dealership: Any, line: Any, outcome: Outcome) -> Deal | None:
    """The deal of a line: that of its order letter, or where letters are not adopted one that people made."""
    letter = line.id_spk or ""
    if adopting("spk_read", dealership) or (letter and told.deals_of(dealership, letter[:200]).exists()):
        return orders.deal_about(dealership, letter, line.no_rangka, line.no_mesin, outcome)
    vehicles = Vehicle.objects.filter(dealership=dealership)
    theirs = vehicles.known_as(*units.numbers_of(line.no_rangka, line.no_mesin), units.MAKE)
    gone = models.Q(stage=Deal.Stage.DELIVERED, vehicle__status=Vehicle.Status.DELIVERED)
    going = models.Q(stage=Deal.Stage.CONTRACTED) | gone
    # The deal is locked before its vehicle; one that is contracted comes first.
    rows = Deal.objects.filter(going, dealership=dealership, vehicle__in=theirs)
    rows = rows.select_for_update(of=("self",)).select_related("vehicle", "dealership")
    found: Deal | None = rows.order_by("stage", "-pk").first()
    return found


# -- without a deal


def without_deal(delivery: Any, line: Any, outcome: Outcome) -> list[models.Model]:
    """The vehicle that left, and whose it is if they are known here. Raises ValidationError if it is not known here."""
    vehicle = units.vehicle_of(delivery.dealership, line.no_rangka, line.no_mesin)
    if vehicle.pk is None:
        raise ValidationError(
            _("%(number)s is no vehicle here yet: it is tried again once it is.")
            % {"number": vehicle.vin or vehicle.engine_number}
        )
    has_left, status = left_before(vehicle, outcome), delivery.status_delivery_document
    if status == BACK and has_left and vehicle.status == Vehicle.Status.DELIVERED:
        outcome.keep(vehicle, {"status": (vehicle.get_status_display(), codes.STATUS_DELIVERY[BACK])})
    if status != COMPLETED:
        return [vehicle]
    day = timezone.localdate(moment_of(delivery, line), delivery.dealership.zone)
    customer = recipient(delivery.dealership, line)
    if not has_left:
        told.handed_over(vehicle, day, customer)
    elif customer is not None and is_nobodys(vehicle):
        told.owned(vehicle, day, customer)
    if customer is None and is_nobodys(vehicle):
        outcome.cannot(
            ValidationError(
                _("%(vehicle)s was handed over, and nobody here is known as its customer: write down whose it is.")
                % {"vehicle": vehicle}
            ),
            line,
        )
    return [vehicle, *vehicle.ownerships.filter(since=day)]


def left_before(vehicle: Vehicle, outcome: Outcome) -> bool:
    """Whether this delivery handed the vehicle over before, whatever became of it since."""
    label = Vehicle._meta.label_lower
    if not any(each[:2] == [label, vehicle.pk] for each in outcome.earlier):
        return False
    return bool(vehicle.history.filter(status=Vehicle.Status.DELIVERED).exists())


def is_nobodys(vehicle: Vehicle) -> bool:
    """Whether it is in the hands of somebody who was never written down."""
    return vehicle.status == Vehicle.Status.DELIVERED and not vehicle.ownerships.exists()


def recipient(dealership: Any, line: Any) -> Customer | None:
    """The customer of the prospect that the line names, else who has the recipient's name and telephone number."""
    prospects: Any = JOB_TYPES["prospect"].record
    named = prospects.objects.filter(dealership=dealership, id_prospect=line.id_customer).first()
    found = people.adopted_from(named) if named and line.id_customer else None
    if found is None and line.nama_penerima:
        found = next(iter(people.reached_by(dealership, line.nama_penerima, line.no_kontak_penerima)), None)
    return found
