"""Deals in the API: the same verbs and the same desk as on pages, and a calculator that stores nothing."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dealers.models import Dealership, User
from sales import arithmetic, documents, offers
from sales.models import Deal, Scenario
from tests.factories import (
    CatalogueItemFactory,
    CustomerFactory,
    DealFactory,
    RegistrationFactory,
    TaxRateFactory,
    VehicleFactory,
)
from tests.people import api_of
from tests.sales.conftest import deal_at

pytestmark = pytest.mark.django_db
LIST = "/api/v1/deals/"


@pytest.fixture
def api(owner: User) -> Any:
    return api_of(owner)


@pytest.fixture
def deal(dealership_a: Dealership) -> Deal:
    found: Deal = DealFactory(dealership=dealership_a)
    return found


def at(deal: Deal, *parts: Any) -> str:
    return f"{LIST}{deal.pk}/" + "".join(f"{each}/" for each in parts)


def test_a_deal_is_begun_once_and_led_to_its_end(api: Any, dealership_a: Dealership) -> None:
    body = {
        "dealership": dealership_a.pk,
        "customer": CustomerFactory(dealership=dealership_a).pk,
        "vehicle": VehicleFactory(dealership=dealership_a).pk,
    }
    made, again = (api.post(LIST, body, format="json", HTTP_IDEMPOTENCY_KEY="mine") for _ in range(2))
    assert (made.status_code, again.status_code, Deal.objects.count()) == (201, 200, 1), made.content
    deal = Deal.objects.get()
    assert deal.number == "000001"
    assert api.post(LIST, body, format="json").status_code == 400
    for verb, stage in (
        ("quote", "quoted"),
        ("reserve", "reserved"),
        ("submit", "approved"),
        ("contract", "contracted"),
    ):
        answer = api.post(at(deal, verb), {}, format="json")
        assert (answer.status_code, answer.json().get("stage")) == (200, stage), answer.content
    refused = api.post(at(deal, "quote"), {}, format="json")
    assert (refused.status_code, "only while it is draft" in refused.content.decode()) == (409, True)
    assert api.post(at(deal, "unwind"), {}, format="json").status_code == 400
    assert api.post(at(deal, "deliver"), {}, format="json").json()["stage"] == "delivered"


def test_who_may_not_does_not(deal: Deal, seller: User, charlie: User) -> None:
    theirs = api_of(seller)
    assert theirs.post(at(deal, "approve"), {}, format="json").status_code == 403
    assert theirs.post(at(deal, "cancel"), {"reason": "x"}, format="json").status_code == 403
    neighbour = api_of(charlie)
    for address in (at(deal), at(deal, "scenarios"), at(deal, "figures"), at(deal, "scenarios", deal.chosen.pk)):
        assert neighbour.get(address).status_code == 404


def test_scenarios_are_read_copied_changed_chosen_and_removed(api: Any, deal: Deal) -> None:
    first = deal.chosen
    made = api.post(at(deal, "scenarios"), {"scenario": first.pk, "name": "Cash"}, format="json")
    assert made.status_code == 201, made.content
    address = at(deal, "scenarios", made.json()["id"])
    body = {
        "price": "18000000",
        "term": 12,
        "items": [{"name": "STNK", "unit_price": "650000"}, {"name": "Helmet", "kind": "accessory", "unit_price": "1"}],
        "trade_ins": [{"make": "Honda", "model": "Vario", "allowance": "5000000"}],
    }
    changed = api.patch(address, body, format="json", HTTP_IF_MATCH=made.headers["ETag"])
    assert changed.status_code == 200, changed.content
    told = changed.json()
    scenario = Scenario.objects.get(pk=told["id"])
    assert told["figures"] == offers.plain(offers.summary_of(scenario))
    assert [each["name"] for each in told["items"]] == ["STNK", "Helmet"]
    stale = api.patch(address, {"price": "1"}, format="json", HTTP_IF_MATCH=made.headers["ETag"])
    assert stale.status_code == 412
    lines = [{"id": told["items"][0]["id"], "unit_price": "700000"}, {"id": told["items"][1]["id"], "remove": True}]
    after = api.patch(address, {"items": lines}, format="json").json()
    assert "items" in after, after
    assert [(each["name"], Decimal(each["unit_price"])) for each in after["items"]] == [("STNK", Decimal(700_000))]
    assert (after["term"], Decimal(after["price"])) == (12, Decimal(18_000_000))
    wrong = api.patch(address, {"down_payment": "30000000"}, format="json")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "down_payment")
    unknown = api.patch(address, {"items": [{"id": 999_999, "remove": True}]}, format="json")
    assert unknown.status_code == 400
    assert api.delete(at(deal, "scenarios", first.pk)).status_code == 409
    assert api.post(f"{address}choose/").json()["is_chosen"] is True
    assert api.delete(at(deal, "scenarios", first.pk)).status_code == 204
    assert len(api.get(at(deal, "scenarios")).json()) == 1


def test_the_margin_is_null_to_who_may_not_know_it(api: Any, deal: Deal, seller: User) -> None:
    mine, theirs = (each.get(at(deal, "figures")).json()["figures"] for each in (api, api_of(seller)))
    assert (mine["gross"], theirs["gross"], theirs["cost"], theirs["commission"]) == ("1500000", None, None, None)
    scenario = api_of(seller).get(at(deal, "scenarios")).json()[0]
    assert (scenario["figures"]["gross"], scenario["commission_rate"]) == (None, None)


def test_signed_figures_are_told_as_signed(api: Any, dealership_a: Dealership, owner: User) -> None:
    deal = deal_at("contracted", dealership_a, owner)
    told = api.get(at(deal, "figures")).json()
    assert (told["signed"], told["figures"]["total"]) == (True, "18500000")


def test_a_link_is_told_once(api: Any, deal: Deal, owner: User) -> None:
    made = documents.make(deal, by=owner, kind="offer")
    answer = api.post(at(deal, "links"), {"document": made.pk, "days": 7}, format="json")
    assert answer.status_code == 201, answer.content
    assert Client().get(answer.json()["address"].removeprefix("http://testserver")).status_code == 200


def test_the_calculator_says_what_arithmetic_says_and_stores_nothing(api: Any) -> None:
    body = {
        "currency": "USD",
        "price": "20000.50",
        "tax_rate": "8.25",
        "lines": [{"kind": "fee", "quantity": "1", "unit_price": "99.99"}],
        "trade_ins": [{"allowance": "3000", "payoff": "3500"}],
        "deposits": ["500"],
        "finance": {"rate": "6.9", "term": 60, "down_payment": "1000"},
    }
    answer = api.post(f"{LIST}calculate/", body, format="json")
    offer = arithmetic.Offer(
        "USD",
        Decimal("20000.50"),
        tax_rate=Decimal("8.25"),
        lines=(arithmetic.Line("fee", Decimal(1), Decimal("99.99")),),
        trade_ins=(arithmetic.TradeIn(Decimal(3000), Decimal(3500)),),
        deposits=(Decimal(500),),
        finance=arithmetic.Finance(Decimal("6.9"), 60, down_payment=Decimal(1000)),
    )
    wanted = offers.plain(arithmetic.summarize(offer))
    del wanted["finance"]
    assert answer.json() == wanted
    assert Deal.objects.count() == 0
    wrong = api.post(f"{LIST}calculate/", body | {"discount": "30000"}, format="json")
    assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (400, "discount")
    assert api.post(f"{LIST}calculate/", {}, format="json").status_code == 400


def test_papers_that_wait_too_long_are_found(api: Any, dealership_a: Dealership) -> None:
    today = timezone.localdate()
    RegistrationFactory(dealership=dealership_a, requested_on=today)
    late = RegistrationFactory(dealership=dealership_a, requested_on=today - timedelta(days=40))
    RegistrationFactory(dealership=dealership_a, requested_on=today - timedelta(days=50), received_on=today)
    found = api.get("/api/v1/registrations/", {"waiting_days": 30}).json()["results"]
    assert [(each["id"], each["status"]) for each in found] == [(late.pk, "requested")]
    assert len(api.get("/api/v1/registrations/", {"status": "received"}).json()["results"]) == 1


def test_lists_are_asked_by_stage_person_days_and_amounts(
    api: Any, dealership_a: Dealership, owner: User, seller: User
) -> None:
    mine = deal_at("quoted", dealership_a, seller, salesperson=seller)
    deal_at("draft", dealership_a, owner)
    for query in ({"stage": "quoted"}, {"salesperson": seller.email}, {"search": mine.customer.name}):
        assert [each["id"] for each in api.get(LIST, query).json()["results"]] == [mine.pk], query
    today = timezone.now().date().isoformat()
    assert len(api.get(LIST, {"total_from": "18000000", "created_from": today}).json()["results"]) == 2
    assert api.get(LIST, {"total_to": "18000000"}).json()["results"] == []


def test_a_change_says_no_and_nothing_as_well(api: Any, dealership_a: Dealership) -> None:
    item = CatalogueItemFactory(dealership=dealership_a, tax=TaxRateFactory(dealership=dealership_a), is_active=True)
    there = f"/api/v1/catalogue/{item.pk}/"
    for body in ({"is_active": False}, {"tax": None}, {"name": "Helmet"}):
        answer = api.patch(there, body, format="json")
        assert answer.status_code == 200, answer.json()
    item.refresh_from_db()
    assert (item.is_active, item.tax, item.name) == (False, None, "Helmet")
