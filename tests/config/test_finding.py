"""The search over everything: pages, what can be begun, and rows of every kind, as far as the person may see them."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dealers.models import Dealership, Flag, User
from dealers.roles import Role
from ingestion import search
from ingestion.job_types import JOB_TYPES
from tests.factories import (
    ContactPointFactory,
    CustomerFactory,
    DealFactory,
    LeadFactory,
    MembershipFactory,
    VehicleFactory,
    record_of,
)
from tests.people import with_role

pytestmark = pytest.mark.django_db
SEARCH = "/search/"


def found_by(client: Client, words: str) -> str:
    return client.get(SEARCH, {"q": words}).content.decode()


def test_customers_vehicles_leads_and_deals_are_found_beside_records(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    budi = CustomerFactory(dealership=dealership_a, name="Budi Santoso")
    vehicle = VehicleFactory(dealership=dealership_a, plate="B 1234 XYZ")
    lead = LeadFactory(dealership=dealership_a, name="Budi Hartono")
    deal = DealFactory(dealership=dealership_a, customer=budi, vehicle=vehicle)
    text = found_by(client, "budi")
    for name, row in (("customers", budi), ("leads", lead), ("deals", deal)):
        assert f'href="{reverse(f"{name}-detail", args=[row.pk])}"' in text, name
        assert f'href="{reverse(name)}?search=budi"' in text, name
    text = found_by(client, "B 1234")
    assert f'href="{reverse("vehicles-detail", args=[vehicle.pk])}"' in text


def test_a_customer_is_found_by_a_telephone_number_as_people_write_it(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    budi = CustomerFactory(dealership=dealership_a, name="Budi Santoso")
    ContactPointFactory(dealership=dealership_a, customer=budi, kind="phone", value="+6281298765432")
    text = found_by(client, "0812-9876")
    assert "Budi Santoso" in text
    assert "+6281298765432" in text


def test_nothing_is_found_of_another_dealership(
    owner: User, dealership_a: Dealership, dealership_b: Dealership, client: Client
) -> None:
    for add in (CustomerFactory, LeadFactory):
        add(dealership=dealership_b, name="Budi Santoso")
    DealFactory(dealership=dealership_b, customer=CustomerFactory(dealership=dealership_b, name="Budi"))
    assert "Nothing has" in found_by(client, "budi")


def test_nothing_is_found_of_what_a_role_does_not_see(owner: User, dealership_a: Dealership, client: Client) -> None:
    CustomerFactory(dealership=dealership_a, name="Budi Santoso")
    LeadFactory(dealership=dealership_a, name="Budi Santoso")
    with_role(owner, Role.TECHNICIAN)
    assert "Budi Santoso" not in found_by(client, "budi")


def test_what_may_be_added_is_begun_from_the_search(owner: User, client: Client) -> None:
    Flag.objects.create(name="command_palette", is_on=True)
    address = reverse("leads-new")
    assert f'href="{address}"' in found_by(client, "new: le")
    part = client.get(SEARCH, {"q": "new"}, headers={"HX-Request": "true"}).content.decode()
    assert f'data-href="{address}"' in part
    with_role(owner, Role.VIEWER)
    assert address not in found_by(client, "new")


def test_more_that_is_found_asks_no_more_of_the_database(owner: User, dealership_a: Dealership, client: Client) -> None:
    def asked() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert "Budi" in found_by(client, "budi")
        return len(queries)

    def add() -> None:
        budi = CustomerFactory(dealership=dealership_a, name="Budi Santoso")
        ContactPointFactory(dealership=dealership_a, customer=budi, kind="phone")
        LeadFactory(dealership=dealership_a, name="Budi Santoso")
        DealFactory(dealership=dealership_a, customer=budi)

    add()
    asked()
    once = asked()
    for _ in range(4):
        add()
    assert asked() == once


def test_what_no_text_can_hold_is_left_out_of_the_words(owner: User, dealership_a: Dealership, client: Client) -> None:
    CustomerFactory(dealership=dealership_a, name="Budi Santoso")
    CustomerFactory(dealership=dealership_a, name="Siti Aminah")
    text = found_by(client, "budi\0santoso")
    assert "Budi Santoso" in text
    assert "Siti" not in text
    assert client.get(reverse("passport"), {"q": "\0MH1\0"}).status_code == 200


def test_a_search_that_takes_too_long_is_told_in_words(
    owner: User, dealership_a: Dealership, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def sleeping(*_: object) -> list[object]:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout TO '20ms'")
            cursor.execute("SELECT pg_sleep(1)")
        return []

    monkeypatch.setattr("config.finding.records_with", sleeping)
    Flag.objects.create(name="command_palette", is_on=True)
    text = found_by(client, "budi")
    assert "This took too long and was stopped. Write more letters" in text
    assert "Nothing has" not in text, "nobody knows"
    part = client.get(SEARCH, {"q": "budi"}, headers={"HX-Request": "true"}).content.decode()
    assert "This took too long and was stopped." in part
    assert "Nothing found" not in part


def test_newer_records_of_a_dealership_where_a_role_does_not_see_them_hide_no_older_ones(
    owner: User, dealership_a: Dealership, dealership_b: Dealership, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = JOB_TYPES["spk_read"]
    MembershipFactory(user=owner, dealership=dealership_b, role=Role.TECHNICIAN)
    own = record_of(job, dealership_a, nama_customer="Budi Santoso")
    for _ in range(3):
        record_of(job, dealership_b, nama_customer="Budi Santoso")
    search.write(job, list(job.record.objects.values_list("pk", flat=True)))
    monkeypatch.setattr("ingestion.finding.LOOKED_AT", 2)
    assert re.findall(r"/records/spk_read/([0-9]+)/", found_by(client, "budi")) == [str(own.pk)]
