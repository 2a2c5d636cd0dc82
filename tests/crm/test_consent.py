"""What a customer agreed to is evidence about one number or e-mail: added to, never changed."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, transaction

from crm import services
from crm.models import Consent, Customer
from dealers.models import Dealership, Event
from tests.factories import ContactPointFactory, CustomerFactory
from tests.tenancy.catalog import as_web, asked

pytestmark = pytest.mark.django_db
PHONE = "+6281234567890"


@pytest.fixture
def reachable(budi: Customer) -> Customer:
    services.set_primary(budi, "phone", PHONE)
    return budi


def say(customer: Customer, is_given: bool, **more: Any) -> Consent:
    given = {"contact": PHONE, "channel": "sms", "purpose": "marketing", "wording_version": "2026-01", "source": "form"}
    return services.record_consent(customer, is_given=is_given, **{**given, **more})


def may(customer: Customer, **more: Any) -> bool:
    return services.may_contact(customer, **{"channel": "sms", "purpose": "marketing", **more})


def test_nobody_is_written_to_who_did_not_agree(reachable: Customer) -> None:
    assert not may(reachable)
    say(reachable, True)
    assert may(reachable)
    assert not may(reachable, channel="whatsapp")
    assert not may(reachable, purpose="survey")
    say(reachable, False, source="message")
    assert not may(reachable)
    assert Consent.objects.count() == 2


def test_a_changed_number_voids_the_consent_and_the_old_one_brings_it_back(reachable: Customer) -> None:
    say(reachable, True)
    services.set_primary(reachable, "phone", "+6281111111111")
    assert not may(reachable)
    assert services.consent_state(reachable) == []
    services.set_primary(reachable, "phone", PHONE)
    assert may(reachable)


def test_a_yes_of_one_customer_is_none_of_another_with_the_same_number_but_a_stop_is(reachable: Customer) -> None:
    wife = CustomerFactory(dealership=reachable.dealership)
    services.set_primary(wife, "phone", PHONE)
    say(reachable, True)
    assert not may(wife)
    say(wife, True)
    assert may(wife)
    say(reachable, False)
    assert not may(wife)


def test_a_consent_holds_no_number(reachable: Customer) -> None:
    made = say(reachable, True)
    row = str(Consent.objects.values().get())
    assert PHONE.lstrip("+") not in row
    assert (made.wording_version, made.source, made.channel) == ("2026-01", "form", "sms")


def test_a_yes_for_a_number_that_is_not_theirs_is_refused_and_a_stop_taken(api: Any, budi: Customer) -> None:
    address = f"/api/v1/customers/{budi.pk}/consent/"
    sent = {
        **{"contact": "0812 3456 7890", "channel": "sms", "purpose": "marketing", "is_given": "yes"},
        **{"source": "form", "wording_version": "2026-01"},
    }
    answer = api.post(address, sent, format="json")
    assert (answer.status_code, Consent.objects.count()) == (409, 0)
    assert api.post(address, {**sent, "is_given": "no", "source": "message"}, format="json").status_code == 200
    services.set_primary(budi, "phone", PHONE)
    assert api.post(address, {**sent, "contact": ""}, format="json").status_code == 200
    assert may(Customer.objects.get())
    assert Event.objects.filter(verb="customer.consented").count() == 2
    told = api.get("/api/v1/consents/").json()["results"]
    assert [each["is_given"] for each in told] == [True, False]
    assert all("contact_hash" not in each for each in told)
    assert api.delete(f"/api/v1/consents/{told[0]['id']}/").status_code == 405


@pytest.mark.parametrize("verb", ["UPDATE crm_consent SET is_given = true", "DELETE FROM crm_consent"])
def test_the_database_refuses_to_change_or_delete_one(reachable: Customer, verb: str) -> None:
    say(reachable, False)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Consent.objects.update(is_given=True)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Consent.objects.all()._raw_delete("default")
    for role in ("none", "forecourt_platform"):
        with as_web(role=role) as web, pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute(verb)


@pytest.mark.parametrize("role", ["forecourt_web", "forecourt_worker", "forecourt_platform", "forecourt_readonly"])
def test_no_role_of_the_application_may(role: str) -> None:
    may_ = asked("SELECT has_table_privilege(%s, 'crm_consent', 'UPDATE, DELETE, TRUNCATE') AS may", role)
    assert [each.may for each in may_] == [False]


def test_another_dealerships_stop_is_its_own(reachable: Customer, dealership_b: Dealership) -> None:
    foreign = CustomerFactory(dealership=dealership_b)
    ContactPointFactory(dealership=dealership_b, customer=foreign, value=PHONE)
    say(reachable, True)
    say(foreign, False)
    assert may(reachable)
