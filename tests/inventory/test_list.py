"""The list of vehicles opens with what stands here, and everything else is one click away."""

from __future__ import annotations

import pytest
from django.test import Client

from dealers.models import Dealership, SavedView, User
from inventory.models import Vehicle
from tests.factories import VehicleFactory

pytestmark = pytest.mark.django_db
LIST, HERE = "/inventory/", "/inventory/?standing=here"
Status = Vehicle.Status


def shown(client: Client, query: str) -> set[str]:
    return {row.status for row in client.get(f"{LIST}?{query}").context["page"].rows}


def test_the_list_opens_with_what_stands_here(owner: User, client: Client) -> None:
    answer = client.get(LIST)
    assert (answer.status_code, answer.headers["Location"]) == (302, HERE)


def test_what_is_here_and_what_is_gone_are_all_there_is(owner: User, dealership_a: Dealership, client: Client) -> None:
    for status in Status.values:
        VehicleFactory(dealership=dealership_a, status=status)
    here, gone = shown(client, "standing=here"), shown(client, "standing=gone")
    assert here == {"on_order", "in_transit", "received", "in_preparation", "available", "reserved"}
    assert gone == {"sold", "delivered", "in_service", "withdrawn"}
    assert shown(client, "all=1") == here | gone
    assert client.get(f"{LIST}?standing=elsewhere").status_code == 422


def test_removing_the_last_filter_shows_everything(owner: User, client: Client) -> None:
    assert 'href="?all=1"' in client.get(HERE).content.decode()
    [chip] = client.get(HERE).context["bar"].chips
    assert chip.query == "all=1"


def test_a_view_of_ones_own_comes_first(owner: User, client: Client) -> None:
    SavedView.objects.create(user=owner, resource="vehicles", name="Reds", query="search=red", is_default=True)
    assert client.get(LIST).headers["Location"] == f"{LIST}?search=red"
