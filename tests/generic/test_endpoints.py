"""What holds of every endpoint that is made of a resource: the suite walks the API's router."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from config.api import router
from config.backoffice.resources import Resource
from dealers.models import Dealership, User
from dealers.roles import Role
from tests.generic.conftest import row_of
from tests.people import api_of, with_role

ENDPOINTS = {prefix: view.resource for prefix, view, _name in router.registry if hasattr(view, "resource")}
MOST_QUERIES = 30


@dataclass
class Endpoint:
    """A resource's endpoint with somebody who owns the dealership."""

    resource: Resource
    address: str
    api: APIClient
    add: Callable[[], Any]

    def ids(self, **asked: Any) -> list[int]:
        answer = self.api.get(self.address, asked)
        assert answer.status_code == 200, answer.content
        return [each["id"] for each in answer.json()["results"]]


@pytest.fixture(params=sorted(ENDPOINTS))
def endpoint(request: pytest.FixtureRequest, dealership_a: Dealership, owner: User) -> Endpoint:
    resource = ENDPOINTS[request.param]
    return Endpoint(resource, f"/api/v1/{request.param}/", api_of(owner), lambda: row_of(resource, dealership_a))


def test_a_row_is_listed_and_read_with_its_version(endpoint: Endpoint) -> None:
    row = endpoint.add()
    assert row.pk in endpoint.ids()
    answer = endpoint.api.get(f"{endpoint.address}{row.pk}/")
    assert answer.status_code == 200
    assert answer.json()["id"] == row.pk
    assert answer.headers["ETag"].strip('"').isdecimal()


def test_a_list_is_ordered_by_each_column_that_can_be(endpoint: Endpoint) -> None:
    made = {endpoint.add().pk, endpoint.add().pk}
    for name in endpoint.resource.sortable_too:
        for ordering in (name, f"-{name}"):
            assert made <= set(endpoint.ids(ordering=ordering)), ordering
    assert endpoint.api.get(endpoint.address, {"ordering": "nothing_of_the_kind"}).status_code == 400


def test_a_filter_that_there_is_not_is_refused(endpoint: Endpoint) -> None:
    endpoint.add()
    assert endpoint.api.get(endpoint.address, {"nothing_of_the_kind": "1"}).status_code == 400


def test_ten_rows_take_as_many_queries_as_one(endpoint: Endpoint) -> None:
    endpoint.add()
    endpoint.ids()  # what is asked once for a process
    with CaptureQueriesContext(connection) as one:
        endpoint.ids()
    for _ in range(9):
        endpoint.add()
    with CaptureQueriesContext(connection) as many:
        endpoint.ids()
    assert len(many) <= max(len(one), 1) <= MOST_QUERIES, [each["sql"] for each in many]


def test_another_dealerships_row_is_not_there(endpoint: Endpoint, charlie: User) -> None:
    row = endpoint.add()
    neighbour = api_of(with_role(charlie, Role.OWNER))
    assert neighbour.get(f"{endpoint.address}{row.pk}/").status_code == 404
    assert row.pk not in [each["id"] for each in neighbour.get(endpoint.address).json()["results"]]
    for method in ("put", "patch", "delete"):
        answer = getattr(neighbour, method)(f"{endpoint.address}{row.pk}/", {}, format="json")
        assert answer.status_code in (403, 404, 405), method


def test_who_is_not_signed_in_is_told_nothing(endpoint: Endpoint) -> None:
    row = endpoint.add()
    for address in (endpoint.address, f"{endpoint.address}{row.pk}/"):
        assert APIClient().get(address).status_code == 401
