"""What marketplaces fetch by a signed address: only what is available, no costs, and nothing once it is revoked."""

from __future__ import annotations

import csv
import io
import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from dealers.models import Dealership, Event, User
from dealers.roles import Role
from inventory import feeds, photos, views_feeds
from inventory.models import Vehicle, VehicleFeed
from tests.factories import VehicleFactory, VehicleFeedFactory, VehicleImageFactory
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db
ENDINGS = ("csv", "json")


@pytest.fixture(autouse=True)
def _uncounted() -> None:
    cache.clear()


@pytest.fixture
def feed(dealership_a: Dealership) -> VehicleFeed:
    return VehicleFeedFactory(dealership=dealership_a)


@pytest.fixture
def vehicle(dealership_a: Dealership) -> Vehicle:
    return VehicleFactory(
        dealership=dealership_a, stock_number="A-7", engine_number="JM21E1234567", plate="B 1234 XYZ", location="back"
    )


def fetch(feed: VehicleFeed, ending: str = "json", **headers: str) -> Any:
    return Client(headers=headers).get(feeds.address(feed, ending))


def numbers(feed: VehicleFeed) -> list[str]:
    return [each["stock_number"] for each in fetch(feed).json()["vehicles"]]


def test_a_stranger_with_the_address_sees_what_is_available(feed: VehicleFeed, vehicle: Vehicle) -> None:
    found = fetch(feed).json()
    assert (found["dealership"]["code"], found["dealership"]["name"]) == ("08138", "Cahaya Motor Kemayoran")
    [one] = found["vehicles"]
    assert tuple(one) == feeds.FIELDS
    assert (one["stock_number"], one["make"], one["year"], one["condition"]) == ("A-7", "Honda", 2026, "new")
    assert (one["asking_price"], one["currency"]) == ("18500000.00", "IDR")


def test_costs_and_what_is_the_houses_own_are_never_told(feed: VehicleFeed, vehicle: Vehicle) -> None:
    Vehicle.objects.update(purchase_price=17_111_111, minimum_price=18_222_222, pack=333_333)
    for ending in ENDINGS:
        text = fetch(feed, ending).content.decode()
        for secret in ("17111111", "18222222", "333333", "JM21E1234567", "1234 XYZ", "back"):
            assert secret not in text


@pytest.mark.parametrize("status", [each for each in Vehicle.Status if each != Vehicle.Status.AVAILABLE])
def test_what_is_not_available_is_not_told(
    feed: VehicleFeed, vehicle: Vehicle, dealership_a: Dealership, status: str
) -> None:
    VehicleFactory(dealership=dealership_a, stock_number="gone", status=status)
    assert numbers(feed) == ["A-7"]


def test_vehicles_of_other_dealerships_are_not_told(
    feed: VehicleFeed, vehicle: Vehicle, dealership_b: Dealership
) -> None:
    VehicleFactory(dealership=dealership_b, stock_number="theirs")
    assert numbers(feed) == ["A-7"]
    assert numbers(VehicleFeedFactory(dealership=dealership_b)) == ["theirs"]


def test_a_csv_of_it_holds_no_formula(feed: VehicleFeed, vehicle: Vehicle) -> None:
    Vehicle.objects.update(trim="=cmd()", description="a\nb")
    answer = fetch(feed, "csv")
    assert answer.headers["Content-Type"].startswith("text/csv")
    [row] = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert tuple(row) == feeds.FIELDS
    assert (row["trim"], row["description"], row["asking_price"]) == ("'=cmd()", "a\nb", "18500000.00")


def test_whoever_asks_again_is_told_when_it_changed(feed: VehicleFeed, vehicle: Vehicle) -> None:
    with time_machine.travel("2026-11-22T10:00:00Z", tick=False) as clock:
        first = fetch(feed)
        assert first.headers["Last-Modified"] == "Sun, 22 Nov 2026 10:00:00 GMT"
        tag = first.headers["ETag"]
        clock.shift(60)
        known = {"If-None-Match": tag}
        assert [fetch(feed, each, **known).status_code for each in ENDINGS] == [304, 304]
        since = {"If-Modified-Since": first.headers["Last-Modified"]}
        assert fetch(feed, **since).status_code == 304
        Vehicle.objects.update(colour="blue")
        changed = fetch(feed, **since)
        assert (changed.status_code, changed.headers["Last-Modified"]) == (200, "Sun, 22 Nov 2026 10:01:00 GMT")
        assert fetch(feed, **known).status_code == 200
        Vehicle.objects.update(colour="red")
        assert fetch(feed).headers["Last-Modified"] == "Sun, 22 Nov 2026 10:01:01 GMT"
    feed.refresh_from_db()
    assert feed.fetched_at is not None


def test_whoever_asks_again_is_told_of_another_telephone_too(
    feed: VehicleFeed, vehicle: Vehicle, dealership_a: Dealership
) -> None:
    known = {"If-None-Match": fetch(feed).headers["ETag"]}
    Dealership.objects.filter(pk=dealership_a.pk).update(phone="+62215550100")
    answer = fetch(feed, **known)
    assert (answer.status_code, answer.json()["dealership"]["phone"]) == (200, "+62215550100")


