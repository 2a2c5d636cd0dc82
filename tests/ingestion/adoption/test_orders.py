"""Order letters become contracted deals, once, with the figures that they say; and leads of their prospects are won."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import DataError
from django.test import Client
from django.utils import timezone

from crm import privacy
from crm.models import ContactPoint, Customer, Lead
from dealers.models import Dealership, Event, User
from dealers.tenancy import acting_for
from ingestion import adoption
from ingestion.models import Adoption
from inventory.models import Vehicle
from sales import scenarios, stages
from sales.models import Contract, Deal, Deposit
from tests.factories import CustomerFactory, DealFactory, TaxRateFactory, VehicleFactory
from tests.ingestion.adoption.said import BOOKED, DISCOUNT, KTP, ORDERED, PRICE, SPK, adopt, again, feeds, letter, told
from tests.ingestion.adoption.test_people import prospect

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def adopting(dealership_a: Dealership) -> None:
    Dealership.objects.update(language="en")
    dealership_a.refresh_from_db()
    feeds(dealership_a, "spk_read", "prospect")


def rows() -> list[Any]:
    return [list(model.objects.values()) for model in (Customer, ContactPoint, Deal, Vehicle, Contract, Deposit, Lead)]


def test_a_letter_is_a_contracted_deal_of_its_customer(dealership_a: Dealership) -> None:
    letter(dealership_a)
    adopt()
    deal, customer = Deal.objects.get(), Customer.objects.get()
    assert (customer.name, customer.phone, customer.email) == ("Budi Santoso", "+6281234567890", "budi@example.com")
    assert customer.identity_number == KTP
    assert (deal.customer, deal.stage, deal.order_number) == (customer, "contracted", SPK)
    assert timezone.localdate(deal.contracted_at, dealership_a.zone) == ORDERED
    assert (deal.chosen.price, deal.chosen.discount, deal.total) == (PRICE, DISCOUNT, PRICE - DISCOUNT)
    assert deal.deposits.get().amount == BOOKED
    assert deal.contract.figures["due"] == "16750000"
    vehicle = deal.vehicle
    assert (vehicle.make, vehicle.model, vehicle.colour, vehicle.vin) == ("Honda", "HP5", "BK", "")
    assert (vehicle.status, vehicle.acquired_on) == ("sold", None)
    assert told("spk_read").state == Adoption.State.ADOPTED
    assert Event.objects.get(verb="deal.contract").who == adoption.FEED


def test_to_adopt_again_changes_nothing(dealership_a: Dealership) -> None:
    letter(dealership_a)
    adopt()
    before, versions = rows(), Deal.history.count()
    again()
    again()
    assert (rows(), Deal.history.count()) == (before, versions)


def test_it_is_the_same_deal_after_the_adoption_was_switched_off_and_on(dealership_a: Dealership) -> None:
    letter(dealership_a)
    adopt()
    Adoption.objects.all().delete()
    adoption.again(adoption.JOB_TYPES["spk_read"], dealership_a)
    adopt()
    assert Deal.objects.count() == Customer.objects.count() == 1


def test_each_unit_of_a_letter_is_a_deal(dealership_a: Dealership) -> None:
    letter(dealership_a, {"quantity": 2}, {"kode_tipe_unit": "MF1D"})
    adopt()
    again()
    assert sorted(Deal.objects.values_list("vehicle__model", flat=True)) == ["HP5", "HP5", "MF1D"]


def test_a_customer_is_found_and_stays_as_people_wrote_it(dealership_a: Dealership) -> None:
    known = CustomerFactory(dealership=dealership_a, name="Pak Budi")
    known.set_identity_number(KTP)
    known.save()
    letter(dealership_a)
    adopt()
    assert Customer.objects.get().name == "Pak Budi"
    assert told("spk_read").kept == [["Pak Budi", "name", "Pak Budi", "Budi Santoso"]]


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ({"diskon": PRICE + 1}, "discount is more than the price"),
        ({"harga_jual": Decimal("18000000.5")}, "decimals"),
        ({"harga_jual": Decimal(-1), "diskon": None}, "greater than or equal to 0"),
        ({"harga_jual": Decimal(10) ** 30, "diskon": None}, "digits"),
        ({"harga_jual": Decimal(0), "diskon": None}, "no price"),
        ({"harga_jual": None}, "what the unit costs"),
        ({"kode_tipe_unit": None}, "which type"),
        ({"quantity": 51}, "more than 50"),
        ({"quantity": 0}, "no unit"),
        ({"jumlah_tanda_jadi": Decimal(-5)}, "greater than or equal to 0"),
    ],
)
def test_figures_that_do_not_add_up_are_told_and_leave_no_deal(
    dealership_a: Dealership, unit: dict[str, Any], words: str
) -> None:
    letter(dealership_a, {}, unit) if "quantity" not in unit else letter(dealership_a, unit)
    adopt()
    found = told("spk_read")
    assert found.state == Adoption.State.REFUSED
    assert words in " ".join(found.problems)
    assert not Deal.objects.exists()
    assert not Vehicle.objects.exists()
    assert Customer.objects.count() == 1, "who ordered is known all the same"


def test_a_number_too_large_for_a_column_is_told_and_stops_nobody_else(dealership_a: Dealership) -> None:
    letter(dealership_a, {"jumlah_tanda_jadi": Decimal(10) ** 30})
    letter(dealership_a, id_spk="SPK/2")
    adopt()
    assert Deal.objects.get().order_number == "SPK/2"


@pytest.mark.parametrize("error", [DataError("value out of range"), OverflowError("date value out of range")])
def test_what_no_column_holds_is_told_and_stops_nobody_else(
    dealership_a: Dealership, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    adopter = adoption.ADOPTERS["spk_read"]

    def fail(record: Any, outcome: Any) -> None:
        if record.id_spk == SPK:
            raise error
        adopter(record, outcome)

    monkeypatch.setitem(adoption.ADOPTERS, "spk_read", fail)
    letter(dealership_a)
    letter(dealership_a, id_spk="SPK/2")
    adopt()
    assert Deal.objects.get().order_number == "SPK/2"
    assert "has no place here" in Adoption.objects.get(state="refused").problems[0]


@pytest.mark.parametrize(
    ("amount", "inclusive", "total"),
    [(Decimal(1_759_009), True, 17_750_000), (Decimal(1_952_500), False, 19_702_500), (Decimal(77), None, 17_750_000)],
)
def test_the_tax_told_is_the_dealerships_rate_that_gives_it(
    dealership_a: Dealership, amount: Decimal, inclusive: bool | None, total: int
) -> None:
    rate = TaxRateFactory(dealership=dealership_a, percent=Decimal(11))
    TaxRateFactory(dealership=dealership_a, percent=Decimal(20))
    letter(dealership_a, {"amount_ppn": amount})
    adopt()
    again()
    deal = Deal.objects.get()
    assert deal.chosen.tax == (None if inclusive is None else rate)
    assert deal.total == total
    if inclusive is None:
        assert told("spk_read").kept == [[str(deal), "tax", "0", "77"]]
    else:
        assert deal.chosen.tax_inclusive is inclusive


# -- what people did


def before_the_letter(dealership: Dealership, days: int = 2) -> datetime:
    return datetime(ORDERED.year, ORDERED.month, ORDERED.day, 9, tzinfo=dealership.zone) - timedelta(days=days)


@pytest.mark.parametrize("days", [-4, 61])
def test_a_deal_of_another_time_is_not_the_letters(dealership_a: Dealership, days: int) -> None:
    letter(dealership_a)
    customer = CustomerFactory(dealership=dealership_a)
    customer.set_identity_number(KTP)
    customer.save()
    theirs = DealFactory(
        dealership=dealership_a, customer=customer, created_at=before_the_letter(dealership_a, days=days)
    )
    adopt()
    theirs.refresh_from_db()
    assert theirs.order_number == ""
    assert Deal.objects.filter(order_number=SPK).count() == 1


def test_a_deal_that_was_delivered_is_no_later_letters(dealership_a: Dealership, owner: User) -> None:
    letter(dealership_a)
    customer = CustomerFactory(dealership=dealership_a)
    customer.set_identity_number(KTP)
    customer.save()
    deal = DealFactory(dealership=dealership_a, customer=customer, created_at=before_the_letter(dealership_a))
    for verb in ("quote", "submit", "contract", "deliver"):
        getattr(stages, verb)(deal, by=owner)
    adopt()
    assert Deal.objects.filter(order_number=SPK).exclude(pk=deal.pk).count() == 1


def test_a_letter_that_shrank_tells_of_the_deals_that_it_orders_no_more(dealership_a: Dealership) -> None:
    record = letter(dealership_a, {"quantity": 2})
    adopt()
    record.unit.update(quantity=1)
    before = rows()
    again()
    assert rows() == before
    last = Deal.objects.order_by("pk").last()
    assert told("spk_read").kept == [[str(last), "stage", "contracted", "cancelled"]]


def test_the_deal_that_people_began_is_the_letters_and_stays_theirs(dealership_a: Dealership, owner: User) -> None:
    letter(dealership_a)
    customer = CustomerFactory(dealership=dealership_a)
    customer.set_identity_number(KTP)
    customer.save()
    mine = DealFactory(dealership=dealership_a, customer=customer, created_at=before_the_letter(dealership_a))
    adopt()
    deal = Deal.objects.get()
    assert (deal, deal.order_number, deal.stage, deal.chosen.price) == (mine, SPK, "draft", Decimal(18_500_000))
    differences = {name: (here, there) for _row, name, here, there in told("spk_read").kept}
    assert differences["price"] == ("18500000", "18000000")
    assert differences["stage"] == ("draft", "contracted")
    before = rows()
    again()
    assert rows() == before


def test_two_deals_of_a_customer_are_neither_the_letters(dealership_a: Dealership) -> None:
    letter(dealership_a)
    customer = CustomerFactory(dealership=dealership_a)
    customer.set_identity_number(KTP)
    customer.save()
    for _ in range(2):
        DealFactory(dealership=dealership_a, customer=customer, created_at=before_the_letter(dealership_a))
    adopt()
    assert Deal.objects.exclude(order_number="").count() == 1
    assert Deal.objects.count() == 3


def test_a_deal_that_people_revised_or_cancelled_is_not_contracted_again(dealership_a: Dealership, owner: User) -> None:
    letter(dealership_a)
    letter(dealership_a, id_spk="SPK/2", no_ktp="3171234567890002", no_kontak=None)
    adopt()
    revised, ended = Deal.objects.order_by("pk")
    stages.revise(revised, by=owner)
    scenarios.write(revised.chosen, by=owner, values={"price": Decimal(17_000_000)})
    stages.cancel(ended, by=owner, reason="changed their mind")
    before = rows()
    again()
    assert rows() == before


def test_a_changed_letter_is_told_and_changes_no_contract(dealership_a: Dealership) -> None:
    record = letter(dealership_a)
    adopt()
    record.unit.update(harga_jual=Decimal(17_500_000))
    before = rows()
    again()
    assert rows() == before
    assert told("spk_read").kept == [[str(Deal.objects.get()), "price", "18000000", "17500000"]]


def test_who_was_erased_is_written_down_by_no_letter_again(dealership_a: Dealership) -> None:
    letter(dealership_a)
    adopt()
    privacy.erase(Customer.objects.get(), reason="asked for it")
    again()
    assert not Customer.objects.exists()
    assert told("spk_read").state == Adoption.State.REFUSED


# -- cancelled letters


def test_a_cancelled_letter_is_a_customer_and_no_deal(dealership_a: Dealership) -> None:
    letter(dealership_a, status_spk="4")
    adopt()
    assert Customer.objects.count() == 1
    assert not Deal.objects.exists()


def test_a_letter_that_is_cancelled_cancels_its_deal_and_leaves_no_vehicle_in_stock(dealership_a: Dealership) -> None:
    record = letter(dealership_a)
    adopt()
    type(record).objects.update(status_spk="4")
    again()
    again()
    deal = Deal.objects.get()
    assert (deal.stage, deal.vehicle.status) == ("cancelled", "withdrawn")
    assert not Vehicle.objects.in_stock().exists()


def test_a_delivered_deal_is_not_cancelled_by_its_letter(dealership_a: Dealership) -> None:
    record = letter(dealership_a)
    adopt()
    stages.deliver(Deal.objects.get(), by=None)
    type(record).objects.update(status_spk="4")
    again()
    assert Deal.objects.get().stage == "delivered"
    assert told("spk_read").kept == [[str(Deal.objects.get()), "stage", "delivered", "cancelled"]]


# -- leads


def test_the_lead_of_the_letters_prospect_is_won_and_its_salesperson_has_the_deal(
    dealership_a: Dealership, owner: User
) -> None:
    met = prospect(dealership_a)
    adopt()
    Lead.objects.update(assigned_to=owner)
    letter(dealership_a, id_prospect=met.id_prospect)
    adopt()
    lead, deal = Lead.objects.get(), Deal.objects.get()
    assert (lead.status, lead.converted_at is not None) == ("won", True)
    assert (deal.customer, deal.salesperson, deal.lead) == (lead.customer, owner, lead)
    assert Customer.objects.count() == 1
    before = rows()
    again()
    assert rows() == before


def test_a_lead_that_people_lost_stays_lost(dealership_a: Dealership) -> None:
    met = prospect(dealership_a)
    adopt()
    Lead.objects.get().lose("price")
    letter(dealership_a, id_prospect=met.id_prospect)
    adopt()
    assert Lead.objects.get().status == "lost"
    assert told("spk_read").kept == [["Budi Santoso", "status", "lost", "won"]]


def test_a_prospect_that_comes_after_its_letter_is_no_lead(dealership_a: Dealership) -> None:
    letter(dealership_a, id_prospect="PSP/1")
    adopt()
    prospect(dealership_a, id_prospect="PSP/1")
    adopt()
    assert not Lead.objects.exists()
    assert Customer.objects.count() == 1


def test_the_prospects_customer_is_the_letters_where_neither_number_is_known(dealership_a: Dealership) -> None:
    met = prospect(dealership_a, no_ktp=None, no_kontak="-")
    adopt()
    letter(dealership_a, id_prospect=met.id_prospect, no_kontak=None)
    adopt()
    assert Deal.objects.get().customer == Customer.objects.get() == Lead.objects.get().customer


# -- walls and switches


def test_letters_stay_records_where_they_are_not_adopted(dealership_b: Dealership) -> None:
    letter(dealership_b)
    adopt()
    assert not Deal.objects.exists()


def test_a_neighbours_deal_of_the_same_letter_is_another_one(
    dealership_a: Dealership, dealership_b: Dealership
) -> None:
    theirs = DealFactory(dealership=dealership_b, order_number=SPK)
    VehicleFactory(dealership=dealership_b, vin="JM9126PK230036")
    letter(dealership_a)
    with acting_for([dealership_a.pk]):
        adoption.work_for(dealership_a.pk)
        with pytest.raises(ValidationError, match="not here yet"):
            adoption.orders.deals_going(dealership_b, SPK)
    mine = Deal.objects.get(dealership=dealership_a)
    assert (mine.stage, mine.order_number) == ("contracted", theirs.order_number)


def test_the_pages_show_what_became_of_a_letter(owner: User, dealership_a: Dealership, client: Client) -> None:
    letter(dealership_a)
    adopt()
    deal = Deal.objects.get()
    text = client.get(f"/ingestion/adoptions/{told('spk_read').pk}/").content.decode()
    assert f"/deals/{deal.pk}/" in text
    assert client.get(f"/deals/{deal.pk}/").status_code == 200
    assert timezone.now() - deal.created_at > timedelta(days=1)
