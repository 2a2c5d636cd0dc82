"""Stored scenarios come to what arithmetic says, in whatever order they were written, and the desk shows just that."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dealers.models import Dealership, User
from dealers.roles import Role
from sales import arithmetic, documents, offers, scenarios
from sales.models import Deal, Item, Scenario, TaxRate, TradeIn
from tests.factories import (
    CatalogueItemFactory,
    CustomerFactory,
    DealFactory,
    DepositFactory,
    MembershipFactory,
    TaxRateFactory,
)
from tests.people import with_role
from tests.sales.conftest import deal_at, do

pytestmark = pytest.mark.django_db
SAVE, CALCULATE, ROLL = ("/deals/scenarios/{}/" + each + "/" for each in ("save", "calculate", "roll"))


@pytest.fixture
def deal(dealership_a: Dealership) -> Deal:
    found: Deal = DealFactory(dealership=dealership_a)
    return found


def signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def page_data(client: Client, deal: Deal, scenario: Scenario | None = None) -> dict[str, Any]:
    """What a browser sends of the desk as it is shown."""
    query = f"?scenario={scenario.pk}" if scenario else ""
    desk = client.get(f"/deals/{deal.pk}/{query}").context["desk"]
    sent = {"version": desk.version}
    for form in desk.forms:
        for bound in form:
            value = bound.value()
            sent |= {name: value for name in (bound.html_name, bound.html_initial_name) if value not in (None, False)}
    return sent


# -- money


def full(deal: Deal, by: User) -> Scenario:
    """A scenario with everything in it."""
    here = {"dealership": deal.dealership}
    tax = TaxRateFactory(**here)
    scenarios.deposit(deal, by=by, amount=Decimal(500_000), method="cash", reference="", received_on="2026-01-15")
    return scenarios.write(
        deal.chosen,
        by=by,
        values={
            "discount": Decimal(250_000),
            "discount_reason": "loyal",
            "tax": tax,
            "term": 24,
            "rate": Decimal("9.5"),
            "down_payment": Decimal(2_000_000),
            "commission_rate": Decimal(2),
        },
        rows=[
            Item(kind="fee", name="STNK", unit_price=Decimal(650_000), tax=tax),
            Item(kind="accessory", name="Helmet", quantity=Decimal(2), unit_price=Decimal(400_000), tax_inclusive=True),
            TradeIn(make="Honda", model="Vario", allowance=Decimal(5_000_000), payoff=Decimal(6_000_000)),
        ],
    )


def test_a_stored_scenario_comes_to_what_arithmetic_says(deal: Deal, owner: User) -> None:
    scenario = full(deal, owner)
    line, trade_in = arithmetic.Line, arithmetic.TradeIn
    offer = arithmetic.Offer(
        "IDR",
        Decimal(18_500_000),
        discount=Decimal(250_000),
        tax_rate=Decimal(11),
        tax_inclusive=True,
        lines=(
            line("fee", Decimal(1), Decimal(650_000), Decimal(11)),
            line("accessory", Decimal(2), Decimal(400_000), tax_inclusive=True),
        ),
        trade_ins=(trade_in(Decimal(5_000_000), Decimal(6_000_000)),),
        deposits=(Decimal(500_000),),
        finance=arithmetic.Finance(Decimal("9.5"), 24, "flat", Decimal(2_000_000)),
        cost=Decimal(17_000_000),
        commission_rate=Decimal(2),
    )
    summary = arithmetic.summarize(offer)
    assert offers.summary_of(scenario) == summary
    deal.refresh_from_db()
    assert deal.total == summary.total
    for name in ("quote", "submit", "contract"):
        do(name, deal, owner)
    contract = deal.contracts.get()
    assert contract.figures == offers.plain(summary)
    deal.vehicle.purchase_price = Decimal(1)
    deal.vehicle.save()
    assert offers.figures_of(deal) == contract.figures


EDITS: list[dict[str, Any]] = [
    {"price": Decimal(19_000_000)},
    {"discount": Decimal(300_000), "discount_reason": "loyal"},
    {"term": 36},
    {"rate": Decimal(12)},
    {"method": "annuity"},
    {"down_payment": Decimal(3_000_000)},
    {"tax_inclusive": False},
    {"item": "Helmet"},
    {"item": "Jacket"},
    {"trade_in": "Vario"},
    {"deposit": 400_000},
    {"commission_rate": Decimal(3)},
]


def edit(deal: Deal, by: User, change: dict[str, Any]) -> None:
    deal = Deal.objects.get(pk=deal.pk)
    if "deposit" in change:
        given = {"method": "cash", "reference": "", "received_on": "2026-01-15"}
        scenarios.deposit(deal, by=by, amount=Decimal(change["deposit"]), **given)
    elif "item" in change:
        scenarios.write(deal.chosen, by=by, rows=[Item(name=change["item"], unit_price=Decimal(123_456))])
    elif "trade_in" in change:
        rows = [TradeIn(make="Honda", model=change["trade_in"], allowance=Decimal(4_000_000))]
        scenarios.write(deal.chosen, by=by, rows=rows)
    else:
        scenarios.write(deal.chosen, by=by, values=change)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(len(EDITS))))
def test_whatever_the_order_of_edits_the_figures_are_the_same(deal: Deal, owner: User, order: list[int]) -> None:
    def after(places: Any) -> dict[str, Any]:
        with transaction.atomic():
            for place in places:
                edit(deal, owner, EDITS[place])
            now = Deal.objects.get(pk=deal.pk)
            figures = dict(offers.plain(offers.summary_of(now.chosen)), stored=now.total)
            figures["lines"] = sorted(each["gross"] for each in figures["lines"])
            transaction.set_rollback(True)
        return figures

    assert after(order) == after(range(len(EDITS)))


def test_what_arithmetic_refuses_is_not_stored(deal: Deal, owner: User) -> None:
    for values, words in (
        ({"term": 12, "down_payment": Decimal(20_000_000)}, "more than the"),
        ({"discount": Decimal(19_000_000), "discount_reason": "x"}, "more than the price"),
        ({"discount": Decimal(1)}, "why there is a discount"),
        ({"price": Decimal("0.5")}, "decimals"),
    ):
        with pytest.raises(ValidationError, match=words):
            scenarios.write(deal.chosen, by=owner, values=values)
    assert deal.chosen.price == Decimal(18_500_000)


def test_a_rate_that_deals_use_stays_as_it_is(deal: Deal, owner: User, client: Client) -> None:
    tax = TaxRateFactory(dealership=deal.dealership)
    sent = {"dealership": deal.dealership_id, "name": tax.name, "percent": "12", "valid_from": "2022-04-01"}
    scenarios.write(deal.chosen, by=owner, values={"tax": tax})
    address = f"/settings/tax-rates/{tax.pk}/edit/"
    assert "stays as it is" in client.post(address, sent).content.decode()
    sent = {**sent, "valid_from": "2027-01-01"}
    assert client.post("/settings/tax-rates/new/", sent).status_code == 302


# -- the page


def test_more_lines_at_the_desk_read_the_catalogue_and_the_taxes_no_more_often(
    deal: Deal, owner: User, client: Client
) -> None:
    tax = TaxRateFactory(dealership=deal.dealership)
    CatalogueItemFactory(dealership=deal.dealership, tax=tax)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/deals/{deal.pk}/").status_code == 200
        return len(queries)

    def with_lines(count: int) -> int:
        rows = [Item(name="Helmet", unit_price=Decimal(400_000), tax=tax) for _ in range(count)]
        scenarios.write(deal.chosen, by=owner, values={"tax": tax}, rows=rows)
        return asked()

    with_lines(1)
    assert with_lines(1) == with_lines(5)


def test_a_tax_that_has_changed_since_is_told_until_another_one_is_chosen(
    deal: Deal, owner: User, client: Client
) -> None:
    def told() -> list[tuple[TaxRate, TaxRate]]:
        answer = client.get(f"/deals/{deal.pk}/")
        pairs: list[tuple[TaxRate, TaxRate]] = answer.context["stale_rates"]
        assert ("This offer counts with PPN 11 %" in answer.content.decode()) == bool(pairs)
        return pairs

    of = {"dealership": deal.dealership, "name": "PPN"}
    old = TaxRateFactory(**of, percent=Decimal(11), valid_from=date(2022, 4, 1))
    TaxRateFactory(dealership=deal.dealership, name="Luxury", percent=Decimal(20), valid_from=date(2025, 1, 1))
    scenarios.write(deal.chosen, by=owner, values={"tax": old})
    TaxRateFactory(**of, percent=Decimal(13), valid_from=timezone.localdate() + timedelta(days=2))
    assert told() == []
    new = TaxRateFactory(**of, percent=Decimal(12), valid_from=date(2025, 1, 1))
    assert told() == [(old, new)]
    scenarios.write(deal.chosen, by=owner, values={"tax": new})
    assert told() == []


def test_the_desk_calculates_what_is_written_and_stores_nothing(deal: Deal, owner: User, client: Client) -> None:
    data = page_data(client, deal) | {"price": "20000000", "term": "10", "rate": "0", "down_payment": "5000000"}
    answer = client.post(CALCULATE.format(deal.chosen.pk), data, HTTP_HX_REQUEST="true")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "Rp1,500,000" in text.replace("\xa0", "")
    assert 'value="36:5000000"' in text
    assert deal.chosen.price == Decimal(18_500_000)
    wrong = client.post(CALCULATE.format(deal.chosen.pk), data | {"down_payment": "21000000"}).content.decode()
    assert "more than the" in wrong


def test_the_desk_saves_items_trade_ins_and_finance_and_shows_what_is_wrong_in_its_place(
    deal: Deal, owner: User, client: Client
) -> None:
    helmet = CatalogueItemFactory(dealership=deal.dealership)
    scenario = deal.chosen
    data = page_data(client, deal) | {
        "item-new-0-catalogue_item": helmet.pk,
        "item-new-1-name": "STNK",
        "item-new-1-unit_price": "650000",
        "trade-in-new-0-make": "Honda",
        "trade-in-new-0-model": "Vario",
        "trade-in-new-0-allowance": "5000000",
        "term": "12",
        "down_payment": "1000000",
    }
    wrong = client.post(SAVE.format(scenario.pk), data | {"down_payment": "30000000"})
    assert wrong.status_code == 422
    assert "down_payment" in wrong.context["desk"].form.errors
    assert not scenario.items.exists()
    assert client.post(SAVE.format(scenario.pk), data).status_code == 302
    assert list(scenario.items.values_list("name", "kind", "unit_price", "unit_cost")) == [
        (helmet.name, "accessory", Decimal(400_000), Decimal(250_000)),
        ("STNK", "fee", Decimal(650_000), Decimal(0)),
    ]
    assert scenario.trade_ins.get().allowance == Decimal(5_000_000)
    line = scenario.items.first()
    again = page_data(client, deal) | {f"item-{line.pk}-remove": "1"}
    assert client.post(SAVE.format(scenario.pk), again).status_code == 302
    assert list(scenario.items.values_list("name", flat=True)) == ["STNK"]
    deal.refresh_from_db()
    assert deal.total == offers.summary_of(deal.chosen).total


def test_what_two_people_write_at_one_desk_is_all_kept_or_asked(
    deal: Deal, owner: User, client: Client, seller: User
) -> None:
    scenario = deal.chosen
    scenarios.write(scenario, by=owner, rows=[Item(name="Helmet", unit_price=Decimal(100))])
    line = scenario.items.get()
    mine, theirs = page_data(client, deal), page_data(client, deal)
    other = signed_in(seller)
    assert other.post(SAVE.format(scenario.pk), theirs | {"lender": "Adira", "price": "18000000"}).status_code == 302
    assert client.post(SAVE.format(scenario.pk), mine | {f"item-{line.pk}-unit_price": "200"}).status_code == 302
    scenario.refresh_from_db()
    assert (scenario.lender, scenario.price, scenario.items.get().unit_price) == ("Adira", 18_000_000, 200)
    clash = client.post(SAVE.format(scenario.pk), mine | {"price": "17000000"})
    assert clash.status_code == 409
    assert "18000000" in clash.content.decode()


def test_a_cell_of_the_table_applies_its_term_and_down_payment(deal: Deal, owner: User, client: Client) -> None:
    data = page_data(client, deal) | {"term": "12", "apply": "36:3700000"}
    assert client.post(SAVE.format(deal.chosen.pk), data).status_code == 302
    assert (deal.chosen.term, deal.chosen.down_payment) == (36, Decimal(3_700_000))
    assert client.post(SAVE.format(deal.chosen.pk), data | {"apply": "nonsense"}).status_code == 302
    assert deal.chosen.term == 36


def test_a_deal_is_rolled_to_a_payment_and_kept_only_when_saved(deal: Deal, owner: User, client: Client) -> None:
    data = page_data(client, deal) | {"term": "12", "target_payment": "1000000", "lever": "down_payment"}
    answer = client.post(ROLL.format(deal.chosen.pk), data)
    assert answer.status_code == 200
    desk = answer.context["desk"]
    assert desk.summary.monthly_payment <= Decimal(1_000_000)
    assert desk.form["down_payment"].value() == f"{desk.summary.down_payment:f}"
    assert deal.chosen.down_payment == 0
    out_of_reach = client.post(ROLL.format(deal.chosen.pk), data | {"target_payment": "1", "lever": "term"})
    assert out_of_reach.status_code == 422


def test_scenarios_stand_side_by_side_and_one_is_chosen(deal: Deal, owner: User, client: Client) -> None:
    first = deal.chosen
    scenarios.write(first, by=owner, rows=[Item(name="Helmet", unit_price=Decimal(100_000))])
    data = page_data(client, deal) | {"save_as": "1", "new_name": "Cash", "price": "18100000"}
    assert client.post(SAVE.format(first.pk), data).status_code == 302
    second = deal.scenarios.get(name="Cash")
    assert (second.price, second.items.get().name, deal.chosen.price) == (18_100_000, "Helmet", 18_500_000)
    text = client.get(f"/deals/{deal.pk}/").content.decode()
    assert "Side by side" in text
    assert client.post(f"/deals/scenarios/{second.pk}/choose/").status_code == 302
    deal.refresh_from_db()
    assert (deal.chosen, deal.total) == (second, Decimal(18_200_000))
    client.post(f"/deals/scenarios/{second.pk}/remove/")
    client.post(f"/deals/scenarios/{first.pk}/remove/")
    assert [each.name for each in deal.scenarios.all()] == ["Cash"]
    taken = client.post(SAVE.format(second.pk), page_data(client, deal) | {"save_as": "1", "new_name": "Cash"})
    assert taken.status_code == 422


def test_the_desk_of_a_contract_is_locked(dealership_a: Dealership, owner: User, client: Client) -> None:
    deal = deal_at("contracted", dealership_a, owner)
    data = page_data(client, deal) | {"price": "1"}
    text = client.get(f"/deals/{deal.pk}/").content.decode()
    assert "New revision" in text
    assert '<fieldset class="stack" disabled>' in text
    assert client.post(SAVE.format(deal.chosen.pk), data).status_code == 422
    assert deal.chosen.price == Decimal(18_500_000)


def test_the_margin_is_told_to_those_who_may_know_it(deal: Deal, owner: User, client: Client, seller: User) -> None:
    scenarios.write(deal.chosen, by=owner, values={"commission_rate": Decimal(2)})
    address = f"/deals/{deal.pk}/"
    assert "Gross" in client.get(address).content.decode()
    theirs = signed_in(seller)
    text = theirs.get(address).content.decode()
    assert "Gross" not in text
    assert "commission_rate" not in text
    data = page_data(theirs, deal) | {"commission_rate": "50", "item-new-0-name": "x", "item-new-0-unit_price": "5"}
    data |= {"item-new-0-unit_cost": "4"}
    assert theirs.post(SAVE.format(deal.chosen.pk), data).status_code == 302
    assert (deal.chosen.commission_rate, deal.chosen.items.get().unit_cost) == (2, 0)
    calculated = theirs.post(CALCULATE.format(deal.chosen.pk), data).content.decode()
    assert "Gross" not in calculated


def test_who_may_only_look_and_who_belongs_elsewhere_writes_nothing(
    deal: Deal, owner: User, charlie: User, dealership_a: Dealership
) -> None:
    viewer = signed_in(MembershipFactory(dealership=dealership_a, role=Role.VIEWER).user)
    neighbour = signed_in(with_role(charlie, Role.OWNER))
    for page in (SAVE, CALCULATE, ROLL, "/deals/scenarios/{}/choose/", "/deals/scenarios/{}/remove/"):
        assert viewer.post(page.format(deal.chosen.pk), {}).status_code == 403
        assert neighbour.post(page.format(deal.chosen.pk), {}).status_code == 404


def test_a_row_of_another_dealership_is_no_choice(
    deal: Deal, owner: User, client: Client, dealership_b: Dealership
) -> None:
    foreign = {
        "tax": TaxRateFactory(dealership=dealership_b).pk,
        "item-new-0-catalogue_item": CatalogueItemFactory(dealership=dealership_b).pk,
    }
    for name, pk in foreign.items():
        data = page_data(client, deal) | {"item-new-0-name": "x", "item-new-0-unit_price": "1", name: pk}
        assert client.post(SAVE.format(deal.chosen.pk), data).status_code == 422


# -- what cannot be


@pytest.mark.parametrize("cell", ["36:1E+1000000000", "36:1E-1000000000", "36:0E+1000000000", "36:NaN", "36:Infinity"])
def test_a_cell_that_no_table_has_is_refused(deal: Deal, client: Client, owner: User, cell: str) -> None:
    data = page_data(client, deal) | {"term": "12", "apply": cell}
    answer = client.post(SAVE.format(deal.chosen.pk), data, follow=True)
    assert "Choose a cell of the table." in answer.content.decode()
    assert deal.chosen.term is None


@pytest.mark.parametrize("name", ["a\0", "x" * 61])
def test_a_copy_whose_name_cannot_be_is_refused(deal: Deal, client: Client, owner: User, name: str) -> None:
    data = page_data(client, deal) | {"save_as": "1", "new_name": name}
    assert client.post(SAVE.format(deal.chosen.pk), data).status_code == 422
    assert deal.scenarios.count() == 1


def test_a_cost_that_the_currency_cannot_hold_stops_nobody_and_is_told_to_nobody(
    deal: Deal, client: Client, owner: User, seller: User
) -> None:
    deal.vehicle.preparation_cost = Decimal("12345.67")
    deal.vehicle.save()
    helmet = CatalogueItemFactory(dealership=deal.dealership, unit_cost=Decimal("250000.4"))
    data = page_data(signed_in(seller), deal) | {"item-new-0-catalogue_item": helmet.pk}
    answer = signed_in(seller).post(CALCULATE.format(deal.chosen.pk), data)
    assert "12345" not in answer.content.decode()
    assert "250000.4" not in answer.content.decode()
    assert signed_in(seller).post(SAVE.format(deal.chosen.pk), data).status_code == 302
    assert offers.summary_of(deal.chosen).cost == Decimal(17_012_346) + 250_000


def test_customer_and_vehicle_stay_once_there_is_money_or_a_document(deal: Deal, client: Client, owner: User) -> None:
    other = CustomerFactory(dealership=deal.dealership)
    data = {"customer": other.pk, "vehicle": deal.vehicle_id, "note": ""}
    row = DepositFactory(deal=deal, dealership=deal.dealership)
    answer = client.post(f"/deals/{deal.pk}/edit/", data)
    assert answer.status_code == 422
    assert "deposits or documents" in answer.content.decode()
    row.delete()
    documents.make(deal, by=owner, kind="offer")
    assert client.post(f"/deals/{deal.pk}/edit/", data).status_code == 422
    deal.documents.all().delete()
    assert client.post(f"/deals/{deal.pk}/edit/", data).status_code == 302
    deal.refresh_from_db()
    assert deal.customer == other
