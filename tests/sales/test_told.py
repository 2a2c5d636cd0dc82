"""Deals as another system tells them go by the verbs of people, and can be taken back as theirs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.models import Ownership
from dealers import audit
from dealers.models import Dealership, User
from inventory import services
from inventory.models import Source, Vehicle
from sales import stages, told
from sales.models import Contract, Deal, TradeIn
from sales.told import Loan, Order
from tests.factories import CustomerFactory, DealFactory, PreparationStepFactory, VehicleFactory
from tests.sales.conftest import deal_at

pytestmark = pytest.mark.django_db
LOAN = Loan("Astra FIF", term=12, instalment=Decimal(1_500_000), down_payment=Decimal(3_000_000))


def order(price: int = 18_500_000, discount: int = 0) -> Order:
    return Order("SPK/1", timezone.now(), Decimal(price), Decimal(discount))


def new(dealership: Dealership, vehicle: Vehicle) -> Deal:
    return Deal(dealership=dealership, customer=CustomerFactory(dealership=dealership), vehicle=vehicle)


def as_a_feed_orders(dealership: Dealership) -> Vehicle:
    """Of a type, and nobody knows yet which one it is."""
    ordered = Vehicle(dealership=dealership, status="on_order", make="Honda", model="HP5")
    return services.add(ordered, source=Source.FEED)


def test_a_price_below_the_vehicles_minimum_waits_for_a_persons_approval(dealership_a: Dealership) -> None:
    vehicle = VehicleFactory(dealership=dealership_a)
    with pytest.raises(ValidationError, match="only while it is approved"):
        told.contracted(new(dealership_a, vehicle), order(discount=600_000))
    assert not Deal.objects.exists()


def test_a_vehicle_in_preparation_is_sold_as_it_is(dealership_a: Dealership) -> None:
    vehicle = VehicleFactory(dealership=dealership_a, status="in_preparation")
    PreparationStepFactory(vehicle=vehicle)
    deal = told.contracted(new(dealership_a, vehicle), order())
    assert (deal.stage, deal.vehicle.status) == ("contracted", "sold")


def test_finance_told_after_the_handover_leaves_the_trade_in_where_it_can_be_taken_back(
    dealership_a: Dealership, manager: User
) -> None:
    deal = DealFactory(dealership=dealership_a)
    deal.chosen.trade_ins.create(
        dealership=dealership_a, make="Honda", model="BeAT", vin="MH1JM2110LK123456", allowance=Decimal(5_000_000)
    )
    for verb in ("quote", "submit", "contract", "deliver"):
        getattr(stages, verb)(deal, by=manager)
    scenario = told.financed(deal, LOAN)
    taken = Vehicle.objects.get(vin="MH1JM2110LK123456")
    assert (deal.chosen, deal.stage, deal.revision) == (scenario, "delivered", 2)
    assert scenario.trade_ins.get().vehicle == taken
    assert deal.contract.figures["financed"] == "10500000"
    stages.unwind(deal, by=manager, reason="it was the wrong colour")
    taken.refresh_from_db()
    assert taken.status == "withdrawn"


@pytest.mark.parametrize("stage", ["draft", "approved", "lost", "unwound"])
def test_only_what_is_signed_is_financed(dealership_a: Dealership, manager: User, stage: str) -> None:
    deal = deal_at(stage, dealership_a, manager)
    with pytest.raises(ValidationError, match="only while it is contracted, delivered"):
        told.financed(deal, LOAN)
    assert deal.scenarios.count() == 1


def test_a_deal_about_another_vehicle_is_signed_again_with_what_that_one_cost(
    dealership_a: Dealership, manager: User
) -> None:
    ordered = as_a_feed_orders(dealership_a)
    deal = told.contracted(new(dealership_a, ordered), order())
    assert deal.contract.figures["gross"] is None
    there = VehicleFactory(dealership=dealership_a, status="received")
    told.about(deal, there)
    assert (deal.vehicle, deal.revision, deal.vehicle.status) == (there, 2, "sold")
    assert deal.contract.figures["gross"] == "1500000"
    assert Contract.objects.count() == 2
    assert not Vehicle.objects.filter(pk=ordered.pk).exists()


def test_a_sold_vehicle_is_no_other_deals(dealership_a: Dealership, manager: User) -> None:
    ordered = VehicleFactory(dealership=dealership_a, vin="")
    deal = told.contracted(new(dealership_a, ordered), order())
    theirs = deal_at("contracted", dealership_a, manager)
    with pytest.raises(ValidationError, match=f"is in deal {theirs.number}, which is contracted"):
        told.about(deal, theirs.vehicle)
    gone = deal_at("delivered", dealership_a, manager)
    with pytest.raises(ValidationError, match="is delivered and cannot be sold"):
        told.about(deal, gone.vehicle)
    deal.refresh_from_db()
    assert deal.vehicle == ordered
    assert not TradeIn.objects.exists()


@pytest.mark.parametrize("what", ["locked", "version", "child"])
def test_what_people_wrote_of_an_ordered_vehicle_stays(dealership_a: Dealership, manager: User, what: str) -> None:
    ordered = as_a_feed_orders(dealership_a)
    Vehicle.objects.filter(pk=ordered.pk).update(locked=["colour"] if what == "locked" else [])
    deal = told.contracted(new(dealership_a, ordered), order())
    if what == "version":
        with audit.circumstances(audit.Circumstances(user=manager)):
            Vehicle.objects.get(pk=ordered.pk).save()
    elif what == "child":
        PreparationStepFactory(vehicle=ordered)
    left = told.about(deal, VehicleFactory(dealership=dealership_a, status="received"))
    ordered.refresh_from_db()
    assert (left, ordered.status) == (ordered, "withdrawn")


def test_a_vehicle_is_handed_over_without_a_deal(dealership_a: Dealership) -> None:
    vehicle, day = VehicleFactory(dealership=dealership_a, status="received"), date(2026, 1, 12)
    before = CustomerFactory(dealership=dealership_a)
    Ownership.objects.create(dealership=dealership_a, customer=before, vehicle=vehicle)
    customer = CustomerFactory(dealership=dealership_a)
    told.handed_over(vehicle, day, customer)
    assert vehicle.status == "delivered"
    owned = {each.customer: (each.since, each.until) for each in Ownership.objects.all()}
    assert owned == {before: (None, day), customer: (day, None)}
    with pytest.raises(ValidationError, match="is delivered and cannot be handed over"):
        told.handed_over(vehicle, day, customer)


def test_a_vehicle_that_a_deal_keeps_is_not_handed_over_without_it(dealership_a: Dealership, manager: User) -> None:
    theirs = deal_at("reserved", dealership_a, manager)
    with pytest.raises(ValidationError, match=f"is in deal {theirs.number}, which is reserved"):
        told.handed_over(theirs.vehicle, date(2026, 1, 12))
