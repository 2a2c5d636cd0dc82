"""What two people do to one deal at once, and what is sent twice: nothing is lost, doubled, or said yes to unseen."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client

from crm.models import Lead
from dealers.models import Dealership, Event, User
from sales import scenarios
from sales.models import Deal, Deposit, Document, Scenario
from tests.factories import CustomerFactory, DealFactory, DepositFactory, LeadFactory, VehicleFactory
from tests.people import api_of
from tests.sales.conftest import cut, deal_at, do
from tests.sales.test_desk import SAVE, page_data, signed_in

pytestmark = pytest.mark.django_db
DEPOSIT = {"amount": "500000", "method": "cash", "reference": "", "received_on": "2026-01-15"}


@pytest.fixture
def deal(dealership_a: Dealership) -> Deal:
    found: Deal = DealFactory(dealership=dealership_a)
    return found


def while_it_waits(ask: Callable[[], Any], work: Callable[[], Any]) -> Any:
    """What `ask` is answered that comes while somebody else's `work` on the same rows is not committed yet."""

    def asked() -> Any:
        try:
            return ask()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        with transaction.atomic():
            work()
            answer = threads.submit(asked)
            until = time.monotonic() + 20
            while not answer.done() and not somebody_waits() and time.monotonic() < until:
                time.sleep(0.02)
        return answer.result(30)


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_what_two_save_at_once_at_one_desk_is_all_kept(deal: Deal, owner: User, client: Client) -> None:
    data = page_data(client, deal) | {"lender": "Adira"}
    answer = while_it_waits(
        lambda: client.post(SAVE.format(deal.chosen.pk), data),
        lambda: scenarios.write(deal.chosen, by=owner, values={"price": Decimal(18_000_000)}),
    )
    assert answer.status_code == 302
    assert (deal.chosen.lender, deal.chosen.price) == ("Adira", Decimal(18_000_000))


@pytest.mark.django_db(transaction=True)
def test_a_program_that_knows_less_than_was_just_saved_is_refused(deal: Deal, owner: User) -> None:
    api, address = api_of(owner), f"/api/v1/deals/{deal.pk}/scenarios/{deal.chosen.pk}/"
    known = api.get(address).headers["ETag"]
    answer = while_it_waits(
        lambda: api.patch(address, {"lender": "Adira"}, format="json", HTTP_IF_MATCH=known),
        lambda: scenarios.write(deal.chosen, by=owner, values={"price": Decimal(18_000_000)}),
    )
    assert answer.status_code == 412
    assert deal.chosen.price == Decimal(18_000_000)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("verb", ["save", "choose", "remove"])
def test_a_scenario_that_somebody_has_just_removed_is_told_to_be_gone(
    deal: Deal, owner: User, client: Client, verb: str
) -> None:
    other = scenarios.copy(deal.chosen, by=owner, name="Cash")
    data = page_data(client, deal, other)
    answer = while_it_waits(
        lambda: client.post(f"/deals/scenarios/{other.pk}/{verb}/", data, follow=True),
        lambda: scenarios.remove(other, by=owner),
    )
    assert answer.status_code == 200
    assert "Somebody has removed “Cash” meanwhile." in answer.content.decode()


def test_a_deal_that_somebody_has_deleted_is_told_to_be_gone(deal: Deal, owner: User) -> None:
    first = deal.chosen
    Scenario.objects.all().delete()
    Deal.objects.filter(pk=deal.pk).delete()
    for work in (lambda: do("quote", deal, owner), lambda: scenarios.write(first, by=owner, values={})):
        with pytest.raises(ValidationError, match="Somebody has deleted this deal meanwhile"):
            work()


# -- sent twice


@pytest.mark.parametrize(
    ("verb", "sent", "model"),
    [("deposit", DEPOSIT, Deposit), ("document", {"kind": "offer", "language": ""}, Document)],
)
def test_what_makes_a_row_makes_one_of_a_page_however_often_it_is_sent(
    deal: Deal, owner: User, client: Client, verb: str, sent: dict[str, str], model: Any
) -> None:
    address = f"/deals/{deal.pk}/{verb}/"
    page = client.get(address)
    once = str(page.context["once"])
    assert f'name="once" value="{once}"' in page.content.decode()
    for _ in range(2):
        assert client.post(address, sent | {"once": once}).status_code == 302
    assert model.objects.count() == 1
    again = client.get(address).context["once"]
    assert client.post(address, sent | {"once": again}).status_code == 302
    assert model.objects.count() == 2


def test_a_page_that_was_wrong_keeps_its_key_and_one_sent_with_something_else_is_refused(
    deal: Deal, owner: User, client: Client
) -> None:
    address = f"/deals/{deal.pk}/deposit/"
    assert client.post(address, DEPOSIT | {"once": "mine", "amount": "0"}).context["once"] == "mine"
    assert client.post(address, DEPOSIT | {"once": "mine"}).status_code == 302
    other = client.post(address, DEPOSIT | {"once": "mine", "amount": "700000"}, follow=True)
    assert "sent before with something else" in other.content.decode()
    assert deal.deposits.get().amount == Decimal(500_000)


