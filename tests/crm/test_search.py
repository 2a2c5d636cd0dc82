"""A customer is found by the beginning of any word, number or plate of theirs, quickly among very many."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from django.test import Client

from crm import services
from crm.models import Customer, CustomerWord
from dealers.models import Dealership, User
from inventory.models import Vehicle
from tests.factories import ContactPointFactory, CustomerFactory, DealershipFactory, OwnershipFactory
from tests.tenancy.catalog import as_web

pytestmark = pytest.mark.django_db


@pytest.fixture
def known(budi: Customer) -> Customer:
    services.set_primary(budi, "phone", "+6281234567890")
    services.set_primary(budi, "email", "budi@example.com")
    ownership = OwnershipFactory(dealership=budi.dealership, customer=budi, plate="B 1234 XYZ")
    Vehicle.objects.filter(pk=ownership.vehicle_id).update(vin="MH1JM2112345678")
    CustomerFactory(dealership=budi.dealership, name="Siti Aminah")
    return budi


def found(api: Any, words: str) -> list[str]:
    answer = api.get("/api/v1/customers/", {"search": words})
    assert answer.status_code == 200, answer.content
    return [row["name"] for row in answer.json()["results"]]


@pytest.mark.parametrize(
    "words",
    [
        *("budi", "BUD", "santo", "santoso b", "Budi Santoso", "0812 3456", "+62812345", "081234567890", "62812"),
        *("budi@exa", "b 1234", "B1234XYZ", "mh1jm2112"),
    ],
)
def test_it_is_found_by(api: Any, known: Customer, words: str) -> None:
    assert found(api, words) == ["Budi Santoso"]


@pytest.mark.parametrize("words", ["udi", "budi aminah", "0813", "%", "_", "1234567890123"])
def test_it_is_not_found_by(api: Any, known: Customer, words: str) -> None:
    assert found(api, words) == []


def test_words_follow_whatever_is_written(api: Any, known: Customer) -> None:
    Customer.objects.filter(pk=known.pk).update(name="Joko Widodo")
    assert found(api, "budi s") == []
    assert found(api, "widodo") == ["Joko Widodo"]
    known.contact_points.all().delete()
    assert found(api, "0812 3456") == []
    Vehicle.objects.update(plate="D 99 AB", vin="MH1JM2199999999")
    assert found(api, "mh1jm21999") == ["Joko Widodo"]
    known.ownerships.all().delete()
    assert found(api, "mh1jm21999") == []
    assert set(CustomerWord.objects.filter(customer=known).values_list("word", flat=True)) == {"joko", "widodo"}


def test_what_was_searched_is_marked_wherever_it_stands(client: Client, owner: User, known: Customer) -> None:
    def page(words: str) -> str:
        return client.get("/customers/", {"search": words}).content.decode()

    assert "<mark>Budi</mark>" in page("budi")
    assert "+<mark>62812345</mark>67890" in page("0812 345")
    assert "<mark>MH1JM21</mark>12345678" in page("mh1jm21")
    ContactPointFactory(dealership=known.dealership, customer=known, value="+6281999999999")
    assert "+<mark>62819999</mark>99999" in page("0819 999")


def test_another_dealerships_customers_are_found_by_nobody_else(api: Any, dealership_b: Dealership) -> None:
    CustomerFactory(dealership=dealership_b, name="Qzkanari")
    assert found(api, "qzkanari") == []


MANY = 20_000
FILL = """
    INSERT INTO crm_customer (dealership_id, kind, name, called, contact_person, identity_sealed, identity_hash,
        identity_ending, preferred_channel, preferred_time, source, tags, created_at)
    SELECT %s, 'person', 'Person' || n || ' Family' || n %% 500, '', '', '', '', '', '', '', '', '{}', now()
    FROM generate_series(%s, %s) n
"""


@pytest.mark.django_db(transaction=True)
def test_an_index_finds_a_customer_among_twenty_thousand_as_the_web_role() -> None:
    from django.db import connection

    mine, other = DealershipFactory(), DealershipFactory()
    with connection.cursor() as cursor:
        for first in range(0, MANY, MANY // 4):  # a statement of the web role ends after 15 seconds
            cursor.execute(FILL, [mine.pk, first + 1, first + MANY // 4])
        cursor.execute(FILL, [other.pk, 1, MANY // 10])
    with psycopg.connect(owner()) as conn:
        conn.autocommit = True
        conn.execute("ANALYZE crm_customer")
        conn.execute("ANALYZE crm_customerword")
    rows = services.search.matching(Customer.objects.all(), "person12345 fam")
    statement, values = rows.order_by("-pk")[:51].query.sql_with_params()
    with as_web(mine.pk) as web:
        assert len(web.execute(statement, values).fetchall()) == 1
        plan = "\n".join(line for (line,) in web.execute(f"EXPLAIN (ANALYZE) {statement}", values).fetchall())
    assert "Index" in plan
    assert "word >= 'person12345'" in plan.replace("::text", "").replace("(word)", "word"), plan
    assert "Seq Scan on crm_customerword" not in plan, plan
    assert float(plan.rpartition("Execution Time: ")[2].split()[0]) < 200, plan


def owner() -> str:
    from tests.conftest import owner_conninfo

    return owner_conninfo()
