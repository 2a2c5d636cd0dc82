"""Where a main dealer sends no order letters, deliveries hand over the deals that people made, or vehicles alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm import services
from crm.models import Customer, Ownership
from dealers.models import Dealership, User
from dealers.tenancy import platform
from ingestion.models import Adoption, Feed
from ingestion.tasks import adopt_again
from inventory.models import Vehicle
from sales import stages
from sales.models import Deal
from tests.factories import CustomerFactory, DealFactory, VehicleFactory
from tests.ingestion.adoption.said import (
    DELIVERED,
    ENGINE,
    FRAME,
    adopt,
    again,
    arrival,
    delivery,
    feeds,
    letter,
    told,
)
from tests.ingestion.adoption.test_people import prospect

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def adopting(dealership_a: Dealership) -> None:
    Dealership.objects.update(language="en")
    dealership_a.refresh_from_db()
    feeds(dealership_a, "bast_read", "uinb_read", "prospect", "doch_read")


@pytest.fixture
def vehicle(dealership_a: Dealership) -> Vehicle:
    found: Vehicle = VehicleFactory(dealership=dealership_a, vin=FRAME, engine_number=ENGINE, status="received")
    return found


def rows() -> list[Any]:
    return [list(model.objects.order_by("pk").values()) for model in (Customer, Deal, Vehicle, Ownership)]


def contracted(dealership: Dealership, vehicle: Vehicle, by: User) -> Deal:
    Vehicle.objects.filter(pk=vehicle.pk).update(status="available")
    deal: Deal = DealFactory(dealership=dealership, vehicle=vehicle, created_at=timezone.now() - timedelta(days=400))
    for verb in ("quote", "submit", "contract"):
        getattr(stages, verb)(deal, by=by)
    return deal


def test_a_delivery_is_of_the_deal_that_people_contracted_about_its_vehicle(
    dealership_a: Dealership, vehicle: Vehicle, owner: User
) -> None:
    deal = contracted(dealership_a, vehicle, owner)
    delivery(dealership_a)
    adopt()
    deal.refresh_from_db()
    assert deal.stage == "delivered"
    assert timezone.localdate(deal.delivered_at, dealership_a.zone) == DELIVERED
    assert Ownership.objects.get().customer == deal.customer
    assert [label for label, _pk, _words in told("bast_read").made] == ["sales.deal", "inventory.vehicle"]
    before = rows()
    again()
    assert rows() == before


def test_a_delivery_without_a_deal_hands_the_vehicle_to_its_prospects_customer(
    dealership_a: Dealership, vehicle: Vehicle
) -> None:
    met = prospect(dealership_a)
    adopt()
    delivery(dealership_a, id_customer=met.id_prospect)
    adopt()
    vehicle.refresh_from_db()
    owned = Ownership.objects.get()
    assert vehicle.status == "delivered"
    assert (owned.customer, owned.vehicle, owned.since) == (Customer.objects.get(), vehicle, DELIVERED)
    assert told("bast_read").state == Adoption.State.ADOPTED
    before = rows()
    again()
    again()
    assert rows() == before


@pytest.mark.parametrize(("name", "is_theirs"), [("budi santoso", True), ("Ani Santoso", False)])
def test_else_it_is_who_has_the_recipients_name_and_telephone(
    dealership_a: Dealership, vehicle: Vehicle, name: str, is_theirs: bool
) -> None:
    services.add(Customer(dealership=dealership_a, name="Budi Santoso"), phone="+6281234567890")
    delivery(dealership_a, id_customer="?", nama_penerima=name, no_kontak_penerima="081234567890")
    adopt()
    vehicle.refresh_from_db()
    assert vehicle.status == "delivered"
    assert Ownership.objects.exists() is is_theirs
    if not is_theirs:
        assert "write down whose it is" in told("bast_read").problems[0]
        assert "Ani" not in told("bast_read").problems[0]


def test_who_becomes_known_later_has_it_since_the_day_of_the_delivery(
    dealership_a: Dealership, vehicle: Vehicle
) -> None:
    delivery(dealership_a, id_customer="PSP/1")
    adopt()
    assert not Ownership.objects.exists()
    prospect(dealership_a, id_prospect="PSP/1")
    adopt()
    with platform("a test"):
        adopt_again()
    adopt()
    assert Ownership.objects.get().since == DELIVERED
    assert told("bast_read").state == Adoption.State.ADOPTED


def test_a_vehicle_that_is_not_known_is_handed_over_once_it_is(dealership_a: Dealership) -> None:
    met = prospect(dealership_a)
    delivery(dealership_a, id_customer=met.id_prospect)
    adopt()
    assert f"{FRAME} is no vehicle here yet" in told("bast_read").problems[0]
    assert not Vehicle.objects.exists()
    arrival(dealership_a)
    adopt()
    assert Vehicle.objects.get().status == "delivered"
    assert Ownership.objects.get().since == DELIVERED


@pytest.mark.parametrize("status", ["1", "2", "3"])
def test_what_is_under_way_is_handed_over_to_nobody_yet(
    dealership_a: Dealership, vehicle: Vehicle, status: str
) -> None:
    delivery(dealership_a, status)
    adopt()
    vehicle.refresh_from_db()
    assert vehicle.status == "received"
    assert told("bast_read").state == Adoption.State.ADOPTED


def test_a_vehicle_that_a_deal_keeps_stays_where_it_is(dealership_a: Dealership, vehicle: Vehicle, owner: User) -> None:
    Vehicle.objects.update(status="available")
    theirs = DealFactory(dealership=dealership_a, vehicle=vehicle)
    stages.reserve(theirs, by=owner)
    delivery(dealership_a)
    adopt()
    assert f"is in deal {theirs.number}" in told("bast_read").problems[0]
    vehicle.refresh_from_db()
    assert vehicle.status == "reserved"


def test_a_vehicle_that_came_back_is_not_handed_over_again_by_the_same_record(
    dealership_a: Dealership, vehicle: Vehicle
) -> None:
    delivery(dealership_a)
    adopt()
    Vehicle.objects.update(status="received")
    again()
    vehicle.refresh_from_db()
    assert vehicle.status == "received"


def test_a_delivery_that_came_back_is_told(dealership_a: Dealership, vehicle: Vehicle) -> None:
    record = delivery(dealership_a)
    adopt()
    type(record).objects.update(status_delivery_document="3")
    again()
    vehicle.refresh_from_db()
    assert told("bast_read").kept == [[str(vehicle), "status", "delivered", "back to dealer"]]


def test_the_deals_of_letters_stay_theirs_when_letters_are_adopted_no_more(dealership_a: Dealership) -> None:
    (feed,) = feeds(dealership_a, "spk_read")
    letter(dealership_a)
    adopt()
    Feed.objects.filter(pk=feed.pk).update(adopts=False)
    delivery(dealership_a)
    adopt()
    assert Deal.objects.get().stage == "delivered"


def test_a_neighbours_customer_is_nobody_here(
    dealership_a: Dealership, dealership_b: Dealership, vehicle: Vehicle
) -> None:
    there = CustomerFactory(dealership=dealership_b, name="Budi Santoso")
    services.add_contact(there.contact_points.model(customer=there, kind="phone", value="+6281234567890"))
    delivery(dealership_a, nama_penerima="Budi Santoso", no_kontak_penerima="081234567890")
    adopt()
    assert not Ownership.objects.exists()
