"""Deliveries hand over the vehicles of deals, whatever comes first: the unit, its order letter or the delivery."""

from __future__ import annotations

from datetime import datetime
from itertools import permutations
from typing import Any

import pytest
from django.utils import timezone

from crm.models import Customer, Ownership
from dealers.models import Dealership, User
from ingestion.models import Adoption
from inventory.models import Vehicle
from sales import stages
from sales.models import Contract, Deal
from tests.factories import DealFactory, VehicleFactory
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

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def adopting(dealership_a: Dealership) -> None:
    Dealership.objects.update(language="en")
    dealership_a.refresh_from_db()
    feeds(dealership_a, "spk_read", "bast_read", "uinb_read")


def rows() -> list[Any]:
    return [list(model.objects.values()) for model in (Customer, Deal, Vehicle, Contract, Ownership)]


@pytest.mark.parametrize("order", list(permutations((arrival, letter, delivery))), ids=lambda all_: all_[0].__name__)
def test_a_vehicle_is_its_customers_whatever_comes_first(dealership_a: Dealership, order: Any) -> None:
    for arrive in order:
        arrive(dealership_a)
        adopt()
    deal, vehicle, owned = Deal.objects.get(), Vehicle.objects.get(), Ownership.objects.get()
    assert (deal.stage, deal.vehicle) == ("delivered", vehicle)
    assert timezone.localdate(deal.delivered_at, dealership_a.zone) == DELIVERED
    assert (vehicle.vin, vehicle.engine_number, vehicle.model, vehicle.status) == (FRAME, ENGINE, "HP5", "delivered")
    assert (owned.customer, owned.vehicle, owned.since, owned.until) == (deal.customer, vehicle, DELIVERED, None)
    assert deal.contract is not None
    assert set(Adoption.objects.values_list("state", flat=True)) == {"adopted"}
    before = rows()
    again()
    again()
    assert rows() == before


def test_a_vehicle_that_is_not_known_is_made_of_what_was_ordered(dealership_a: Dealership) -> None:
    letter(dealership_a)
    delivery(dealership_a)
    adopt()
    vehicle = Vehicle.objects.get()
    assert (vehicle.vin, vehicle.engine_number, vehicle.model, vehicle.colour) == (FRAME, ENGINE, "HP5", "BK")


def test_a_delivery_without_its_letter_says_so_and_does_nothing(dealership_a: Dealership) -> None:
    VehicleFactory(dealership=dealership_a, vin=FRAME)
    delivery(dealership_a)
    adopt()
    assert told("bast_read").state == Adoption.State.REFUSED
    assert "is not here yet" in told("bast_read").problems[0]
    assert Vehicle.objects.get().status == "available"


@pytest.mark.parametrize("status", ["1", "2", "3"])
def test_a_delivery_that_is_under_way_says_which_vehicle_it_is_and_no_more(
    dealership_a: Dealership, status: str
) -> None:
    letter(dealership_a)
    record = delivery(dealership_a, status)
    adopt()
    deal = Deal.objects.get()
    assert (deal.stage, deal.vehicle.vin, deal.vehicle.status) == ("contracted", FRAME, "sold")
    type(record).objects.update(status_delivery_document="4")
    again()
    assert Deal.objects.get().stage == "delivered"


@pytest.mark.parametrize("status", [None, "", "delivered", "9"])
def test_a_status_that_nobody_knows_is_told(dealership_a: Dealership, status: str | None) -> None:
    letter(dealership_a)
    delivery(dealership_a, status)
    adopt()
    assert "Nobody can tell from its status" in told("bast_read").problems[0]
    assert Deal.objects.get().stage == "contracted"


def test_the_units_of_a_letter_are_told_apart_by_their_type(dealership_a: Dealership) -> None:
    letter(dealership_a, {"kode_tipe_unit": "MF1D"}, {})
    arrival(dealership_a)
    delivery(dealership_a)
    delivery(dealership_a, no_rangka="JM9126PK230037", no_mesin="JM91E2230046")
    adopt()
    again()
    models = dict(Deal.objects.values_list("vehicle__vin", "vehicle__model"))
    assert models == {FRAME: "HP5", "JM9126PK230037": "MF1D"}
    assert set(Deal.objects.values_list("stage", flat=True)) == {"delivered"}


