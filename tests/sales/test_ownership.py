"""Who owns a vehicle follows its deals, and a customer's page tells of them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import Ownership
from dealers.models import Dealership, User
from inventory.models import Vehicle
from sales import stages
from tests.factories import CustomerFactory, OwnershipFactory, VehicleFactory
from tests.sales.conftest import deal_at

pytestmark = pytest.mark.django_db


def test_who_is_delivered_a_vehicle_owns_it_until_the_deal_is_unwound(dealership_a: Dealership, manager: User) -> None:
    deal = deal_at("delivered", dealership_a, manager)
    owned = Ownership.objects.get()
    today = timezone.localdate(timezone=dealership_a.zone)
    assert (owned.customer, owned.vehicle, owned.since, owned.until) == (deal.customer, deal.vehicle, today, None)
    stages.unwind(deal, by=manager, reason="it was the wrong colour")
    assert not Ownership.objects.exists()


def test_who_trades_a_vehicle_in_owns_it_no_longer_until_they_get_it_back(
    dealership_a: Dealership, manager: User
) -> None:
    customer = CustomerFactory(dealership=dealership_a)
    before = VehicleFactory(dealership=dealership_a, vin="MH1JM2110LK123456", status=Vehicle.Status.DELIVERED)
    mine = OwnershipFactory(dealership=dealership_a, customer=customer, vehicle=before)
    deal = deal_at("draft", dealership_a, manager, customer=customer)
    deal.chosen.trade_ins.create(
        dealership=dealership_a, make="Honda", model="BeAT", vin=before.vin, allowance=Decimal(5_000_000)
    )
    for verb in ("quote", "reserve", "submit", "contract", "deliver"):
        getattr(stages, verb)(deal, by=manager)
    mine.refresh_from_db()
    assert mine.until == timezone.localdate(timezone=dealership_a.zone)
    stages.unwind(deal, by=manager, reason="it was the wrong colour")
    mine.refresh_from_db()
    assert mine.until is None


def test_a_customers_page_tells_of_their_deals(dealership_a: Dealership, owner: User, client: Client) -> None:
    deal = deal_at("contracted", dealership_a, owner)
    text = client.get(f"/customers/{deal.customer_id}/").content.decode()
    assert f'href="/deals/{deal.pk}/"' in text
    assert "Deal contracted" in text
