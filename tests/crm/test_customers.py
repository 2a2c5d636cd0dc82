"""A customer is written down once, with how to reach them, and found again by whatever they say."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client

from crm import contact_values, services
from crm.models import ContactPoint, Customer, Ownership
from dealers.models import Dealership, Event, User
from dealers.roles import Role
from dealers.tenancy import platform
from tests.factories import (
    AddressFactory,
    ContactPointFactory,
    CustomerFactory,
    DealershipFactory,
    OwnershipFactory,
    VehicleFactory,
)
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db
LIST = "/api/v1/customers/"


def body(dealership: Dealership, **more: Any) -> dict[str, Any]:
    return {"dealership": dealership.pk, "kind": "person", "name": "Siti Aminah"} | more


@pytest.mark.parametrize(
    ("text", "country", "kept"),
    [
        ("0812-3456-7890", "ID", "+6281234567890"),
        ("+62 812 3456 7890", "US", "+6281234567890"),
        ("(212) 555-0123", "US", "+12125550123"),
    ],
)
def test_a_number_is_kept_with_its_country(text: str, country: str, kept: str) -> None:
    assert contact_values.phone(text, country) == kept


@pytest.mark.parametrize("text", ["12", "call me", "+999 1", ""])
def test_what_is_no_number_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValidationError, match="is no telephone number"):
        contact_values.phone(text, "ID")


def test_a_form_makes_a_customer_with_a_number_and_an_e_mail(api: Any, dealership_a: Dealership) -> None:
    made = api.post(LIST, body(dealership_a, phone="0812 3456 7890", email="Siti@Example.COM"), format="json")
    assert made.status_code == 201, made.content
    assert (made.json()["phone"], made.json()["email"]) == ("+6281234567890", "siti@example.com")
    assert ContactPoint.objects.filter(customer_id=made.json()["id"], is_primary=True).count() == 2


def test_a_number_is_read_in_the_country_of_the_dealership(api: Any, owner: User) -> None:
    from tests.factories import MembershipFactory

    american = DealershipFactory(country="US")
    MembershipFactory(user=owner, dealership=american, role=Role.OWNER)
    made = api.post(LIST, body(american, phone="(212) 555-0123"), format="json")
    assert made.json()["phone"] == "+12125550123"


def test_a_wrong_number_stands_at_its_field(api: Any, dealership_a: Dealership) -> None:
    answer = api.post(LIST, body(dealership_a, phone="12"), format="json")
    assert answer.status_code == 400
    assert [each["field"] for each in answer.json()["errors"]] == ["phone"]


def test_changing_the_number_in_the_form_changes_the_first_one(api: Any, budi: Customer) -> None:
    services.set_primary(budi, "phone", "+6281234567890")
    ContactPointFactory(dealership=budi.dealership, customer=budi, value="+6281111111111")
    address = f"{LIST}{budi.pk}/"
    assert api.patch(address, {"phone": "0812 9999 9999"}, format="json").json()["phone"] == "+6281299999999"
    assert api.patch(address, {"phone": "0811 1111 1111"}, format="json").json()["phone"] == "+6281111111111"
    assert budi.contact_points.count() == 2
    assert api.patch(address, {"phone": ""}, format="json").json()["phone"] == "+6281299999999"
    assert budi.contact_points.count() == 1


def test_one_number_of_a_kind_is_used_first(budi: Customer) -> None:
    first, second = (
        ContactPointFactory(dealership=budi.dealership, customer=budi, value=f"+628123456789{n}") for n in (1, 2)
    )
    assert (first.is_primary, second.is_primary) == (True, False)
    services.use_first(second)
    assert Customer.objects.get().phone == second.value
    services.remove_contact(second)
    assert Customer.objects.get().phone == first.value
    first.refresh_from_db()
    assert first.is_primary
    with pytest.raises(IntegrityError), transaction.atomic():
        ContactPoint.objects.create(
            dealership=budi.dealership, customer=budi, kind="phone", value="+62", is_primary=True
        )


def test_the_same_number_twice_is_refused_in_words(api: Any, budi: Customer) -> None:
    sent = {"customer": budi.pk, "kind": "phone", "value": "0812 3456 7890"}
    assert api.post("/api/v1/contact-points/", sent, format="json").status_code == 201
    again = api.post("/api/v1/contact-points/", {**sent, "value": "+62 812 3456 7890"}, format="json")
    assert again.status_code in (400, 409)
    assert "has this already" in again.content.decode()


# -- the identity number


def test_an_identity_number_is_sealed_and_told_to_whom_may_know_it(api: Any, dealership_a: Dealership) -> None:
    made = api.post(LIST, body(dealership_a, identity_number="3171 2345 6789 0001"), format="json").json()
    assert made["identity_number"] == "••••0001"
    row = Customer.objects.get(pk=made["id"])
    assert "31712345" not in row.identity_sealed + row.identity_hash
    assert not hasattr(row.history.get(), "identity_sealed")
    answer = api.post(f"{LIST}{row.pk}/reveal/")
    assert (answer.status_code, answer.json()) == (200, {"identity_number": "3171234567890001"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert Event.objects.filter(verb="customer.identity_number_read", object_id=str(row.pk)).count() == 1
    assert "31712345" not in str(list(Event.objects.values("changes")))


def test_changing_an_identity_number_leaves_none_in_the_audit(api: Any, budi: Customer) -> None:
    address = f"{LIST}{budi.pk}/"
    assert api.patch(address, {"identity_number": "3171234567890001"}, format="json").status_code == 200
    assert api.patch(address, {"name": "Budi"}, format="json").json()["identity_number"] == "••••0001"
    assert "3171234567890001" not in str(list(Event.objects.values("changes")))
    assert api.patch(address, {"identity_number": "-"}, format="json").json()["identity_number"] == ""


def test_whoever_may_not_know_it_reveals_nothing(alice: User, budi: Customer) -> None:
    budi.set_identity_number("3171234567890001")
    budi.save()
    advisor = with_role(alice, Role.SERVICE_ADVISOR)
    assert api_of(advisor).post(f"{LIST}{budi.pk}/reveal/").status_code == 403
    browser = Client()
    browser.force_login(advisor)
    assert browser.post(f"/customers/{budi.pk}/reveal/").status_code == 403
    page = browser.get(f"/customers/{budi.pk}/").content.decode()
    assert "3171234567890001" not in page
    assert "/reveal/" not in page


def test_a_page_shows_the_number_once_asked_and_not_before(client: Client, owner: User, budi: Customer) -> None:
    budi.set_identity_number("3171234567890001")
    budi.save()
    page = client.get(f"/customers/{budi.pk}/").content.decode()
    assert "••••0001" in page
    assert "3171234567890001" not in page
    part = client.post(f"/customers/{budi.pk}/reveal/", HTTP_HX_REQUEST="true").content.decode()
    assert "3171234567890001" in part
    assert "<html" not in part
    assert "3171234567890001" in client.post(f"/customers/{budi.pk}/reveal/").content.decode()


# -- what they drive


def test_a_vehicle_has_one_owner_at_a_time(budi: Customer) -> None:
    first = OwnershipFactory(dealership=budi.dealership, customer=budi)
    other = CustomerFactory(dealership=budi.dealership)
    with pytest.raises(IntegrityError), transaction.atomic():
        OwnershipFactory(dealership=budi.dealership, customer=other, vehicle=first.vehicle)
    first.until = first.since
    first.save()
    OwnershipFactory(dealership=budi.dealership, customer=other, vehicle=first.vehicle)
    assert Ownership.objects.count() == 2


def test_the_type_goes_by_the_vehicles(api: Any, budi: Customer) -> None:
    for wanted in ("prospect", "new", "returning"):
        assert api.get(f"{LIST}{budi.pk}/").json()["type"] == wanted
        assert [row["id"] for row in api.get(LIST, {"type": wanted}).json()["results"]] == [budi.pk]
        OwnershipFactory(dealership=budi.dealership, customer=budi)


def test_a_vehicle_of_another_dealership_is_no_customers(api: Any, budi: Customer, dealership_b: Dealership) -> None:
    foreign = VehicleFactory(dealership=dealership_b)
    answer = api.post("/api/v1/ownerships/", {"customer": budi.pk, "vehicle": foreign.pk}, format="json")
    assert answer.status_code == 400


# -- deleted softly


def test_a_deleted_customer_is_gone_from_every_page_and_comes_back(api: Any, budi: Customer) -> None:
    AddressFactory(dealership=budi.dealership, customer=budi)
    assert api.delete(f"{LIST}{budi.pk}/").status_code == 204
    assert api.get(f"{LIST}{budi.pk}/").status_code == 404
    assert api.get("/api/v1/addresses/").json()["results"] == []
    row = Customer.everyone.get(pk=budi.pk)
    assert row.deleted_at is not None
    row.restore()
    assert api.get(f"{LIST}{budi.pk}/").status_code == 200


def test_nobody_refers_themselves_or_is_referred_by_a_stranger(
    api: Any, budi: Customer, dealership_b: Dealership
) -> None:
    foreign = CustomerFactory(dealership=dealership_b)
    for wrong in (budi.pk, foreign.pk):
        assert api.patch(f"{LIST}{budi.pk}/", {"referred_by": wrong}, format="json").status_code == 400
    friend = CustomerFactory(dealership=budi.dealership, name="Qzfriend")
    assert api.patch(f"{LIST}{budi.pk}/", {"referred_by": friend.pk}, format="json").status_code == 200
    assert "Qzfriend" not in str(list(Event.objects.values("changes")))


# -- duplicates


def test_who_may_be_the_same_is_told_with_the_reason(api: Any, budi: Customer) -> None:
    services.set_primary(budi, "phone", "+6281234567890")
    services.set_primary(budi, "email", "budi@example.com")
    budi.set_identity_number("3171234567890001")
    budi.save()
    address = f"{LIST}duplicates/"

    def because(**asked: str) -> list[list[str]]:
        return [each["because"] for each in api.get(address, asked).json()]

    assert because(phone="0812 3456 7890") == [["phone"]]
    assert because(email="BUDI@example.com") == [["email"]]
    assert because(name="santoso budi") == [["name"]]
    assert because(identity_number="3171-2345-6789-0001") == [["identity_number"]]
    assert because(phone="0812", name="Budi", email="budi@", identity_number="3171") == []
    assert because(phone="+6281234567890", name="Budi Santoso") == [["phone", "name"]]
    assert api.get(address, {"misspelt": "x"}).status_code == 400


def test_another_dealerships_customer_is_nobodys_duplicate(api: Any, dealership_b: Dealership) -> None:
    CustomerFactory(dealership=dealership_b, name="Budi Santoso")
    assert api.get(f"{LIST}duplicates/", {"name": "Budi Santoso"}).json() == []


def test_a_form_warns_while_somebody_types(client: Client, owner: User, budi: Customer) -> None:
    assert "customers/duplicates/" in client.get("/customers/new/").content.decode()
    typed = {"name": "Budi Santoso", "dealership": budi.dealership_id}
    assert "same name" in client.post("/customers/duplicates/", typed).content.decode()
    assert client.post("/customers/duplicates/", typed | {"besides": budi.pk}).content.decode().strip() == ""


def test_identity_numbers_move_to_a_new_key(budi: Customer, settings: Any) -> None:
    plain = "3171234567890001"
    budi.set_identity_number(plain)
    budi.save()
    old = settings.FIELD_KEYS
    settings.FIELD_KEYS = [Fernet.generate_key().decode(), *old]
    with platform("a test"):
        assert services.rotate_identity_numbers() == 1
    settings.FIELD_KEYS = settings.FIELD_KEYS[:1]
    moved = Customer.objects.get(pk=budi.pk)
    assert moved.identity_number == plain
    assert list(Customer.objects.with_identity(plain)) == [moved]
