"""A vehicle's numbers, money, statuses and attributes, and who may know and change them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from dealers.models import Dealership, Event, User
from dealers.roles import Role
from dealers.tenancy import acting_for
from inventory import services
from inventory.models import Source, Vehicle
from tests.factories import MembershipFactory, VehicleFactory
from tests.people import api_of

pytestmark = pytest.mark.django_db
LIST, NEW = "/api/v1/vehicles/", "/inventory/new/"
BEAT = "MH1JM2110LK123456"


@pytest.fixture
def vehicle(dealership_a: Dealership) -> Vehicle:
    return VehicleFactory(dealership=dealership_a)


def typed(dealership: Dealership, **more: Any) -> dict[str, Any]:
    return {"dealership": dealership.pk, "condition": "new", "make": "Honda", "model": "BeAT"} | more


def of(dealership: Dealership, role: Role) -> User:
    return MembershipFactory(dealership=dealership, role=role).user


# -- adding


def test_a_vehicle_gets_the_next_stock_number_that_nobody_has_written(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    VehicleFactory(dealership=dealership_a, stock_number="000001")
    assert client.post(NEW, typed(dealership_a)).status_code == 302
    assert client.post(NEW, typed(dealership_a, stock_number="A-7")).status_code == 302
    assert client.post(NEW, typed(dealership_a)).status_code == 302
    numbers = set(Vehicle.objects.values_list("stock_number", flat=True))
    assert numbers == {"000001", "000002", "A-7", "000003"}


@pytest.mark.django_db(transaction=True)
def test_stock_numbers_given_at_the_same_time_are_different(dealership_a: Dealership) -> None:
    def one(_: int) -> str:
        try:
            with acting_for([dealership_a.pk]), transaction.atomic():
                return str(VehicleFactory(dealership=dealership_a).stock_number)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as threads:
        numbers = list(threads.map(one, range(20)))
    assert sorted(numbers) == [f"{number:06}" for number in range(1, 21)]


def test_the_frame_number_says_the_make_and_the_year_where_nobody_did(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    client.post(NEW, typed(dealership_a, make="", vin=" mh1jm2110lk123456 "))
    found = Vehicle.objects.get()
    assert (found.vin, found.make) == (BEAT, "Honda")
    assert found.year == 2020
    assert (found.sources["year"], found.sources["make"]) == ("decoded", "decoded")
    assert not {"make", "year"} & set(found.locked)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("vin", "MH1JM2110LK12345", "16 characters"),
        ("vin", "MH1JM2110LKI23456", "letter I at position 12"),
        ("engine_number", "!", "engine"),
        ("plate", "B 12345 XYZ", "B 12345 XYZ"),
        ("year", "1066", "1900"),
        ("make", "", "required"),
        ("asking_price", "-1", "greater than or equal to 0"),
    ],
)
def test_what_no_vehicle_has_is_refused_in_words_at_its_field(
    owner: User, dealership_a: Dealership, client: Client, field: str, value: str, words: str
) -> None:
    answer = client.post(NEW, typed(dealership_a, **{field: value}))
    assert answer.status_code == 422
    assert words in " ".join(answer.context["form"].errors[field])
    assert not Vehicle.objects.exists()


def test_a_check_digit_is_asked_for_where_every_vin_has_one(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    Dealership.objects.filter(pk=dealership_a.pk).update(country="US")
    wrong = client.post(NEW, typed(dealership_a, vin="1HGCM82633A004353"))
    assert wrong.status_code == 422
    assert client.post(NEW, typed(dealership_a, vin="1HGCM82633A004352")).status_code == 302


def test_a_frame_number_is_there_once_in_a_dealership(
    owner: User, dealership_a: Dealership, dealership_b: Dealership, client: Client
) -> None:
    VehicleFactory(dealership=dealership_a, vin=BEAT)
    VehicleFactory(dealership=dealership_b, vin=BEAT)
    answer = client.post(NEW, typed(dealership_a, vin=BEAT))
    assert answer.status_code == 422
    assert "There is a vehicle with this frame number." in answer.content.decode()


def test_a_minimum_above_the_asking_price_is_refused_by_the_database_too(vehicle: Vehicle) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Vehicle.objects.filter(pk=vehicle.pk).update(minimum_price=Decimal(99_000_000))


# -- money


def test_cost_and_margin_are_the_sums_of_what_is_known(vehicle: Vehicle) -> None:
    vehicle.transport_cost, vehicle.pack = Decimal(200_000), None
    assert vehicle.cost == Decimal(17_200_000)
    assert vehicle.margin == Decimal(1_300_000)
    vehicle.asking_price = None
    assert vehicle.margin is None


def test_days_in_stock_are_those_of_the_dealerships_calendar(vehicle: Vehicle) -> None:
    today = timezone.localdate(timezone=vehicle.dealership.zone)
    vehicle.acquired_on = today - timedelta(days=40)
    assert vehicle.days_in_stock() == 40
    vehicle.status = Vehicle.Status.DELIVERED
    assert vehicle.days_in_stock() is None


def test_prices_keep_their_history(owner: User, vehicle: Vehicle, client: Client) -> None:
    address = f"/inventory/{vehicle.pk}/price/"
    assert client.post(address, {"asking": "18000000", "minimum": "17500000"}).status_code == 302
    newest = vehicle.price_changes.first()
    assert newest is not None
    assert (newest.asking_before, newest.asking_price) == (Decimal(18_500_000), Decimal(18_000_000))
    refused = client.post(address, {"asking": "17000000", "minimum": "17500000"}, follow=True)
    assert "above the asking price" in refused.content.decode()
    vehicle.refresh_from_db()
    assert vehicle.asking_price == Decimal(18_000_000)


@pytest.mark.parametrize(("role", "knows"), [(Role.OWNER, True), (Role.ACCOUNTANT, True), (Role.SALESPERSON, False)])
def test_what_a_unit_cost_is_told_to_few(dealership_a: Dealership, vehicle: Vehicle, role: Role, knows: bool) -> None:
    user = of(dealership_a, role)
    browser = Client()
    browser.force_login(user)
    page = browser.get(f"/inventory/{vehicle.pk}/").content.decode()
    listed = browser.get("/inventory/?columns=stock_number&columns=cost&columns=margin").content.decode()
    for text in (page, listed):
        assert ("17,000,000" in text) == knows
    told = api_of(user).get(f"{LIST}{vehicle.pk}/").json()
    assert (told["purchase_price"] is not None) == knows


def test_who_does_not_know_the_cost_cannot_write_it_either(dealership_a: Dealership, vehicle: Vehicle) -> None:
    """A sales manager of another place who may change vehicles here, but not know what they cost."""
    from inventory.resources import VEHICLES

    form = VEHICLES.form_for(of(dealership_a, Role.SALESPERSON), "add", instance=vehicle)
    assert "purchase_price" not in form.fields
    assert "minimum_price" in form.fields


def test_who_may_not_set_prices_changes_none_by_the_form_or_the_api(
    dealership_a: Dealership, vehicle: Vehicle, client_for: Any
) -> None:
    """But writes those of a vehicle that they add."""
    keeper = of(dealership_a, Role.INVENTORY_MANAGER)
    browser, edit = client_for(keeper), f"/inventory/{vehicle.pk}/edit/"
    api, there = api_of(keeper), f"{LIST}{vehicle.pk}/"
    assert not {"asking_price", "minimum_price"} & set(browser.get(edit).context["form"].fields)
    sent = typed(dealership_a, vin=vehicle.vin, stock_number=vehicle.stock_number, colour="red")
    assert browser.post(edit, sent).status_code == 302
    words = "You may not change the asking price"
    refused = browser.post(edit, {**sent, "asking_price": "1"})
    assert (refused.status_code, words in refused.content.decode()) == (422, True)
    for value in ("1.00", "18500000.01"):
        answer = api.patch(there, {"asking_price": value}, format="json")
        assert (answer.status_code, words in answer.content.decode()) == (400, True)
    same = {"asking_price": "18500000", "minimum_price": str(vehicle.minimum_price), "colour": "blue"}
    assert api.patch(there, same, format="json").json()["colour"] == "blue"
    vehicle.refresh_from_db()
    assert (vehicle.asking_price, vehicle.price_changes.count()) == (Decimal(18_500_000), 1)
    assert browser.post(NEW, typed(dealership_a, asking_price="5")).status_code == 302
    assert Vehicle.objects.filter(asking_price=5).count() == 1
    manager = api_of(of(dealership_a, Role.SALES_MANAGER))
    assert manager.patch(there, {"asking_price": "19000000"}, format="json").status_code == 200
    assert vehicle.price_changes.count() == 2


# -- statuses


@pytest.mark.parametrize("here", Vehicle.Status)
@pytest.mark.parametrize("there", Vehicle.Status)
def test_a_status_leads_where_the_table_says_and_nowhere_else(
    dealership_a: Dealership, here: Vehicle.Status, there: Vehicle.Status
) -> None:
    vehicle = VehicleFactory(dealership=dealership_a, status=here)
    leads = there in Vehicle.MOVES[here]
    by_hand = leads and not {here, there} & set(Vehicle.OF_DEALS)
    for through_deal, possible in ((False, by_hand), (True, leads)):
        Vehicle.objects.filter(pk=vehicle.pk).update(status=here)
        vehicle.status = here
        if possible:
            vehicle.move_to(there, through_deal=through_deal)
        else:
            with pytest.raises(ValidationError, match="does not lead"):
                vehicle.move_to(there, through_deal=through_deal)
        assert Vehicle.objects.get(pk=vehicle.pk).status == (there if possible else here)


def test_several_are_moved_at_once_and_those_that_cannot_are_told(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    free, sold = VehicleFactory(dealership=dealership_a), VehicleFactory(dealership=dealership_a, status="sold")
    answer = client.post(
        "/inventory/bulk/move/", {"pk": [free.pk, sold.pk], "confirmed": "1", "status": "withdrawn"}, follow=True
    )
    assert "its deal decides" in answer.content.decode()
    assert set(Vehicle.objects.values_list("status", flat=True)) == {"withdrawn", "sold"}


# -- attributes


def test_a_feed_fills_what_is_blank_and_overrides_what_was_decoded_but_nobodys_word() -> None:
    vehicle = Vehicle(make="Honda", sources={"make": "decoded"})
    assert vehicle.learn(Source.FEED, {"make": "HONDA", "colour": "Black", "year": None}) == {}
    assert (vehicle.make, vehicle.colour, vehicle.year) == ("HONDA", "Black", None)
    vehicle.colour = "Matt black"
    vehicle.wrote(["colour"])
    assert vehicle.learn(Source.FEED, {"colour": "Black"}) == {"colour": ("Matt black", "Black")}
    assert vehicle.learn(Source.DECODED, {"make": "Honda"}) == {"make": ("HONDA", "Honda")}
    assert (vehicle.make, vehicle.colour) == ("HONDA", "Matt black")


def test_what_a_person_edits_is_locked(owner: User, vehicle: Vehicle, client: Client, dealership_a: Dealership) -> None:
    Vehicle.objects.filter(pk=vehicle.pk).update(sources={}, locked=[])
    sent = typed(dealership_a, vin=vehicle.vin, stock_number=vehicle.stock_number, colour="Matt black", year="2026")
    assert client.post(f"/inventory/{vehicle.pk}/edit/", sent).status_code == 302
    vehicle.refresh_from_db()
    assert "colour" in vehicle.locked
    assert "vin" not in vehicle.locked
    assert vehicle.sources["colour"] == "human"


# -- odometer


def test_the_newest_reading_is_the_vehicles_and_none_runs_backwards(vehicle: Vehicle) -> None:
    vehicle.read_odometer(km=1000, read_on=date(2026, 1, 10))
    vehicle.read_odometer(km=500, read_on=date(2026, 1, 1))
    vehicle.refresh_from_db()
    assert vehicle.odometer == 1000
    for km, day in ((900, date(2026, 1, 11)), (1100, date(2026, 1, 9)), (400, date(2026, 1, 2))):
        with pytest.raises(ValidationError, match="Correct that reading"):
            vehicle.read_odometer(km=km, read_on=day)


def test_the_first_reading_is_of_the_dealerships_day(dealership_a: Dealership) -> None:
    with time_machine.travel("2026-11-21T20:00:00Z", tick=False):
        vehicle = VehicleFactory(dealership=dealership_a, odometer=7, acquired_on=None)
    assert vehicle.odometer_readings.get().read_on == vehicle.acquired_on == date(2026, 11, 22)


# -- lists


def test_a_vehicle_is_found_by_each_of_its_numbers_and_by_words(owner: User, dealership_a: Dealership) -> None:
    sought = VehicleFactory(
        dealership=dealership_a,
        vin=BEAT,
        plate="B 1234 XYZ",
        engine_number="JM21E1234567",
        model="Vario",
        trim="160 ABS",
    )
    VehicleFactory(dealership=dealership_a)
    api = api_of(owner)
    for words in ("mh1jm2110lk", "B 1234", "jm21e12", "vario abs", sought.stock_number):
        found = api.get(LIST, {"search": words}).json()["results"]
        assert [each["id"] for each in found] == [sought.pk], words
    assert api.get(LIST, {"search": "vario nothing"}).json()["results"] == []


def test_the_audit_tells_of_verbs(owner: User, vehicle: Vehicle, client: Client) -> None:
    client.post(f"/inventory/{vehicle.pk}/move/", {"status": "withdrawn"})
    client.post(f"/inventory/{vehicle.pk}/price/", {"asking": "1"})
    verbs = set(Event.objects.filter(object_type="inventory.vehicle").values_list("verb", flat=True))
    assert {"vehicle.moved", "vehicle.priced"} <= verbs


def test_a_vehicle_that_is_added_by_a_feed_is_locked_by_nobody(dealership_a: Dealership) -> None:
    made = services.add(Vehicle(dealership=dealership_a, make="Honda", model="BeAT"), source=Source.FEED)
    assert made.locked == []
    assert made.sources == {"make": "feed", "model": "feed"}


def test_what_a_person_writes_of_a_new_vehicle_goes_before_what_its_frame_number_says(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    assert client.post(NEW, typed(dealership_a, vin=BEAT, year=2025)).status_code == 302
    assert client.post(NEW, typed(dealership_a, vin=BEAT[:-1] + "7")).status_code == 302
    assert set(Vehicle.objects.values_list("year", "sources__year")) == {(2025, "human"), (2020, "decoded")}
