"""Units that arrived become vehicles: once, as the record says, and never against what a person wrote."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.test import Client

from dealers.models import Dealership, Event, User
from dealers.tenancy import acting_for, platform
from ingestion import adoption
from ingestion.job_types import JOB_TYPES
from ingestion.models import Adoption, Feed
from inventory.models import Vehicle
from tests.factories import FeedFactory, VehicleFactory, record_of
from tests.ingestion.adoption.said import visit

pytestmark = pytest.mark.django_db
UINB = JOB_TYPES["uinb_read"]
FRAME, ENGINE = "JM9126PK230036", "JM91E2230045"
FULL = "MH1JM9126PK230036"


@pytest.fixture(autouse=True)
def in_english(dealership_a: Dealership) -> None:
    """What cannot be adopted is told in the dealership's language."""
    Dealership.objects.update(language="en")


@pytest.fixture
def feed(dealership_a: Dealership) -> Feed:
    return FeedFactory(dealership=dealership_a, job_type="uinb_read", adopts=True)


def receipt(dealership: Dealership, **line: Any) -> Any:
    """A shipping list of one unit, stored as a run stores it."""
    said = {"no_rangka": FRAME, "no_mesin": ENGINE, "kode_tipe_unit": "HP5", "kode_warna": "BK", **line}
    made = record_of(UINB, dealership, lines=1, no_shipping_list=f"SL/{UINB.record.objects.count()}")
    made.unit.update(**said)
    return made


def adopt() -> None:
    with platform("a test"):
        adoption.work()


def versions() -> int:
    return int(Vehicle.history.count())  # type: ignore[attr-defined]


def test_a_unit_that_arrived_is_a_vehicle_received(feed: Feed, dealership_a: Dealership) -> None:
    record = receipt(dealership_a)
    assert Adoption.objects.get().state == Adoption.State.WAITING
    adopt()
    vehicle, told = Vehicle.objects.get(), Adoption.objects.get()
    assert (vehicle.vin, vehicle.engine_number, vehicle.model, vehicle.colour) == (FRAME, ENGINE, "HP5", "BK")
    assert (vehicle.status, vehicle.acquired_on) == ("received", record.tanggal_terima)
    assert vehicle.locked == []
    assert (told.state, told.natural_key) == ("adopted", record.no_shipping_list)
    assert told.made == [["inventory.vehicle", vehicle.pk, str(vehicle)]]


def test_to_adopt_again_changes_nothing(feed: Feed, dealership_a: Dealership) -> None:
    receipt(dealership_a)
    adopt()
    before, made = list(Vehicle.objects.values()), versions()
    for _ in range(2):
        assert adoption.again(UINB, dealership_a) == 1
        adopt()
    assert list(Vehicle.objects.values()) == before
    assert versions() == made


def test_what_a_person_wrote_stays_and_is_told(feed: Feed, dealership_a: Dealership) -> None:
    vehicle = VehicleFactory(
        dealership=dealership_a, vin=FRAME, engine_number="", model="BeAT Street", status="on_order", acquired_on=None
    )
    receipt(dealership_a)
    adopt()
    vehicle.refresh_from_db()
    assert (vehicle.model, vehicle.engine_number, vehicle.colour) == ("BeAT Street", ENGINE, "BK")
    assert (vehicle.status, vehicle.acquired_on) == ("received", date(2026, 1, 15))
    assert Adoption.objects.get().kept == [[str(vehicle), "model", "BeAT Street", "HP5"]]


def test_a_vehicle_that_went_on_is_not_received_again(feed: Feed, dealership_a: Dealership) -> None:
    vehicle = VehicleFactory(dealership=dealership_a, vin=FRAME, status="sold")
    receipt(dealership_a)
    adopt()
    vehicle.refresh_from_db()
    assert vehicle.status == "sold"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"no_rangka": "JM91"}, "4 characters"),
        ({"no_rangka": None, "no_mesin": None}, "neither a frame nor an engine number"),
        ({"kode_tipe_unit": None}, "which type"),
    ],
)
def test_what_cannot_be_adopted_says_why_and_leaves_nothing(
    feed: Feed, dealership_a: Dealership, line: dict[str, Any], words: str
) -> None:
    receipt(dealership_a, **line)
    adopt()
    told = Adoption.objects.get()
    assert told.state == Adoption.State.REFUSED
    assert words in told.problems[0]
    assert not Vehicle.objects.exists()


