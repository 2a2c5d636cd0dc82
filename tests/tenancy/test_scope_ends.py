"""A request's scope ends with the request, however the request ends."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection
from django.test import Client

from dealers import tenancy
from dealers.models import Holiday, User
from tests.tenancy.world import World

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls("tests.tenancy.pages")]
NOTHING = ("forecourt_web", "", "")


def left_behind() -> tuple[str, str, str]:
    """Role, dealerships and user as the connection itself still knows them; asked past the fence."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(
            "SELECT current_user::text, coalesce(current_setting('app.dealerships', true), ''),"
            " coalesce(current_setting('app.user', true), '')"
        )
        found = cursor.fetchone()
    assert found is not None
    return found


def browser(user: User | None) -> Client:
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


@pytest.mark.parametrize("way", ["plain", "template", "streaming"])
def test_a_view_sees_its_own_dealership_and_leaves_nothing_behind(world: World, way: str) -> None:
    before = tenancy.scope.get()
    for house in (world.own, world.other, world.own):
        response = browser(house.people["owner"]).get(f"/pages/{way}")
        content = b"".join(response) if response.streaming else response.content  # type: ignore[arg-type]
        assert content.decode() == f"{house.dealership.name};"
        assert left_behind() == NOTHING
        assert tenancy.scope.get() == before
    response = browser(None).get(f"/pages/{way}")
    assert b"".join(response) == b""
    assert left_behind() == NOTHING


def test_a_stream_that_is_given_up_leaves_nothing_behind(world: World) -> None:
    response = browser(world.platform).get("/pages/streaming")
    first = next(iter(response))
    assert first.decode() == f"{world.own.dealership.name};"
    response.close()
    response._iterator.close()  # type: ignore[attr-defined]
    del response
    assert left_behind() == NOTHING


def test_two_streams_at_once_keep_to_their_own_dealerships(world: World) -> None:
    """Each is asked for in the scope it was made in, whoever came between."""
    ours = browser(world.own.people["owner"]).get("/pages/streaming")
    theirs = browser(world.other.people["owner"]).get("/pages/plain").content.decode()
    assert theirs == f"{world.other.dealership.name};"
    assert b"".join(ours).decode() == f"{world.own.dealership.name};"
    assert left_behind() == NOTHING


def test_a_list_of_the_admin_leaves_nothing_behind(world: World) -> None:
    for house in (world.own, world.other):
        page = browser(house.people["owner"]).get("/admin/dealers/dealership/").content.decode()
        assert house.dealership.name in page
        assert left_behind() == NOTHING


@pytest.mark.parametrize(("way", "status"), [("breaks", 500), ("fails", 503)])
def test_a_request_that_fails_commits_nothing_and_leaves_nothing_behind(world: World, way: str, status: int) -> None:
    before = tenancy.scope.get()
    for user in (world.own.people["owner"], world.platform):
        assert browser(user).get(f"/pages/{way}").status_code == status
        assert not Holiday.objects.filter(name="never").exists()
        assert left_behind() == NOTHING
        assert tenancy.scope.get() == before