def test_a_line_told_twice_is_one_delivery(dealership_a: Dealership) -> None:
    letter(dealership_a)
    record = delivery(dealership_a)
    line = record.detail.get()
    line.pk, line.position = None, 2
    line.save()
    adopt()
    assert Ownership.objects.count() == 1
    assert told("bast_read").state == Adoption.State.ADOPTED


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"id_spk": None}, "names no order letter"),
        ({"no_rangka": "JM91"}, "4 characters"),
    ],
)
def test_what_cannot_be_delivered_says_why(dealership_a: Dealership, line: dict[str, Any], words: str) -> None:
    letter(dealership_a)
    delivery(dealership_a, **line)
    adopt()
    assert words in told("bast_read").problems[0]
    assert Deal.objects.get().stage == "contracted"


def test_a_vehicle_that_another_deal_keeps_is_not_taken_from_it(dealership_a: Dealership, owner: User) -> None:
    kept = VehicleFactory(dealership=dealership_a, vin=FRAME)
    theirs = DealFactory(dealership=dealership_a, vehicle=kept)
    stages.reserve(theirs, by=owner)
    letter(dealership_a)
    delivery(dealership_a)
    adopt()
    assert f"is in deal {theirs.number}" in told("bast_read").problems[0]
    kept.refresh_from_db()
    assert kept.status == "reserved"


def test_a_deal_that_people_gave_another_vehicle_is_told(dealership_a: Dealership) -> None:
    letter(dealership_a)
    adopt()
    Vehicle.objects.update(vin="JM9126PK230099")
    delivery(dealership_a)
    adopt()
    assert "and not about JM9126PK230036" in told("bast_read").problems[0]


def test_a_deal_that_people_delivered_keeps_its_day(dealership_a: Dealership, owner: User) -> None:
    letter(dealership_a)
    adopt()
    Vehicle.objects.update(vin=FRAME)
    stages.deliver(Deal.objects.get(), by=owner)
    delivery(dealership_a)
    adopt()
    today = timezone.localdate(timezone=dealership_a.zone)
    assert Ownership.objects.get().since == today
    assert told("bast_read").kept == [[str(Deal.objects.get()), "delivered_at", str(today), str(DELIVERED)]]


def test_a_deal_that_people_cancelled_is_not_delivered(dealership_a: Dealership, owner: User) -> None:
    letter(dealership_a)
    adopt()
    stages.cancel(Deal.objects.get(), by=owner, reason="changed their mind")
    delivery(dealership_a)
    adopt()
    assert "is cancelled" in told("bast_read").problems[0]
    assert not Ownership.objects.exists()


def test_a_delivery_that_came_back_is_told_and_changes_nothing(dealership_a: Dealership) -> None:
    letter(dealership_a)
    record = delivery(dealership_a)
    adopt()
    type(record).objects.update(status_delivery_document="3")
    before = rows()
    again()
    assert rows() == before
    assert told("bast_read").kept == [[str(Deal.objects.get()), "stage", "delivered", "back to dealer"]]


def test_a_delivery_without_a_day_is_of_the_day_on_which_it_was_written(dealership_a: Dealership) -> None:
    letter(dealership_a)
    record = delivery(dealership_a)
    written = datetime(2026, 1, 13, 9, tzinfo=dealership_a.zone)
    type(record).objects.update(tanggal_pengiriman=None, modified_time=None, created_time=written)
    adopt()
    assert timezone.localdate(Deal.objects.get().delivered_at, dealership_a.zone) == written.date()
    assert Ownership.objects.get().since == written.date()


def test_what_people_wrote_of_an_ordered_vehicle_stays_and_is_told(dealership_a: Dealership, owner: User) -> None:
    letter(dealership_a)
    adopt()
    ordered = Vehicle.objects.get()
    ordered.wrote(["colour"])
    ordered.save()
    arrival(dealership_a)
    delivery(dealership_a)
    adopt()
    ordered.refresh_from_db()
    there = Vehicle.objects.get(vin=FRAME)
    assert ordered.status == "withdrawn"
    assert told("bast_read").kept == [[str(ordered), "vehicle", str(ordered), str(there)]]


def test_what_stood_for_an_ordered_vehicle_stays_if_something_was_written_about_it(dealership_a: Dealership) -> None:
    letter(dealership_a)
    adopt()
    ordered = Vehicle.objects.get()
    owner = Ownership.objects.create(dealership=dealership_a, customer=Customer.objects.get(), vehicle=ordered)
    arrival(dealership_a)
    delivery(dealership_a)
    adopt()
    ordered.refresh_from_db()
    assert (owner.vehicle, ordered.status) == (ordered, "withdrawn")
    assert Deal.objects.get().vehicle.vin == FRAME