def test_numbers_of_two_vehicles_are_not_one(feed: Feed, dealership_a: Dealership) -> None:
    VehicleFactory(dealership=dealership_a, vin=FRAME, engine_number="")
    VehicleFactory(dealership=dealership_a, engine_number=ENGINE)
    receipt(dealership_a)
    adopt()
    assert "belong to two vehicles" in Adoption.objects.get().problems[0]


def test_a_feed_that_does_not_adopt_leaves_records_alone(dealership_a: Dealership) -> None:
    FeedFactory(dealership=dealership_a, job_type="uinb_read")
    receipt(dealership_a)
    adopt()
    assert not Adoption.objects.exists()
    assert not Vehicle.objects.exists()


def test_a_neighbours_vehicle_of_the_same_frame_is_another_one(
    feed: Feed, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    theirs = VehicleFactory(dealership=dealership_b, vin=FRAME)
    receipt(dealership_a)
    with acting_for([dealership_a.pk]):
        adoption.work_for(dealership_a.pk)
    assert Vehicle.objects.get(dealership=dealership_a).pk != theirs.pk


def test_whoever_adopts_can_be_stopped_and_goes_on_where_it_was(feed: Feed, dealership_a: Dealership) -> None:
    for place in range(3):
        receipt(dealership_a, no_rangka=f"JM9126PK23003{place}", no_mesin=f"JM91E223004{place}")
    answers = iter([False, False, True, True])
    with platform("a test"):
        assert adoption.work(lambda: next(answers)) == 1
    assert Vehicle.objects.count() == 1
    adopt()
    assert Vehicle.objects.count() == 3


def test_a_vehicle_that_went_to_another_dealership_is_not_made_again(
    feed: Feed, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    receipt(dealership_a)
    adopt()
    Vehicle.objects.update(dealership=dealership_b)
    for _ in range(2):
        adoption.again(UINB, dealership_a)
        adopt()
        assert "was here and left" in Adoption.objects.get().problems[0]
        assert Vehicle.objects.get().dealership == dealership_b


def test_a_vehicle_that_people_deleted_is_not_made_again(feed: Feed, dealership_a: Dealership) -> None:
    record = receipt(dealership_a)
    line = record.unit.get()
    line.pk, line.position = None, 2
    line.no_rangka, line.no_mesin = "JM9126PK230037", "JM91E2230046"
    line.save()
    adopt()
    Vehicle.objects.get(vin=FRAME).delete()
    for _ in range(3):
        adoption.again(UINB, dealership_a)
        adopt()
    assert Vehicle.objects.get().vin == "JM9126PK230037"


def test_numbers_are_kept_as_numbers_are(feed: Feed, dealership_a: Dealership) -> None:
    vehicle = VehicleFactory(dealership=dealership_a, vin=FRAME)
    receipt(dealership_a, no_mesin="jm91e 2230045 ")
    adopt()
    vehicle.refresh_from_db()
    assert vehicle.engine_number == ENGINE


def test_a_vehicle_that_is_known_by_its_engine_learns_its_frame(feed: Feed, dealership_a: Dealership) -> None:
    vehicle = VehicleFactory(dealership=dealership_a, vin="", engine_number=ENGINE)
    FeedFactory(dealership=dealership_a, job_type="pkb", adopts=True)
    visit(dealership_a, no_mesin=None)
    adopt()
    assert not vehicle.odometer_readings.exists()
    receipt(dealership_a)
    adopt()
    adopt()
    vehicle.refresh_from_db()
    assert vehicle.vin == FRAME
    assert vehicle.odometer_readings.get().km == 800


@pytest.mark.parametrize(("here", "there"), [(FULL, FULL[3:]), (FULL[3:], FULL)])
def test_a_vehicle_is_one_whether_its_frame_number_has_the_makers_code_or_not(
    feed: Feed, dealership_a: Dealership, here: str, there: str
) -> None:
    vehicle = VehicleFactory(dealership=dealership_a, vin=here)
    receipt(dealership_a, no_rangka=there)
    adopt()
    assert Vehicle.objects.get() == vehicle
    assert Vehicle.objects.get().vin == here


def test_a_frame_number_without_the_makers_code_is_that_of_one_vehicle_alone(
    feed: Feed, dealership_a: Dealership
) -> None:
    VehicleFactory(dealership=dealership_a, vin=FULL)
    VehicleFactory(dealership=dealership_a, vin="MLH" + FULL[3:])
    receipt(dealership_a, no_rangka=FULL[3:])
    adopt()
    assert "belong to two vehicles" in Adoption.objects.get().problems[0]
    exact = VehicleFactory(dealership=dealership_a, vin=FULL[3:])
    adoption.again(UINB, dealership_a)
    adopt()
    assert Adoption.objects.get().made[0][1] == exact.pk


def test_another_engine_is_another_vehicle_whatever_its_frame_ends_in(feed: Feed, dealership_a: Dealership) -> None:
    VehicleFactory(dealership=dealership_a, vin="MLH" + FULL[3:], engine_number="JM91E9999999")
    receipt(dealership_a, no_rangka=FULL[3:])
    adopt()
    assert Vehicle.objects.count() == 2


@pytest.mark.parametrize("list_status", ["0", "1"])
def test_what_has_not_arrived_is_on_its_way(feed: Feed, dealership_a: Dealership, list_status: str) -> None:
    ordered = VehicleFactory(dealership=dealership_a, vin="JM9126PK230037", status="on_order", acquired_on=None)
    record = receipt(dealership_a, kuantitas_diterima=1 if list_status == "0" else 0)
    UINB.record.objects.update(status_shipping_list=list_status)
    line = record.unit.get()
    line.pk, line.position = None, 2
    line.no_rangka, line.no_mesin = ordered.vin, None
    line.save()
    adopt()
    assert set(Vehicle.objects.values_list("status", "acquired_on")) == {("in_transit", None)}
    UINB.record.objects.update(status_shipping_list="1")
    record.unit.update(kuantitas_diterima=1)
    adoption.again(UINB, dealership_a)
    adopt()
    assert set(Vehicle.objects.values_list("status", "acquired_on")) == {("received", record.tanggal_terima)}


# -- pages


def test_it_is_switched_on_for_what_is_there_and_off_again_on_the_schedules_page(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    feed = FeedFactory(dealership=dealership_a, job_type="uinb_read")
    receipt(dealership_a)
    answer = client.post(f"/ingestion/schedules/{feed.pk}/adopt/", follow=True)
    assert "1 records wait to be adopted" in answer.content.decode()
    adopt()
    assert Vehicle.objects.count() == 1
    client.post(f"/ingestion/schedules/{feed.pk}/adopt-no-more/")
    receipt(dealership_a, no_rangka="JM9126PK230037", no_mesin="JM91E2230046")
    adopt()
    assert Vehicle.objects.count() == 1
    assert Event.objects.filter(verb="feed.adopts").count() == 2


def test_the_page_says_what_became_of_a_record_and_lets_it_be_tried_again(
    owner: User, feed: Feed, dealership_a: Dealership, client: Client
) -> None:
    record = receipt(dealership_a, no_rangka="JM91")
    adopt()
    told = Adoption.objects.get()
    text = client.get(f"/ingestion/adoptions/{told.pk}/").content.decode()
    assert "4 characters" in text
    assert f"/records/uinb_read/{record.pk}/" in text
    record.unit.update(no_rangka=FRAME)
    client.post(f"/ingestion/adoptions/{told.pk}/again/")
    adopt()
    text = client.get(f"/ingestion/adoptions/{told.pk}/").content.decode()
    assert f"/inventory/{Vehicle.objects.get().pk}/" in text
