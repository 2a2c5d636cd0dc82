"""What a customer's page tells of deals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.backoffice import formats
from config.backoffice.cells import Cell
from config.backoffice.resources import Panel
from crm import timeline
from crm.models import Customer
from crm.timeline import Entry, Source
from sales.models import Deal

MOMENTS = (
    ("created_at", gettext_lazy("Deal begun")),
    ("contracted_at", gettext_lazy("Deal contracted")),
    ("delivered_at", gettext_lazy("Vehicle delivered")),
)


def deals(user: Any, customer: Customer, before: datetime | None, most: int) -> Iterator[Entry]:
    for deal in Deal.objects.filter(customer=customer).select_related("vehicle"):
        address = reverse("deals-detail", args=[deal.pk])
        for column, words in MOMENTS:
            at = getattr(deal, column)
            if at is not None and (before is None or at < before):
                yield Entry(at, str(words), str(deal), address=address, icon="heart-handshake")


def panel(user: Any, customer: Customer) -> Panel | None:
    """The customer's deals, the newest first, for those who may see some."""
    if not user.has_perm("sales.deal:view", customer):
        return None
    rows = Deal.objects.filter(customer=customer).select_related("vehicle", "dealership").order_by("-pk")[:20]
    pairs = [
        (deal.get_stage_display(), Cell(told(deal), address=reverse("deals-detail", args=[deal.pk]))) for deal in rows
    ]
    return Panel(_("Deals"), pairs) if pairs else None


def told(deal: Deal) -> str:
    return f"{deal.number} {deal.vehicle.name}, {formats.money(deal.total, deal.dealership.currency)}"


def connect() -> None:
    """Let customers' pages know of deals."""
    timeline.SOURCES["deals"] = Source(gettext_lazy("deals"), "sales.deal:view", deals)
    timeline.PANELS.append(panel)