@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_at_once_one_makes_the_deposit(deal: Deal, owner: User) -> None:
    browsers = [signed_in(owner), signed_in(owner)]

    def click(browser: Client) -> int:
        try:
            return browser.post(f"/deals/{deal.pk}/deposit/", DEPOSIT | {"once": "mine"}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        assert list(threads.map(click, browsers)) == [302, 302]
    assert deal.deposits.count() == 1


def test_a_program_that_sends_a_deposit_again_with_its_key_makes_one(deal: Deal, owner: User) -> None:
    api, address = api_of(owner), f"/api/v1/deals/{deal.pk}/deposit/"
    known = api.get(f"/api/v1/deals/{deal.pk}/").headers["ETag"]
    for _ in range(2):
        answer = api.post(address, DEPOSIT, format="json", HTTP_IDEMPOTENCY_KEY="mine", HTTP_IF_MATCH=known)
        assert answer.status_code == 200, answer.content
    other = api.post(address, DEPOSIT | {"amount": "1"}, format="json", HTTP_IDEMPOTENCY_KEY="mine")
    assert (other.status_code, other.json()["type"]) == (409, "key_taken")
    assert deal.deposits.count() == 1


def test_a_contact_that_is_sent_twice_is_noted_once(dealership_a: Dealership, owner: User, client: Client) -> None:
    lead = LeadFactory(dealership=dealership_a, notes="")
    once = client.get(f"/leads/{lead.pk}/contact/").context["once"]
    for _ in range(2):
        client.post(f"/leads/{lead.pk}/contact/", {"words": "Calls back.", "once": once})
    assert Lead.objects.get().notes.count("Calls back.") == 1


def test_a_deposit_is_removed_once(deal: Deal, owner: User) -> None:
    row = DepositFactory(deal=deal, dealership=deal.dealership)
    mine, theirs = Deposit.objects.get(pk=row.pk), Deposit.objects.get(pk=row.pk)
    scenarios.remove_deposit(mine, by=owner)
    with pytest.raises(ValidationError, match="Somebody has removed the deposit"):
        scenarios.remove_deposit(theirs, by=owner)
    assert Event.objects.filter(verb="deal.deposit").count() == 1


# -- approved as it was seen


@pytest.fixture
def asked(deal: Deal, seller: User) -> Deal:
    """A deal of which somebody asked to have a price below the minimum approved."""
    do("quote", deal, seller)
    cut(deal, seller, 600_000)
    do("submit", deal, seller)
    return deal


def ask_again(deal: Deal, by: User) -> None:
    cut(deal, by, 5_000_000)
    do("submit", deal, by)


def test_a_price_is_approved_as_it_was_shown_or_not_at_all(asked: Deal, seller: User, manager: User) -> None:
    browser, address = signed_in(manager), f"/deals/{asked.pk}/approve/"
    form = browser.get(address).context["form"]
    assert form["price"].value() == "17900000"
    ask_again(asked, seller)
    refused = browser.post(address, {"price": form["price"].value()}, follow=True)
    assert "The price is 13500000 by now, no longer 17900000" in refused.content.decode()
    assert browser.post(address, {}).status_code == 422
    asked.refresh_from_db()
    assert (asked.stage, asked.approved_at) == ("quoted", None)
    browser.post(address, {"price": "13500000"})
    asked.refresh_from_db()
    assert (asked.stage, asked.approved_price) == ("approved", Decimal(13_500_000))


def test_a_program_says_which_price_it_approves(asked: Deal, seller: User, manager: User) -> None:
    api, address = api_of(manager), f"/api/v1/deals/{asked.pk}/approve/"
    ask_again(asked, seller)
    assert api.post(address, {}, format="json").status_code == 400
    assert api.post(address, {"price": "17900000"}, format="json").status_code == 409
    assert api.post(address, {"price": "13500000"}, format="json").json()["stage"] == "approved"


def test_an_approval_stays_if_what_is_saved_changes_nothing(
    dealership_a: Dealership, seller: User, client: Client, owner: User
) -> None:
    deal = deal_at("approved", dealership_a, seller)
    assert client.post(SAVE.format(deal.chosen.pk), page_data(client, deal)).status_code == 302
    deal.refresh_from_db()
    assert deal.stage == "approved"


# -- what the database refuses


def test_two_leads_of_which_one_deal_would_be_made_are_told_in_words(
    dealership_a: Dealership, owner: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if both had looked before one of them was saved."""
    monkeypatch.setattr("sales.stages.need_the_only", lambda *rows: None)
    customer, vehicle = CustomerFactory(dealership=dealership_a), VehicleFactory(dealership=dealership_a)
    first, second, third = (LeadFactory(dealership=dealership_a, customer=customer) for _ in range(3))
    assert client.post(f"/leads/{first.pk}/convert/", {"vehicle": vehicle.pk}).status_code == 302
    answer = client.post(f"/leads/{second.pk}/convert/", {"vehicle": vehicle.pk}, follow=True)
    assert "something that this contradicts" in answer.content.decode()
    told = api_of(owner).post(f"/api/v1/leads/{third.pk}/convert/", {"vehicle": vehicle.pk}, format="json")
    assert told.status_code == 409
    second.refresh_from_db()
    assert (second.converted_at, Deal.objects.count()) == (None, 1)
