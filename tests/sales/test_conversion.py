"""A lead becomes a deal in one step, once, and both pages tell of it."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm import lead_services
from crm.models import Customer, Lead
from dealers.models import Dealership, Event, User
from dealers.roles import Role
from sales.conversion import convert
from sales.models import Deal
from tests.factories import CustomerFactory, DealFactory, LeadFactory, MembershipFactory, VehicleFactory
from tests.people import api_of
from tests.sales.conftest import at_once, do

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(dealership_a: Dealership, seller: User) -> Lead:
    wished = VehicleFactory(dealership=dealership_a, asking_price=20_000_000)
    made: Lead = LeadFactory(
        dealership=dealership_a, name="Budi Santoso", phone="+6281234567890", assigned_to=seller, status="negotiation"
    )
    lead_services.wish_for(made, [wished])
    return made


def wished_of(lead: Lead) -> Any:
    return lead.wishes.get().vehicle


def test_a_lead_becomes_a_deal_of_its_customer_with_the_vehicle_and_its_price(lead: Lead, seller: User) -> None:
    deal = convert(lead, by=seller, vehicle=wished_of(lead))
    lead.refresh_from_db()
    assert (lead.status, lead.converted_at is not None) == ("won", True)
    assert (deal.lead, deal.salesperson, deal.stage) == (lead, seller, "draft")
    assert (deal.customer, deal.customer.name) == (lead.customer, "Budi Santoso")
    assert deal.customer.contact_points.get().value == "+6281234567890"
    assert deal.chosen.price == 20_000_000
    told = set(Event.objects.filter(dealership=lead.dealership).values_list("verb", flat=True))
    assert {"lead.made_customer", "lead.converted", "deal.added", "customer.added"} <= told


def test_the_customer_that_a_lead_has_is_the_deals(lead: Lead, seller: User) -> None:
    known = CustomerFactory(dealership=lead.dealership)
    Lead.objects.filter(pk=lead.pk).update(customer=known)
    assert convert(lead, by=seller, vehicle=wished_of(lead)).customer == known
    assert Customer.objects.count() == 1


def test_a_lead_is_converted_once_and_a_lost_one_never(lead: Lead, seller: User) -> None:
    vehicle = wished_of(lead)
    convert(lead, by=seller, vehicle=vehicle)
    with pytest.raises(ValidationError, match="A deal was made of"):
        convert(lead, by=seller, vehicle=VehicleFactory(dealership=lead.dealership))
    lost = LeadFactory(dealership=lead.dealership)
    lost.lose("price", by=seller)
    with pytest.raises(ValidationError, match="Reopen it first"):
        convert(lost, by=seller, vehicle=vehicle)
    assert (Deal.objects.count(), Customer.objects.count()) == (1, 1)


def test_what_is_refused_leaves_the_lead_as_it_was(lead: Lead, seller: User, dealership_b: Dealership) -> None:
    with pytest.raises(ValidationError, match="same dealership"):
        convert(lead, by=seller, vehicle=VehicleFactory(dealership=dealership_b))
    known = CustomerFactory(dealership=lead.dealership)
    Lead.objects.filter(pk=lead.pk).update(customer=known)
    DealFactory(dealership=lead.dealership, customer=known, vehicle=wished_of(lead))
    with pytest.raises(ValidationError, match="is not finished"):
        convert(lead, by=seller, vehicle=wished_of(lead))
    lead.refresh_from_db()
    assert (lead.status, lead.converted_at, Deal.objects.count()) == ("negotiation", None, 1)


def test_who_sells_there_no_more_is_no_deals_salesperson(lead: Lead, seller: User, manager: User) -> None:
    seller.memberships.all().delete()
    assert convert(lead, by=manager, vehicle=wished_of(lead)).salesperson == manager


def test_the_page_asks_for_the_vehicle_and_leads_to_the_deal(lead: Lead, seller: User, client: Client) -> None:
    client.force_login(seller)
    other = VehicleFactory(dealership=lead.dealership)
    page = client.get(reverse("leads-convert", args=[lead.pk]))
    field = page.context["form"].fields["vehicle"]
    assert (field.initial, set(field.queryset)) == (wished_of(lead).pk, {wished_of(lead), other})
    answer = client.post(reverse("leads-convert", args=[lead.pk]), {"vehicle": wished_of(lead).pk})
    deal = Deal.objects.get()
    assert answer.headers["Location"] == reverse("deals-detail", args=[deal.pk])
    shown = client.get(reverse("leads-detail", args=[lead.pk])).content.decode()
    assert reverse("deals-detail", args=[deal.pk]) in shown
    assert reverse("leads-convert", args=[lead.pk]) not in shown
    refused = client.post(reverse("leads-convert", args=[lead.pk]), {"vehicle": other.pk})
    assert refused.status_code == 422
    assert "A deal was made of" in refused.content.decode()
    assert refused.context["form"]["vehicle"].value() == str(other.pk), "what was chosen stays"


def test_only_who_makes_deals_converts_and_programs_find_the_deal_by_its_lead(lead: Lead, seller: User) -> None:
    service = MembershipFactory(dealership=lead.dealership, role=Role.CUSTOMER_SERVICE).user
    address, body = f"/api/v1/leads/{lead.pk}/convert/", {"vehicle": wished_of(lead).pk}
    assert api_of(service).post(address, body, format="json").status_code == 403
    api = api_of(seller)
    assert api.post(address, body, format="json").status_code == 200
    found = api.get("/api/v1/deals/", {"lead": lead.pk}).json()["results"]
    assert [each["number"] for each in found] == [Deal.objects.get().number]
    assert api.get("/api/v1/deals/", {"lead": lead.pk + 1}).json()["results"] == []
    assert api.post(address, body, format="json").status_code == 409


@pytest.mark.parametrize("verb", ["lose", "cancel"])
def test_a_lead_whose_deals_came_to_nothing_is_reopened(lead: Lead, seller: User, verb: str) -> None:
    step = {"next_step": "Call", "next_step_at": timezone.now() + timedelta(days=1), "by": seller}
    first = convert(lead, by=seller, vehicle=wished_of(lead))
    second = DealFactory(dealership=lead.dealership, lead=lead)
    do(verb, first, seller)
    with pytest.raises(ValidationError, match="cancel the deal"):
        Lead.objects.get().reopen(**step)
    do(verb, second, seller)
    lead.refresh_from_db()
    assert (lead.status, lead.converted_at) == ("won", None)
    lead.reopen(**step)
    assert lead.is_open
    assert convert(lead, by=seller, vehicle=wished_of(lead)).lead == lead


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_makes_the_deal(lead: Lead, seller: User) -> None:
    vehicle = wished_of(lead)
    answers = at_once(partial(convert, vehicle=vehicle), [Lead.objects.get(pk=lead.pk) for _ in range(2)], seller)
    assert sorted(each[:6] for each in answers) == ["A deal", "done"]
    assert (Deal.objects.count(), Customer.objects.count()) == (1, 1)
