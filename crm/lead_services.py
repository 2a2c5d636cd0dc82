"""What is done with leads over several rows: taking one up, and telling of those that nobody answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import clock, services
from crm.models import Customer, Lead, Turn, Wish
from dealers import audit
from dealers.models import Dealership, Holiday, OpeningHours
from inventory.models import Vehicle

RESPONSE_MINUTES = 30
"""Open minutes within which a lead is answered."""


@transaction.atomic
def add(lead: Lead, vehicles: Iterable[Vehicle] = ()) -> Lead:
    """Store a new lead: with a salesperson, the next in turn unless one was chosen, and until when it is answered."""
    now = timezone.now()
    lead.first_response_due_at = lead.first_response_due_at or response_due(lead.dealership, now)
    lead.next_step = lead.next_step or _("First contact")
    lead.next_step_at = lead.next_step_at or lead.first_response_due_at
    if lead.assigned_to_id is None:
        lead.assigned_to = Turn.take(lead.dealership_id, timezone.localdate(now, lead.dealership.zone))
    lead.save(force_insert=True)
    wish_for(lead, vehicles)
    return lead


def response_due(dealership: Dealership, since: datetime) -> datetime:
    """Until when a lead that comes now is answered, on the clock of the dealership's opening hours."""
    hours = list(OpeningHours.objects.filter(dealership=dealership).values_list("weekday", "opens", "closes"))
    holidays = set(
        Holiday.objects.filter(dealership=dealership, day__gte=timezone.localdate(since, dealership.zone)).values_list(
            "day", flat=True
        )
    )
    return clock.due(hours, holidays, dealership.zone, since, RESPONSE_MINUTES)


def wish_for(lead: Lead, vehicles: Iterable[Vehicle]) -> None:
    """The vehicles in stock that a lead wishes for, and no others."""
    wanted = {vehicle.pk for vehicle in vehicles}
    lead.wishes.exclude(vehicle__in=wanted).delete()
    Wish.objects.bulk_create(
        [Wish(dealership_id=lead.dealership_id, lead=lead, vehicle_id=pk) for pk in sorted(wanted)],
        ignore_conflicts=True,
    )


@transaction.atomic
def make_customer(lead: Lead, *, by: Any = None) -> Customer:
    """The lead's customer; a new one of its name unless it has one.

    Raises ValidationError if its number or e-mail is none: leads that were written down long ago have them as typed.
    """
    lead.hold()
    if lead.customer is not None:
        return lead.customer
    here = lead.dealership
    reached = {
        kind: services.normal(kind, text, here.country) if text else ""
        for kind, text in (("phone", lead.phone), ("email", lead.email))
    }
    made = services.add(Customer(dealership=here, name=lead.name), **reached)
    audit.record("customer.added", made)
    lead.keep("made_customer", customer=made)
    return made


def escalate(now: datetime | None = None) -> int:
    """Mark the leads that nobody has answered in time, so that sales managers see them; how many there were."""
    now = now or timezone.now()
    return Lead.objects.unanswered(now).filter(escalated_at=None).update(escalated_at=now)
