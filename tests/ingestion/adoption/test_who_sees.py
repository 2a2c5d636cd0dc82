"""What became of records is told to who may see both the records and what they became."""

from __future__ import annotations

import pytest
from django.test import Client

from config.backoffice.resources import REGISTRY
from dealers.models import Dealership, User
from dealers.roles import Role
from ingestion.models import Adoption
from tests.ingestion.adoption.said import adopt, again, arrival, feeds, letter, told, visit
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db
NAME = "Budi Santoso"


@pytest.fixture(autouse=True)
def adopted(dealership_a: Dealership) -> None:
    Dealership.objects.update(language="en")
    dealership_a.refresh_from_db()
    feeds(dealership_a, "spk_read", "uinb_read", "pkb")
    record = letter(dealership_a)
    arrival(dealership_a)
    visit(dealership_a)
    adopt()
    type(record).objects.update(nama_customer="Budi S.")
    record.unit.update(harga_jual=17_654_321)
    again()


def codes(user: User) -> set[str]:
    rows = api_of(user).get("/api/v1/dgi/adoptions/").json()["results"]
    return {each["job_type"] for each in rows}


def test_a_role_sees_what_became_of_records_that_it_may_see(alice: User, dealership_a: Dealership) -> None:
    assert codes(with_role(alice, Role.OWNER)) == {"spk_read", "uinb_read", "pkb"}
    assert codes(with_role(alice, Role.SERVICE_MANAGER)) == {"pkb"}
    assert codes(with_role(alice, Role.SALESPERSON)) == {"spk_read", "uinb_read"}


@pytest.mark.parametrize(("role", "may"), [(Role.OWNER, True), (Role.INVENTORY_MANAGER, False)])
def test_names_and_prices_are_told_to_who_may_see_them(
    alice: User, client: Client, dealership_a: Dealership, role: Role, may: bool
) -> None:
    user, found = with_role(alice, role), told("spk_read")
    client.force_login(user)
    for address in ("/ingestion/adoptions/", f"/ingestion/adoptions/{found.pk}/"):
        answer = client.get(address)
        assert answer.status_code == 200
        assert (NAME in answer.content.decode()) is may
    row = api_of(user).get(f"/api/v1/dgi/adoptions/{found.pk}/").json()
    assert (NAME in str(row), "17654321" in str(row)) == (may, may)
    vehicle = api_of(user).get(f"/api/v1/dgi/adoptions/{told('uinb_read').pk}/").json()
    assert vehicle["made"][0][0] == "inventory.vehicle"


def test_to_try_again_what_may_not_be_seen_is_refused(alice: User, client: Client, dealership_a: Dealership) -> None:
    client.force_login(with_role(alice, Role.SERVICE_MANAGER))
    assert client.get(f"/ingestion/adoptions/{told('spk_read').pk}/").status_code == 404


def test_what_waits_has_a_number_on_pages_and_no_key_for_programs(
    alice: User, client: Client, dealership_a: Dealership
) -> None:
    user, found = with_role(alice, Role.OWNER), told("pkb")
    Adoption.objects.filter(pk=found.pk).update(natural_key="", state=Adoption.State.WAITING)
    client.force_login(user)
    assert f"#{found.record_id}" in client.get(f"/ingestion/adoptions/{found.pk}/").content.decode()
    assert api_of(user).get(f"/api/v1/dgi/adoptions/{found.pk}/").json()["natural_key"] == ""
    key = next(column for column in REGISTRY["adoptions"].columns if column.name == "natural_key")
    assert key.plain(Adoption.objects.get(pk=found.pk)) == "", "in a spreadsheet"
