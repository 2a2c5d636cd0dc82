"""Leasing applications become the finance of deals, to the instalment that was granted, and over nobody's own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from dealers.models import Dealership, User
from ingestion.models import Adoption
from sales import scenarios, stages
from sales.models import Contract, Deal, Scenario
from tests.ingestion.adoption.said import BOOKED, PRICE, SPK, adopt, again, delivery, feeds, letter, loan, told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def adopting(dealership_a: Dealership) -> None:
    Dealership.objects.update(language="en")
    dealership_a.refresh_from_db()
    feeds(dealership_a, "spk_read", "leasing", "bast_read")


def rows() -> list[Any]:
    return [list(model.objects.values()) for model in (Deal, Scenario, Contract)]


@pytest.mark.parametrize("before", [True, False])
def test_a_loan_is_the_deals_finance_as_it_was_granted(dealership_a: Dealership, before: bool) -> None:
    if before:
        loan(dealership_a)
        adopt()
        assert "is not here yet" in told("leasing").problems[0]
    letter(dealership_a)
    adopt()
    if not before:
        loan(dealership_a)
        adopt()
    deal = Deal.objects.get()
    chosen, figures = deal.chosen, deal.contract.figures
    assert (chosen.lender, chosen.term, chosen.down_payment) == ("Astra FIF", 35, Decimal(4_000_000) - BOOKED)
    assert (deal.stage, deal.revision, deal.contracts.count()) == ("contracted", 2, 2)
    assert (figures["monthly_payment"], figures["financed"]) == ("640000", "13750000")
    assert deal.total == PRICE - 250_000
    assert chosen.is_locked
    found = rows()
    again()
    again()
    assert rows() == found


def test_a_loan_that_comes_after_the_delivery_is_its_finance_too(dealership_a: Dealership) -> None:
    letter(dealership_a)
    delivery(dealership_a)
    adopt()
    loan(dealership_a)
    adopt()
    deal = Deal.objects.get()
    assert (deal.stage, deal.chosen.lender, deal.vehicle.status) == ("delivered", "Astra FIF", "delivered")


def test_a_loan_that_was_changed_is_another_revision(dealership_a: Dealership) -> None:
    letter(dealership_a)
    record = loan(dealership_a)
    adopt()
    type(record).objects.update(tenor=23, jumlah_cicilan=Decimal(800_000))
    again()
    again()
    deal = Deal.objects.get()
    assert (deal.chosen.term, deal.contract.figures["monthly_payment"], deal.revision) == (23, "800000", 3)


def test_finance_that_people_wrote_stays_and_is_told(dealership_a: Dealership, owner: User) -> None:
    letter(dealership_a)
    loan(dealership_a)
    adopt()
    deal = Deal.objects.get()
    stages.revise(deal, by=owner)
    scenarios.write(deal.chosen, by=owner, values={"lender": "Adira", "term": 24})
    stages.submit(deal, by=owner)
    stages.contract(deal, by=owner)
    before = rows()
    again()
    assert rows() == before
    kept = {name: (here, there) for _row, name, here, there in told("leasing").kept}
    assert (kept["lender"], kept["term"]) == (("Adira", "Astra FIF"), ("24", "35"))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"tenor": None, "jumlah_cicilan": None}, "does not say: tenor in months, instalment"),
        ({"nama_finance_company": None, "id_finance_company": None}, "finance company"),
        ({"jumlah_cicilan": Decimal(100_000)}, "do not pay off"),
        ({"jumlah_cicilan": Decimal(10_000_000)}, "% a year"),
        ({"jumlah_dp": Decimal(30_000_000)}, "more than"),
        ({"tenor": 500}, "months are not possible"),
        ({"id_spk": None}, "names no order letter"),
    ],
)
def test_a_loan_that_does_not_add_up_is_told_and_changes_nothing(
    dealership_a: Dealership, more: dict[str, Any], words: str
) -> None:
    letter(dealership_a)
    adopt()
    before = rows()
    loan(dealership_a, **more)
    adopt()
    assert told("leasing").state == Adoption.State.REFUSED
    assert words in " ".join(told("leasing").problems)
    assert rows() == before


def test_nobody_can_tell_which_of_several_deals_a_loan_is_for(dealership_a: Dealership) -> None:
    letter(dealership_a, {"quantity": 2})
    loan(dealership_a)
    adopt()
    assert "2 deals" in told("leasing").problems[0]


def test_a_deal_that_people_work_on_gets_its_finance_when_it_is_contracted(
    dealership_a: Dealership, owner: User
) -> None:
    letter(dealership_a)
    adopt()
    deal = Deal.objects.get()
    stages.revise(deal, by=owner)
    loan(dealership_a)
    adopt()
    assert "once it is contracted" in told("leasing").problems[0]
    stages.submit(deal, by=owner)
    stages.contract(deal, by=owner)
    again()
    assert Deal.objects.get(order_number=SPK).chosen.lender == "Astra FIF"


def test_finance_that_people_wrote_stays_however_often_it_is_adopted(dealership_a: Dealership, owner: User) -> None:
    letter(dealership_a)
    loan(dealership_a)
    adopt()
    deal = Deal.objects.get()
    stages.revise(deal, by=owner)
    scenarios.write(deal.chosen, by=owner, values={"lender": "Adira", "term": 24})
    stages.submit(deal, by=owner)
    stages.contract(deal, by=owner)
    for _ in range(3):
        again()
    assert Deal.objects.get().chosen.lender == "Adira"


@pytest.mark.parametrize("first", ["old", "new"])
def test_of_two_applications_of_a_letter_the_later_one_holds(dealership_a: Dealership, first: str) -> None:
    said = {
        "old": {"nama_finance_company": "Adira", "tanggal_pembuatan_po": date(2026, 1, 10)},
        "new": {"nama_finance_company": "Astra FIF", "tanggal_pembuatan_po": date(2026, 1, 11)},
    }
    letter(dealership_a)
    for which in (first, "new" if first == "old" else "old"):
        loan(dealership_a, **said[which])
        adopt()
    found = rows()
    again()
    again()
    assert rows() == found
    assert Deal.objects.get().chosen.lender == "Astra FIF"
    assert not Adoption.objects.exclude(state="adopted").exists()
