"""A lead becomes a deal in one step: its customer, the vehicle, the first offer; and what its page tells of that."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.backoffice.cells import Cell
from config.backoffice.resources import Panel, Verb
from crm import lead_services
from crm.lead_forms import OneVehicle
from crm.lead_resources import PANELS, LeadResource
from crm.models import Lead
from crm.models.rota import sellers
from dealers import audit
from inventory.models import Vehicle
from sales import stages
from sales.models import Deal
from sales.timeline import told


@transaction.atomic
def convert(lead: Lead, *, by: Any, vehicle: Vehicle) -> Deal:
    """Make a deal of a lead: it is won, and its customer is written down if nobody did before.

    Raises ValidationError for a lead that is lost or was converted before, for a vehicle of another dealership, and
    if the customer has an unfinished deal of this vehicle.
    """
    customer = lead_services.make_customer(lead, by=by)
    if vehicle.dealership_id != lead.dealership_id:
        raise ValidationError({"vehicle": _("Choose one of the same dealership.")})
    lead.won(by=by)
    stages.need_the_only(customer, vehicle)
    sells = sellers(lead.dealership_id)
    salesperson = next((who for who in (lead.assigned_to, stages.person_of(by)) if who and who in sells), None)
    deal = stages.begin(
        Deal(dealership=lead.dealership, customer=customer, vehicle=vehicle, salesperson=salesperson, lead=lead)
    )
    audit.record("deal.added", deal)
    return deal


class ConversionForm(forms.Form):
    vehicle = OneVehicle(Vehicle.objects.none(), label=gettext_lazy("vehicle"))


def vehicles_for(form: Any, user: Any, lead: Lead) -> None:
    """Those in stock, and those wished for wherever they are; the dearest wish is chosen already."""
    rows: Any = Vehicle.objects.visible_to(user).filter(dealership=lead.dealership_id)
    wished = [each.pk for each in rows.filter(wishes__lead=lead).order_by("-asking_price", "pk")]
    form.fields["vehicle"].queryset = rows.in_stock() | rows.filter(pk__in=wished)
    form.fields["vehicle"].initial = wished[0] if wished else None


def converted(lead: Lead, *, by: Any, vehicle: Vehicle) -> str:
    return _("Deal %(number)s is begun.") % {"number": convert(lead, by=by, vehicle=vehicle).number}


def its_deal(lead: Lead) -> str:
    return address_of(Deal.objects.filter(lead=lead).latest("pk"))


def address_of(deal: Deal) -> str:
    return reverse("deals-detail", args=[deal.pk])


CONVERT = Verb(
    "convert",
    gettext_lazy("Make a deal"),
    "sales.deal:add",
    converted,
    ConversionForm,
    "heart-handshake",
    open_to=lambda lead: lead.converted_at is None and lead.status != Lead.Status.LOST,
    prepare=vehicles_for,
    leads_to=its_deal,
)


def panel(user: Any, lead: Lead) -> Panel | None:
    """The deals that were made of a lead, for who may see them."""
    if not user.has_perm("sales.deal:view", lead):
        return None
    rows = Deal.objects.filter(lead=lead).select_related("vehicle", "dealership").order_by("-pk")[:20]
    pairs = [(deal.get_stage_display(), Cell(told(deal), address=address_of(deal))) for deal in rows]
    return Panel(_("Deals"), pairs) if pairs else None


def connect() -> None:
    """Let leads know that deals are made of them."""
    LeadResource.verbs = (CONVERT, *LeadResource.verbs)
    PANELS.append(panel)