def test_the_main_photo_is_told_first_even_if_many_stand_before_it(
    feed: VehicleFeed, vehicle: Vehicle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feeds, "MOST_PHOTOS", 2)
    first, _second, main = (VehicleImageFactory(vehicle=vehicle, position=place) for place in (1, 2, 3))
    photos.make_primary(main)
    [one] = fetch(feed).json()["vehicles"]
    assert one["photos"] == [f"http://testserver{feeds.photo_address(feed, each)}" for each in (main, first)]


@pytest.mark.usefixtures("photos_folder")
def test_photos_are_seen_without_signing_in_while_the_vehicle_is_available(
    feed: VehicleFeed, vehicle: Vehicle, photo_of: Callable[..., bytes]
) -> None:
    photos.add(vehicle, photo_of("red"))
    [one] = fetch(feed).json()["vehicles"]
    [address] = one["photos"]
    assert address.startswith("http://testserver/feeds/photos/")
    answer = Client().get(address)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/webp")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert Client().get(address.replace("/800.webp", "/480.webp")).status_code == 200
    assert Client().get(address.replace("/800.webp", "/481.webp")).status_code == 404
    Vehicle.objects.update(status=Vehicle.Status.SOLD)
    assert Client().get(address).status_code == 404
    Vehicle.objects.update(status=Vehicle.Status.AVAILABLE)
    feeds.renew(feed)
    assert Client().get(address).status_code == 404


def test_a_photo_of_another_dealership_is_not_shown_by_a_feeds_signature(
    feed: VehicleFeed, dealership_b: Dealership
) -> None:
    theirs = VehicleImageFactory(vehicle=VehicleFactory(dealership=dealership_b))
    assert Client().get(feeds.photo_address(feed, theirs)).status_code == 404


def test_a_revoked_or_invented_address_leads_nowhere(
    feed: VehicleFeed, vehicle: Vehicle, dealership_a: Dealership
) -> None:
    invented = VehicleFeed(key=uuid.uuid4())
    forged = [feeds.address(feed, each).replace(".", "x", 1) for each in ENDINGS]
    unsigned = [f"/feeds/vehicles/{feed.key.hex}.{each}" for each in ENDINGS]
    other_salt = f"/feeds/vehicles/{feeds.PHOTOS.sign(feed.key.hex)}.json"
    old = feeds.address(feed, "json")
    for address in (*forged, *unsigned, other_salt, feeds.address(invented, "csv"), "/feeds/vehicles/ü.json"):
        assert Client().get(address).status_code == 404, address
    feeds.renew(feed)
    assert Client().get(old).status_code == 404
    assert fetch(feed).status_code == 200
    Dealership.objects.update(is_active=False)
    assert fetch(feed).status_code == 404
    Dealership.objects.update(is_active=True)
    feed.delete()
    assert Client().get(feeds.address(feed, "json")).status_code == 404


def test_an_address_is_asked_so_often_and_no_more(
    feed: VehicleFeed, vehicle: Vehicle, monkeypatch: pytest.MonkeyPatch
) -> None:
    with time_machine.travel("2026-11-22T10:00:30Z", tick=False):
        for _ in range(views_feeds.FILES_A_MINUTE):
            assert fetch(feed).status_code == 200
        answer = fetch(feed)
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "31")
        assert Client(REMOTE_ADDR="192.0.2.7").get(feeds.address(feed, "csv")).status_code == 200


def test_it_is_not_for_search_engines_and_only_to_be_looked_at(feed: VehicleFeed) -> None:
    assert "noindex" in fetch(feed).headers["X-Robots-Tag"]
    assert Client().post(feeds.address(feed, "json")).status_code == 405
    assert Client().head(feeds.address(feed, "json")).status_code == 200


def test_a_manager_makes_sees_and_renews_an_address(
    owner: User, dealership_a: Dealership, vehicle: Vehicle, client: Client
) -> None:
    there = client.post("/inventory/feeds/new/", {"dealership": dealership_a.pk, "name": "OtoMarket"}).headers[
        "Location"
    ]
    feed = VehicleFeed.objects.get()
    old = f"http://testserver{feeds.address(feed, 'csv')}"
    assert old in client.get(there).content.decode()
    assert client.post(f"{there}renew/").status_code == 302
    assert old not in client.get(there).content.decode()
    assert Event.objects.filter(verb__startswith="vehiclefeed.").count() == 2
    told = api_of(owner).get(f"/api/v1/vehicle-feeds/{feed.pk}/").json()
    assert "key" not in told
    assert Client().get(told["json_address"]).json()["vehicles"][0]["stock_number"] == "A-7"
    assert json.dumps(told).count(feeds.address(VehicleFeed.objects.get(), "csv")) == 1


@pytest.mark.parametrize("role", [Role.SALESPERSON, Role.VIEWER, Role.INVENTORY_MANAGER])
def test_others_see_no_addresses(owner: User, feed: VehicleFeed, client: Client, role: Role) -> None:
    client.force_login(with_role(owner, role))
    assert client.get("/inventory/feeds/").status_code == 403
    assert client.get(f"/inventory/feeds/{feed.pk}/").status_code == 403
