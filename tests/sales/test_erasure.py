"""A customer who is erased stands in no deal, no document and no file; the money and the numbers stay."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from crm import privacy
from crm.models import Customer
from dealers.models import Dealership, Event, User
from sales import documents, links, scenarios
from sales.models import Contract, Deal, Deposit, Document, Item, OfferLink, TradeIn
from tests.factories import (
    AppointmentFactory,
    CustomerFactory,
    DealFactory,
    DepositFactory,
    LeadFactory,
    RegistrationFactory,
)
from tests.people import api_of
from tests.sales.conftest import do
from tests.standing import in_files, standing

CANARY = "qzkanari"
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def customer(dealership_a: Dealership) -> Customer:
    made: Customer = CustomerFactory(dealership=dealership_a, name=f"Mr {CANARY}")
    return made


@pytest.fixture
def sold(customer: Customer, owner: User, manager: User, dealership_a: Dealership) -> Deal:
    """A deal that was offered, accepted by a link, contracted and delivered, with the canary wherever it can stand."""
    deal: Deal = DealFactory(dealership=dealership_a, customer=customer, note=f"{CANARY} wants it red")
    values = {"name": f"For {CANARY}", "discount": Decimal(100_000), "discount_reason": f"{CANARY} is a friend"}
    rows = [
        Item(name=f"Engraving {CANARY}", unit_price=Decimal(400_000)),
        TradeIn(make="Honda", model="Vario", plate="B 777 QZK", allowance=Decimal(5_000_000)),
    ]
    scenarios.write(deal.chosen, by=owner, values=values, rows=rows)
    deal.refresh_from_db()
    DepositFactory(deal=deal, dealership=dealership_a, reference=f"From {CANARY}")
    token = links.make(documents.make(deal, by=owner, kind="offer"), by=owner, days=7)
    Client().post(f"/offers/{token}/", {"name": f"Mr {CANARY}", "agreed": "on"}, REMOTE_ADDR="203.0.113.7")
    assert OfferLink.objects.get().accepted_name == f"Mr {CANARY}"
    for name in ("quote", "reserve", "submit"):
        do(name, deal, owner)
    deal.refresh_from_db()
    if deal.needs_approval:
        do("approve", deal, manager)
    do("contract", deal, owner)
    documents.make(deal, by=owner, kind="contract")
    do("deliver", deal, owner)
    RegistrationFactory(
        deal=deal,
        dealership=dealership_a,
        number=f"{CANARY} 1",
        note=CANARY,
        received_on=timezone.localdate(),
        handed_over_on=timezone.localdate(),
        received_by=f"Mrs {CANARY}",
    )
    lead = LeadFactory(dealership=dealership_a, customer=customer, name=CANARY)
    AppointmentFactory(dealership=dealership_a, lead=lead, notes=f"{CANARY} brings a friend")
    return Deal.objects.get(pk=deal.pk)


def test_the_money_and_the_number_stay_and_the_person_stands_nowhere(sold: Deal, customer: Customer) -> None:
    tables = standing(CANARY)[CANARY]
    assert {"sales_scenario", "sales_historicalscenario", "sales_item", "sales_deposit", "sales_offerlink"} <= tables
    assert {"sales_document", "sales_registration", "crm_appointment", "dealers_event"} <= tables
    assert len(in_files(CANARY)) == 2
    before = Contract.objects.values("offer", "figures", "revision", "signed_at").get()
    hashes = list(Document.objects.order_by("pk").values_list("sha256", "kind", "version"))
    total, number = sold.total, sold.number

    privacy.erase(customer, reason="by letter")

    assert standing(CANARY, "203.0.113.7") == {}
    plates = standing("777 QZK")["777 QZK"]
    assert plates == {"inventory_vehicle", "inventory_historicalvehicle"}, "what was traded in is the house's"
    assert in_files(CANARY) == []
    after = Deal.objects.get()
    assert (after.total, after.number, after.stage) == (total, number, "delivered")
    assert Contract.objects.values("offer", "figures", "revision", "signed_at").get() == before
    assert list(Document.objects.order_by("pk").values_list("sha256", "kind", "version")) == hashes
    assert Deposit.objects.get().amount == 500_000
    assert Item.objects.get().unit_price == 400_000
    assert TradeIn.objects.get().allowance == 5_000_000
    assert OfferLink.objects.get().accepted_at is not None


def test_a_document_that_was_removed_is_told_and_neither_fetched_nor_sent(
    sold: Deal, customer: Customer, owner: User, client: Client
) -> None:
    document = Document.objects.filter(kind="offer").get()
    address = f"/deals/documents/{document.pk}/"
    assert client.get(address).status_code == 200
    privacy.erase(customer)
    document.refresh_from_db()
    assert document.erased_at is not None
    assert client.get(address).status_code == 404
    text = client.get(f"/deals/{sold.pk}/").content.decode()
    assert "removed with the customer" in text
    assert address not in text


def test_a_link_to_a_removed_document_leads_nowhere(customer: Customer, owner: User, dealership_a: Dealership) -> None:
    deal = DealFactory(dealership=dealership_a, customer=customer)
    document = documents.make(deal, by=owner, kind="offer")
    token = links.make(document, by=owner, days=7)
    assert Client().get(f"/offers/{token}/").status_code == 200
    privacy.erase(customer)
    assert Client().get(f"/offers/{token}/").status_code == 404
    assert OfferLink.objects.get().accepted_name == ""
    with pytest.raises(ValidationError):
        links.make(Document.objects.select_related("deal").get(), by=owner, days=7)


def test_a_second_erasure_changes_nothing(sold: Deal, customer: Customer) -> None:
    privacy.erase(customer)
    before = Document.objects.order_by("pk").values_list("erased_at", flat=True)[0]
    privacy.replay()
    assert Document.objects.order_by("pk").values_list("erased_at", flat=True)[0] == before


def test_other_peoples_deals_are_left_alone(
    sold: Deal, customer: Customer, owner: User, dealership_a: Dealership
) -> None:
    other = DealFactory(dealership=dealership_a, customer=CustomerFactory(dealership=dealership_a, name="Somebody"))
    documents.make(other, by=owner, kind="offer")
    privacy.erase(customer)
    left = Document.objects.get(deal=other)
    assert left.erased_at is None
    assert bytes(left.pdf).startswith(b"%PDF")
    told = Event.objects.filter(object_type="sales.document", object_id=str(left.pk))
    assert told.exclude(object_text="").exists()


def test_a_deal_of_a_lead_that_somebody_else_made_stays_theirs(
    customer: Customer, owner: User, dealership_a: Dealership
) -> None:
    lead = LeadFactory(dealership=dealership_a, customer=customer)
    spouse = CustomerFactory(dealership=dealership_a, name="Somebody")
    deal = DealFactory(dealership=dealership_a, customer=spouse, lead=lead, note="Wants it red")
    documents.make(deal, by=owner, kind="offer")
    privacy.erase(customer)
    assert Deal.objects.get().note == "Wants it red"
    assert Document.objects.get().erased_at is None


def test_the_file_about_a_person_tells_of_their_deals_but_not_what_the_house_earns(
    sold: Deal, customer: Customer, owner: User
) -> None:
    told: Any = api_of(owner).post(f"/api/v1/customers/{customer.pk}/export/").json()
    assert told["rows"]["sales.document"][0]["facts"]["customer"] == [["Nama", f"Mr {CANARY}"]]
    assert told["rows"]["sales.item"][0]["name"] == f"Engraving {CANARY}"
    assert len(told["rows"]["sales.offerlink"]) == 1
    for hidden in ("pdf", "token_hash", "unit_cost", "commission_rate", "sales.contract"):
        assert f'"{hidden}"' not in str(told).replace("'", '"')
