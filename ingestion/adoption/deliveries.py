"""Deliveries (`bast`) hand over the vehicles of deals: each is its customer's from that day on."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ingestion import codes
from ingestion.adoption import Outcome, adopts, orders
from sales import stages
from sales.models import Deal

COMPLETED = "4"


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
                deal = handed_over(delivery, line, status == COMPLETED, outcome)
        except ValidationError as error:
            outcome.cannot(error, line)
        else:
            outcome.became(deal)
            outcome.became(deal.vehicle)


def handed_over(delivery: Any, line: Any, completed: bool, outcome: Outcome) -> Deal:
    """The deal that a line is about. Raises ValidationError if there is none, or if it cannot be delivered."""
    deal = orders.deal_about(delivery.dealership, line.id_spk, line.no_rangka, line.no_mesin)
    if not completed:
        return deal
    at = orders.moment(delivery.dealership, delivery.tanggal_pengiriman, line.waktu_pengiriman)
    if deal.stage != Deal.Stage.DELIVERED:
        stages.deliver(deal, by=None, at=at)
    elif delivery.tanggal_pengiriman and deal.delivered_at:
        here = timezone.localdate(deal.delivered_at, delivery.dealership.zone)
        if here != delivery.tanggal_pengiriman:
            outcome.keep(deal, {"delivered_at": (here, delivery.tanggal_pengiriman)})
    return deal
