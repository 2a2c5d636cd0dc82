"""Deleted customers come back by those who may delete; who was merged or erased does not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client

from crm import merging, privacy, services
from crm.models import Customer
from dealers.models import Dealership, Event, User
from dealers.roles import Role
from dealers.tenancy import acting_for
from tests.factories import ContactPointFactory, CustomerFactory, MembershipFactory
from tests.people import api_of

pytestmark = pytest.mark.django_db
LIST = "/customers/deleted/"


def of(dealership: Dealership, role: Role) -> User:
    return MembershipFactory(dealership=dealership, role=role).user


@pytest.fixture
def gone(dealership_a: Dealership) -> Customer:
    made: Customer = CustomerFactory(dealership=dealership_a, name="Budi Santoso")
    ContactPointFactory(dealership=dealership_a, customer=made, value="+628123456789")
    made.remove()
    return made


def test_a_deleted_customer_is_listed_and_restored_with_all_they_had(
    gone: Customer, owner: User, client: Client, dealership_a: Dealership
) -> None:
    CustomerFactory(dealership=dealership_a, name="Somebody who is there")
    assert "Deleted customers" in client.get("/customers/").content.decode()
    text = client.get(LIST).content.decode()
    address = f"{LIST}{gone.pk}/restore/"
    assert f'href="{address}"' in text
    assert "+628123456789" in text
    assert "Somebody who is there" not in text
    assert "Budi Santoso" in client.get(address).content.decode()
    assert client.post(address).headers["Location"] == f"/customers/{gone.pk}/"
    assert client.get(f"/customers/{gone.pk}/").status_code == 200
    assert "Nothing here yet" in client.get(LIST).content.decode()
    assert client.post(address).status_code == 404
    assert Event.objects.get(verb="customer.restored").object_id == str(gone.pk)
    assert Customer.history.filter(id=gone.pk).first().deleted_at is None


def test_the_list_is_searched_by_name(gone: Customer, owner: User, client: Client) -> None:
    assert "Budi" in client.get(LIST, {"search": "santo"}).content.decode()
    assert "Nothing matches" in client.get(LIST, {"search": "nobody"}).content.decode()


def test_who_was_merged_or_erased_is_no_deleted_customer(owner: User, client: Client, dealership_a: Dealership) -> None:
    winner, loser, erased = (CustomerFactory(dealership=dealership_a) for _ in range(3))
    merging.merge(winner, loser, keep={})
    privacy.erase(erased)
    assert "Nothing here yet" in client.get(LIST).content.decode()
    for each in (winner, loser, erased):
        assert client.post(f"{LIST}{each.pk}/restore/").status_code == 404
        with pytest.raises(ValidationError, match="no deleted customer"):
            services.restore(each, by=owner)


@pytest.mark.parametrize(("role", "may"), [(Role.SALES_MANAGER, True), (Role.SALESPERSON, False), (Role.VIEWER, False)])
def test_restoring_is_for_those_who_may_delete(
    gone: Customer, dealership_a: Dealership, client: Client, role: Role, may: bool
) -> None:
    user = of(dealership_a, role)
    client.force_login(user)
    assert ("Deleted customers" in client.get("/customers/").content.decode()) == may
    assert client.get(LIST).status_code == (200 if may else 403)
    assert client.get(f"{LIST}{gone.pk}/restore/").status_code == (200 if may else 403)
    answer = api_of(user).post(f"/api/v1/customers/{gone.pk}/restore/")
    assert answer.status_code == (200 if may else 403)
    assert (answer.json().get("name") == "Budi Santoso") == may


def test_another_dealerships_deleted_customers_are_not_there(
    gone: Customer, dealership_b: Dealership, client: Client
) -> None:
    stranger = of(dealership_b, Role.OWNER)
    client.force_login(stranger)
    assert "Budi" not in client.get(LIST).content.decode()
    assert client.post(f"{LIST}{gone.pk}/restore/").status_code == 404
    assert api_of(stranger).post(f"/api/v1/customers/{gone.pk}/restore/").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_who_is_erased_meanwhile_stays_erased(gone: Customer, owner: User, dealership_a: Dealership) -> None:
    """Whichever of both comes first."""

    def one(work: Any) -> Any:
        try:
            with acting_for([dealership_a.pk]):
                return work()
        except ValidationError:
            return "refused"
        finally:
            connection.close()

    works = [lambda: services.restore(gone, by=owner), lambda: privacy.erase(gone)]
    with ThreadPoolExecutor(2) as threads:
        list(threads.map(one, works))
    with acting_for([dealership_a.pk]):
        here = Customer.everyone.get(pk=gone.pk)
        assert (here.name, here.erased_at is not None, here.deleted_at is not None) == ("–", True, True)


def test_who_was_restored_by_somebody_else_meanwhile_is_told_to_programs(
    gone: Customer, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(row: Customer, *, by: User) -> None:
        Customer.everyone.get(pk=row.pk).restore(by=by)
        restore(row, by=by)

    restore = services.restore
    monkeypatch.setattr(services, "restore", late)
    answer = api_of(owner).post(f"/api/v1/customers/{gone.pk}/restore/")
    assert (answer.status_code, "no deleted customer" in answer.content.decode()) == (409, True)
