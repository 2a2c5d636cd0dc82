"""Every verb of a deal from every stage, who may say yes to whom, and what moves with a deal."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from dealers.models import Dealership, Event, User
from dealers.tenancy import platform
from inventory.models import Vehicle
from sales import offers, scenarios, stages
from sales.models import Deal, Registration, Reservation
from sales.tasks import expire_reservations
from tests.factories import DealFactory, DepositFactory, OwnershipFactory, VehicleFactory
from tests.sales.conftest import NEED_A_REASON, ROAD, at_once, cut, deal_at, do

pytestmark = pytest.mark.django_db


def status(deal: Deal) -> str:
    return Vehicle.objects.get(pk=deal.vehicle_id).status


@pytest.mark.parametrize("stage", ROAD)
def test_every_verb_is_done_from_this_stage_or_refused_in_words(
    dealership_a: Dealership, seller: User, manager: User, stage: str
) -> None:
    deal = deal_at(stage, dealership_a, seller)
    assert deal.stage == stage
    for name, possible in stages.FROM.items():
        with transaction.atomic():
            given = {"reason": "because"} if name in NEED_A_REASON else {}
            try:
                getattr(stages, name)(Deal.objects.get(pk=deal.pk), by=manager, **given)
            except ValidationError as error:
                words = " ".join(error.messages)
                assert len(words) > 20, name
                if stage not in possible:
                    assert str(deal.get_stage_display()) in words, name
            else:
                assert stage in possible, name
            transaction.set_rollback(True)
    deal.refresh_from_db()
    assert deal.stage == stage


def test_a_deal_goes_all_the_way_and_its_vehicle_with_it(dealership_a: Dealership, seller: User) -> None:
    deal = deal_at("draft", dealership_a, seller)
    seen = []
    for name in ROAD["delivered"]:
        do(name, deal, seller)
        seen.append((deal.stage, status(deal)))
    assert seen == [
        ("quoted", "available"),
        ("reserved", "reserved"),
        ("approved", "reserved"),
        ("contracted", "sold"),
        ("delivered", "delivered"),
    ]
    verbs = Event.objects.filter(object_id=str(deal.pk), verb__startswith="deal.").order_by("at", "id")
    assert [each.verb for each in verbs] == [f"deal.{name}" for name in ROAD["delivered"]]


@pytest.mark.parametrize("verb", ["lose", "cancel"])
def test_a_deal_that_ends_frees_its_vehicle(dealership_a: Dealership, seller: User, verb: str) -> None:
    deal = deal_at("reserved", dealership_a, seller)
    do(verb, deal, seller)
    assert (status(deal), deal.reservation, deal.ended_reason) == ("available", None, "the customer said so")


def test_a_contract_that_is_cancelled_frees_its_vehicle(dealership_a: Dealership, seller: User) -> None:
    deal = deal_at("contracted", dealership_a, seller)
    do("cancel", deal, seller)
    assert status(deal) == "available"


# -- two people


def test_a_price_below_the_minimum_is_approved_by_another_person(
    dealership_a: Dealership, seller: User, manager: User
) -> None:
    deal = deal_at("quoted", dealership_a, seller)
    cut(deal, seller, 600_000)
    assert "somebody else" in do("submit", deal, seller)
    assert (deal.stage, deal.waits_for_approval) == ("quoted", True)
    with pytest.raises(ValidationError, match="another person"):
        do("approve", deal, seller)
    do("approve", deal, manager)
    assert (deal.stage, deal.approved_by, deal.approved_price) == ("approved", manager, Decimal(17_900_000))
    do("contract", deal, seller)


def test_what_was_declined_may_be_changed_and_submitted_again(
    dealership_a: Dealership, seller: User, manager: User
) -> None:
    deal = deal_at("quoted", dealership_a, seller)
    cut(deal, seller, 600_000)
    do("submit", deal, seller)
    do("decline", deal, manager)
    cut(deal, seller, 400_000)
    do("submit", deal, seller)
    assert deal.stage == "approved"


def test_a_change_takes_the_approval_back(dealership_a: Dealership, seller: User, manager: User) -> None:
    deal = deal_at("approved", dealership_a, seller)
    cut(deal, seller, 600_000)
    assert (deal.stage, deal.approved_at, deal.asked_by) == ("reserved", None, None)
    with pytest.raises(ValidationError, match="only while it is approved"):
        do("contract", deal, seller)


def test_a_minimum_that_was_raised_meanwhile_stops_the_contract(
    dealership_a: Dealership, seller: User, manager: User
) -> None:
    deal = deal_at("approved", dealership_a, seller)
    Vehicle.objects.filter(pk=deal.vehicle_id).update(asking_price=20_000_000, minimum_price=19_000_000)
    with pytest.raises(ValidationError, match="minimum price"):
        do("contract", deal, seller)


def test_the_database_refuses_an_approval_by_who_asked_and_a_contract_without_one(
    dealership_a: Dealership, seller: User
) -> None:
    deal = deal_at("quoted", dealership_a, seller)
    rows = Deal.objects.filter(pk=deal.pk)
    now = timezone.now()
    for wrong in (
        {"asked_by": seller, "approved_by": seller},
        {"stage": "contracted"},
        {"stage": "approved", "approved_at": now, "needs_approval": True},
        {"stage": "lost"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            rows.update(**wrong)


# -- reservations


def test_a_vehicle_that_is_reserved_is_refused_to_others_in_words(dealership_a: Dealership, seller: User) -> None:
    first = deal_at("reserved", dealership_a, seller)
    second = deal_at("quoted", dealership_a, seller, vehicle=first.vehicle)
    with pytest.raises(ValidationError, match=f"reserved for deal {first.number} until"):
        do("reserve", second, seller)
    do("release", first, seller)
    do("reserve", second, seller)
    assert (first.stage, second.stage) == ("quoted", "reserved")


def test_a_reservation_that_is_over_ends_by_itself_or_when_the_next_one_asks(
    dealership_a: Dealership, seller: User
) -> None:
    first = deal_at("reserved", dealership_a, seller)
    past = timezone.now() - timedelta(days=9)
    Reservation.objects.update(since=past, until=past + timedelta(days=1))
    second = deal_at("quoted", dealership_a, seller, vehicle=first.vehicle)
    do("reserve", second, seller)
    first.refresh_from_db()
    assert (first.stage, first.reservation, status(first)) == ("quoted", None, "reserved")
    Reservation.objects.filter(deal=second).update(since=past, until=past + timedelta(days=1))
    assert (stages.expire(), stages.expire()) == (1, 0)
    second.refresh_from_db()
    assert (second.stage, status(second)) == ("quoted", "available")


def test_a_reservation_ends_on_a_day_that_makes_sense(dealership_a: Dealership, seller: User) -> None:
    deal = deal_at("quoted", dealership_a, seller)
    for until in (timezone.now(), timezone.now() + timedelta(days=91)):
        with pytest.raises(ValidationError, match="90 days"):
            do("reserve", deal, seller, until=until)


def test_the_database_keeps_one_open_reservation_of_a_vehicle(dealership_a: Dealership, seller: User) -> None:
    deal = deal_at("reserved", dealership_a, seller)
    with pytest.raises(IntegrityError, match="reservation_one_open"), transaction.atomic():
        Reservation.objects.create(
            dealership=dealership_a, deal=deal, vehicle=deal.vehicle, until=timezone.now() + timedelta(days=1)
        )


@pytest.mark.django_db(transaction=True)
def test_of_fifty_who_reserve_a_vehicle_at_once_one_has_it(dealership_a: Dealership, seller: User) -> None:
    vehicle = VehicleFactory(dealership=dealership_a)
    deals = [DealFactory(dealership=dealership_a, vehicle=vehicle) for _ in range(50)]
    answers = at_once(stages.reserve, deals, seller)
    assert answers.count("done") == 1
    assert all("is reserved for deal" in each for each in answers if each != "done")
    assert Reservation.objects.filter(closed_at=None).count() == Deal.objects.filter(stage="reserved").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_deal_that_is_delivered_twice_at_once_takes_its_trade_in_once(dealership_a: Dealership, seller: User) -> None:
    deal = deal_at("draft", dealership_a, seller)
    deal.chosen.trade_ins.create(dealership=dealership_a, make="Honda", model="Vario", allowance=5_000_000)
    for name in ROAD["contracted"]:
        do(name, deal, seller)
    answers = at_once(stages.deliver, [Deal.objects.get(pk=deal.pk) for _ in range(5)], seller)
    assert answers.count("done") == 1
    assert Vehicle.objects.filter(model="Vario").count() == 1


# -- delivery and unwinding


def with_trade_in(dealership: Dealership, seller: User, **values: Any) -> Deal:
    deal = deal_at("draft", dealership, seller)
    fields = {"make": "Honda", "model": "Vario", "allowance": Decimal(5_000_000), "odometer": 21_000, **values}
    deal.chosen.trade_ins.create(dealership=dealership, **fields)
    for name in ROAD["delivered"]:
        do(name, deal, seller)
    return deal


def test_a_trade_in_becomes_a_used_vehicle_in_stock_and_leaves_it_when_unwound(
    dealership_a: Dealership, seller: User
) -> None:
    deal = with_trade_in(dealership_a, seller, vin="MH1JM2110MK000001")
    taken = deal.chosen.trade_ins.get().vehicle
    assert (taken.condition, taken.status, taken.purchase_price) == ("used", "received", Decimal(5_000_000))
    assert taken.odometer == 21_000
    do("unwind", deal, seller)
    taken.refresh_from_db()
    assert (deal.stage, status(deal), taken.status) == ("unwound", "available", "withdrawn")
    assert deal.chosen.trade_ins.get().vehicle is None


def test_a_vehicle_that_we_sold_comes_back_as_itself_and_goes_back_as_it_was(
    dealership_a: Dealership, seller: User
) -> None:
    sold = deal_at("delivered", dealership_a, seller).vehicle
    before = Vehicle.objects.values().get(pk=sold.pk)
    deal = with_trade_in(dealership_a, seller, vin=sold.vin)
    now = Vehicle.objects.get(pk=sold.pk)
    assert (now.status, now.condition, now.purchase_price) == ("received", "used", Decimal(5_000_000))
    do("unwind", deal, seller)
    assert Vehicle.objects.values().get(pk=sold.pk) == before


def test_a_trade_in_that_is_in_stock_is_refused(dealership_a: Dealership, seller: User) -> None:
    there = VehicleFactory(dealership=dealership_a)
    with pytest.raises(ValidationError, match="in stock already"):
        with_trade_in(dealership_a, seller, vin=there.vin)


def test_nothing_is_unwound_while_something_later_stands_against_it(dealership_a: Dealership, seller: User) -> None:
    deal = with_trade_in(dealership_a, seller)
    taken = deal.chosen.trade_ins.get().vehicle
    later = DealFactory(dealership=dealership_a, vehicle=taken)
    with pytest.raises(ValidationError, match=f"in deal {later.number}"):
        do("unwind", deal, seller)
    assert status(deal) == "delivered"
    do("lose", later, seller)
    taken.refresh_from_db()
    taken.move_to("available")
    taken.move_to("in_service")
    with pytest.raises(ValidationError, match="in service"):
        do("unwind", deal, seller)


def test_papers_that_were_handed_over_come_back_before_a_deal_is_unwound(
    dealership_a: Dealership, seller: User
) -> None:
    deal = deal_at("delivered", dealership_a, seller)
    day = timezone.now().date()
    paper = Registration.objects.create(
        dealership=dealership_a,
        deal=deal,
        kind="stnk",
        requested_on=day,
        received_on=day,
        handed_over_on=day,
        received_by="Budi",
    )
    with pytest.raises(ValidationError, match="STNK was handed over"):
        do("unwind", deal, seller)
    Registration.objects.filter(pk=paper.pk).update(handed_over_on=None)
    do("unwind", deal, seller)


# -- figures that are signed


def test_what_is_signed_is_kept_and_a_revision_is_a_copy(dealership_a: Dealership, seller: User) -> None:
    deal = deal_at("contracted", dealership_a, seller)
    signed = deal.chosen
    with pytest.raises(ValidationError, match="stay as they are"):
        scenarios.write(signed, by=seller, values={"price": Decimal(1)})
    first = deal.contracts.get()
    assert Decimal(first.figures["total"]) == deal.total == Decimal(18_500_000)
    do("revise", deal, seller)
    assert (deal.stage, status(deal)) == ("reserved", "reserved")
    copy = deal.chosen
    assert copy.pk != signed.pk
    with pytest.raises(ValidationError, match="was signed"):
        scenarios.write(signed, by=seller, values={"price": Decimal(1)})
    cut(deal, seller, 300_000)
    for name in ("submit", "contract"):
        do(name, deal, seller)
    totals = [Decimal(each.figures["total"]) for each in deal.contracts.order_by("revision")]
    assert totals == [Decimal(18_500_000), Decimal(18_200_000)]
    first.refresh_from_db()
    assert Decimal(first.figures["total"]) == Decimal(18_500_000)


def test_a_reservation_that_is_over_lets_its_vehicle_go_without_anybody_asking(
    dealership_a: Dealership, manager: User
) -> None:
    deal = deal_at("reserved", dealership_a, manager)
    assert stages.expire() == 0
    past = timezone.now() - timedelta(days=9)
    Reservation.objects.update(since=past, until=past + timedelta(days=1))
    with platform("a test"):
        expire_reservations()
    deal.vehicle.refresh_from_db()
    assert deal.vehicle.status == "available"
    assert PeriodicTask.objects.get(task="sales.expire_reservations").enabled


def test_a_deal_with_as_many_scenarios_as_it_may_have_is_revised(dealership_a: Dealership, seller: User) -> None:
    deal = deal_at("draft", dealership_a, seller)
    for number in range(scenarios.MOST - 1):
        scenarios.copy(deal.chosen, by=seller, name=f"Revision {number}")
    for name in ROAD["contracted"]:
        do(name, deal, seller)
    do("revise", deal, seller)
    assert (deal.stage, deal.chosen.name) == ("reserved", f"Revision {scenarios.MOST - 1}")


# -- what is over


@pytest.mark.parametrize("stage", ["lost", "cancelled", "unwound"])
def test_a_deposit_is_returned_when_a_deal_is_over(dealership_a: Dealership, owner: User, stage: str) -> None:
    deal = deal_at("draft", dealership_a, owner)
    row = DepositFactory(deal=deal, dealership=dealership_a)
    for name in ROAD[stage]:
        do(name, deal, owner)
    browser = Client()
    browser.force_login(owner)
    page = browser.get(f"/deals/{deal.pk}/").content.decode()
    assert f"/deals/deposits/{row.pk}/remove/" in page
    assert "New revision" not in page
    browser.post(f"/deals/deposits/{row.pk}/remove/")
    assert not deal.deposits.exists()


@pytest.mark.parametrize(
    ("stage", "words"), [("contracted", "Make a new revision"), ("delivered", "Unwind it"), ("lost", r"as they are\.'")]
)
def test_why_figures_stay_as_they_are_depends_on_the_stage(
    dealership_a: Dealership, seller: User, stage: str, words: str
) -> None:
    deal = deal_at("draft", dealership_a, seller)
    row = DepositFactory(deal=deal, dealership=dealership_a)
    for name in ROAD[stage]:
        do(name, deal, seller)
    with pytest.raises(ValidationError, match=words):
        scenarios.write(deal.chosen, by=seller, values={"price": Decimal(1)})
    if stage in Deal.BINDING:
        with pytest.raises(ValidationError, match=words):
            scenarios.remove_deposit(row, by=seller)


def test_a_deal_that_is_over_keeps_the_margin_that_was_signed(dealership_a: Dealership, owner: User) -> None:
    deal = deal_at("unwound", dealership_a, owner)
    signed = deal.contracts.get().figures
    Vehicle.objects.filter(pk=deal.vehicle_id).update(preparation_cost=Decimal(9_000_000))
    deal = Deal.objects.get(pk=deal.pk)
    assert offers.figures_of(deal) == signed
    assert offers.plain(offers.summary_of(deal.chosen))["gross"] == signed["gross"]


def test_a_trade_in_goes_back_to_whoever_owned_it(dealership_a: Dealership, seller: User) -> None:
    """The customer may have brought somebody else's."""
    theirs = VehicleFactory(dealership=dealership_a, status="delivered")
    father = OwnershipFactory(dealership=dealership_a, vehicle=theirs, since="2024-01-01")
    deal = with_trade_in(dealership_a, seller, vin=theirs.vin)
    father.refresh_from_db()
    assert father.until is not None
    do("unwind", deal, seller)
    father.refresh_from_db()
    assert father.until is None


def test_what_waits_for_approval_is_one_rule(dealership_a: Dealership, seller: User, owner: User) -> None:
    """A program asks in nobody's name."""
    deal = deal_at("quoted", dealership_a, seller)
    cut(deal, seller, 600_000)
    do("submit", deal, None)
    assert (deal.asked_by, deal.waits_for_approval) == (None, True)
    assert list(Deal.objects.waiting()) == [deal]
    do("approve", deal, owner)
    assert not deal.waits_for_approval
    assert not Deal.objects.waiting()
