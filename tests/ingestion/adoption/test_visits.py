"""Work orders show on the pages of vehicles and customers, and note what the odometer said, once."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from crm import timeline
from crm.models import Customer, Ownership
from dealers.models import Dealership, User
from dealers.roles import Role
from dealers.tenancy import platform
from ingestion.models import Adoption
from ingestion.tasks import adopt_again
from inventory.models import OdometerReading, Vehicle
from tests.factories import CustomerFactory, VehicleFactory
from tests.ingestion.adoption.said import ENGINE, FRAME, adopt, again, arrival, feeds, told, visit
from tests.people import with_role

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def adopting(dealership_a: Dealership) -> None:
    Dealership.objects.update(language="en")
    dealership_a.refresh_from_db()
    feeds(dealership_a, "pkb", "uinb_read")


@pytest.fixture
def vehicle(dealership_a: Dealership) -> Vehicle:
    found: Vehicle = VehicleFactory(
        dealership=dealership_a, vin=FRAME, engine_number=ENGINE, plate="B 1234 XYZ", status="delivered"
    )
    return found


@pytest.fixture
def customer(dealership_a: Dealership, vehicle: Vehicle) -> Customer:
    found: Customer = CustomerFactory(dealership=dealership_a)
    Ownership.objects.create(dealership=dealership_a, customer=found, vehicle=vehicle, since=date(2026, 1, 12))
    return found


def readings() -> list[tuple[int, date]]:
    return list(OdometerReading.objects.order_by("read_on", "pk").values_list("km", "read_on"))


def test_what_the_odometer_said_is_noted_once(dealership_a: Dealership, vehicle: Vehicle) -> None:
    visit(dealership_a)
    adopt()
    again()
    again()
    vehicle.refresh_from_db()
    assert readings() == [(800, date(2026, 2, 20))]
    assert vehicle.odometer == 800


def test_a_reading_that_was_corrected_takes_the_place_of_the_wrong_one(
    dealership_a: Dealership, vehicle: Vehicle
) -> None:
    record = visit(dealership_a)
    adopt()
    type(record).objects.update(km_terakhir=780)
    again()
    assert readings() == [(780, date(2026, 2, 20))]


def test_a_reading_that_people_noted_is_not_doubled(dealership_a: Dealership, vehicle: Vehicle) -> None:
    vehicle.read_odometer(km=800, read_on=date(2026, 2, 20))
    visit(dealership_a)
    adopt()
    assert readings() == [(800, date(2026, 2, 20))]


def test_a_correction_leaves_what_people_noted(dealership_a: Dealership, vehicle: Vehicle) -> None:
    vehicle.read_odometer(km=800, read_on=date(2026, 2, 20))
    record = visit(dealership_a)
    adopt()
    type(record).objects.update(km_terakhir=900)
    again()
    again()
    assert readings() == [(800, date(2026, 2, 20)), (900, date(2026, 2, 20))]


@pytest.mark.parametrize(
    "more",
    [
        {"km_terakhir": None},
        {"tanggal_servis": None},
        {"no_rangka": "JM9126PK230099", "no_mesin": None},
        {"no_rangka": "JM91", "no_mesin": None},
        {"km_terakhir": 500},
    ],
    ids=str,
)
def test_a_correction_that_leaves_no_reading_takes_the_wrong_one_away(
    dealership_a: Dealership, vehicle: Vehicle, more: dict[str, Any]
) -> None:
    vehicle.read_odometer(km=600, read_on=date(2026, 2, 1))
    record = visit(dealership_a)
    adopt()
    type(record).objects.update(**more)
    again()
    again()
    vehicle.refresh_from_db()
    assert readings() == [(600, date(2026, 2, 1))]
    assert vehicle.odometer == 600


@pytest.mark.parametrize("plate", ["B1234XYZ", "b 1234 xyz", "B-1234-XYZ"])
def test_a_plate_tells_the_vehicle_however_it_is_written(
    dealership_a: Dealership, vehicle: Vehicle, plate: str
) -> None:
    visit(dealership_a, no_rangka=None, no_mesin=None, no_polisi=plate)
    adopt()
    assert OdometerReading.objects.get().vehicle == vehicle


def test_a_visit_of_a_vehicle_that_people_add_is_read_the_night_after(dealership_a: Dealership) -> None:
    visit(dealership_a)
    visit(dealership_a, no_rangka=None, no_mesin=None, no_polisi="B1234XYZ", km_terakhir=900)
    visit(dealership_a, no_rangka="JM9126PK230099", no_mesin=None, no_polisi=None)
    adopt()
    VehicleFactory(dealership=dealership_a, vin=f"MH1{FRAME}", plate="B 1234 XYZ", status="delivered")
    with platform("a test"):
        adopt_again()
    assert Adoption.objects.waiting().count() == 2
    adopt()
    assert [km for km, _day in readings()] == [800, 900]


@pytest.mark.parametrize(
    ("km", "words"), [(500, "600 km"), (2**40, "nothing that an odometer shows"), (-5, "nothing that an odometer")]
)
def test_a_reading_that_cannot_be_is_told(dealership_a: Dealership, vehicle: Vehicle, km: int, words: str) -> None:
    vehicle.read_odometer(km=600, read_on=date(2026, 2, 1))
    visit(dealership_a, km_terakhir=km)
    adopt()
    assert told("pkb").state == Adoption.State.REFUSED
    assert words in told("pkb").problems[0]


def test_a_motorcycle_of_others_stays_a_record(dealership_a: Dealership) -> None:
    visit(dealership_a)
    adopt()
    assert not Vehicle.objects.exists()
    assert (told("pkb").state, told("pkb").made) == ("adopted", [])


def test_a_visit_of_a_vehicle_that_becomes_known_later_is_read_then(dealership_a: Dealership) -> None:
    visit(dealership_a)
    adopt()
    arrival(dealership_a)
    adopt()
    assert readings() == [(800, date(2026, 2, 20))]


def test_where_no_number_is_said_the_plate_tells_the_vehicle(dealership_a: Dealership, vehicle: Vehicle) -> None:
    visit(dealership_a, no_rangka=None, no_mesin=None)
    adopt()
    assert OdometerReading.objects.get().vehicle == vehicle


@pytest.mark.parametrize("more", [{"km_terakhir": None}, {"km_terakhir": 0}, {"tanggal_servis": None}])
def test_an_order_without_a_day_or_kilometres_is_no_reading(
    dealership_a: Dealership, vehicle: Vehicle, more: dict[str, Any]
) -> None:
    visit(dealership_a, **more)
    adopt()
    assert readings() == []
    assert told("pkb").state == Adoption.State.ADOPTED


# -- pages


def test_a_vehicles_page_shows_its_work_orders_the_newest_first(
    owner: User, client: Client, dealership_a: Dealership, dealership_b: Dealership, vehicle: Vehicle
) -> None:
    old = visit(dealership_a, no_work_order="WO/OLD", no_rangka=None, no_polisi="B1234XYZ")
    new = visit(dealership_a, no_work_order="WO/NEW", tanggal_servis=date(2026, 3, 1))
    visit(dealership_a, no_work_order="WO/OTHER", no_rangka="JM9126PK230099")
    visit(dealership_b, no_work_order="WO/NEIGHBOUR")
    text = client.get(f"/inventory/{vehicle.pk}/").content.decode()
    assert 0 < text.index(f"/records/pkb/{new.pk}/") < text.index(f"/records/pkb/{old.pk}/")
    assert "KPB 1 · 800 km" in text
    assert "WO/OTHER" not in text
    assert "WO/NEIGHBOUR" not in text


def test_who_may_not_see_work_orders_sees_none_there(
    client: Client, alice: User, dealership_a: Dealership, vehicle: Vehicle, customer: Customer
) -> None:
    visit(dealership_a)
    client.force_login(with_role(alice, Role.SALESPERSON))
    for address in (f"/inventory/{vehicle.pk}/", f"/customers/{customer.pk}/"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert "/records/pkb/" not in answer.content.decode()


def test_a_customers_timeline_has_the_visits_of_what_they_owned_then(
    owner: User, client: Client, dealership_a: Dealership, vehicle: Vehicle, customer: Customer
) -> None:
    visit(dealership_a, no_work_order="WO/BEFORE", tanggal_servis=date(2026, 1, 11))
    visit(dealership_a, no_work_order="WO/LAST", tanggal_servis=date(2026, 5, 1))
    visit(dealership_a, no_work_order="WO/AFTER", tanggal_servis=date(2026, 5, 2))
    moment = datetime(2026, 4, 1, 9, tzinfo=dealership_a.zone)
    visit(dealership_a, no_work_order="WO/FIRST", tanggal_servis=date(2026, 4, 1), waktu_pkb=moment)
    Ownership.objects.update(until=date(2026, 5, 1))
    page = timeline.page(owner, customer, "service")
    found = [entry for _day, entries in page.days for entry in entries]
    assert [entry.text.split(" · ")[0] for entry in found] == ["WO/LAST", "WO/FIRST"]
    assert found[1].at == moment
    assert found[0].address in client.get(f"/customers/{customer.pk}/").content.decode()
    older = timeline.page(owner, customer, "service", before=found[0].at)
    assert [entry.at for _day, entries in older.days for entry in entries] == [moment]


@pytest.mark.parametrize("last", [date.max, date.max - timedelta(days=1), date(9998, 12, 31)])
def test_who_owns_a_vehicle_for_ever_has_its_visits(
    owner: User, dealership_a: Dealership, customer: Customer, last: date
) -> None:
    visit(dealership_a, no_work_order="WO/1")
    Ownership.objects.update(until=last)
    page = timeline.page(owner, customer, "service")
    assert [entry.text.split(" · ")[0] for _day, entries in page.days for entry in entries] == ["WO/1"]


def test_a_vehicles_page_shows_work_orders_of_its_frame_with_and_without_the_makers_code(
    owner: User, client: Client, dealership_a: Dealership, vehicle: Vehicle
) -> None:
    shown = visit(dealership_a, no_rangka=f"MH1{FRAME}")
    others = visit(dealership_a, no_rangka=f"MHF{FRAME}")
    text = client.get(f"/inventory/{vehicle.pk}/").content.decode()
    assert f"/records/pkb/{shown.pk}/" in text
    assert f"/records/pkb/{others.pk}/" not in text
