"""A resource's endpoint does what its pages do: the same form, the same rights, the same audit, and each thing once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from dealers.models import Dealership, Event, Holiday, OneTimeKey, User
from dealers.roles import Role
from tests.factories import DealFactory, HolidayFactory
from tests.people import api_of, with_role

LIST = "/api/v1/holidays/"
pytestmark = pytest.mark.django_db


def body(dealership: Dealership, **more: Any) -> dict[str, Any]:
    return {"dealership": dealership.pk, "day": "2027-03-09", "name": "Nyepi"} | more


def at(row: Any) -> str:
    return f"{LIST}{row.pk}/"


@pytest.fixture
def api(owner: User) -> Any:
    return api_of(owner)


def test_a_row_is_made_read_changed_and_deleted_and_the_audit_tells_of_each(api: Any, dealership_a: Dealership) -> None:
    made = api.post(LIST, body(dealership_a), format="json")
    assert made.status_code == 201, made.content
    address = made.headers["Location"]
    assert api.get(address).json() == made.json()
    assert made.json() | {"dealer": dealership_a.code, "day": "2027-03-09"} == made.json()
    assert api.patch(address, {"name": "Silence"}, format="json").json()["name"] == "Silence"
    assert api.put(address, body(dealership_a, day="2027-03-10"), format="json").json()["day"] == "2027-03-10"
    assert api.delete(address).status_code == 204
    assert api.get(address).status_code == 404
    verbs = Event.objects.values_list("verb", flat=True)
    assert sorted(verbs) == ["holiday.added", *2 * ["holiday.changed"], "holiday.deleted"]


def test_what_the_form_refuses_is_refused_by_field(api: Any, dealership_a: Dealership) -> None:
    HolidayFactory(dealership=dealership_a, day=date(2027, 3, 9))
    twice = api.post(LIST, body(dealership_a), format="json")
    assert twice.status_code == 400
    assert twice.json()["type"] == "validation_error"
    nothing = api.post(LIST, {}, format="json")
    assert {each["field"] for each in nothing.json()["errors"]} == {"dealership", "day"}
    wrong = api.post(LIST, body(dealership_a, day=5, name=7), format="json")
    assert {each["field"] for each in wrong.json()["errors"]} == {"day", "name"}


def test_another_dealership_is_neither_written_nor_told(api: Any, dealership_b: Dealership) -> None:
    foreign = HolidayFactory(dealership=dealership_b)
    assert api.post(LIST, body(dealership_b), format="json").status_code == 400
    assert {api.get(at(foreign)).status_code, api.patch(at(foreign), {}, format="json").status_code} == {404}
    assert api.delete(at(foreign)).status_code == 404
    assert api.get(LIST).json()["results"] == []


def test_who_may_only_look_changes_nothing(alice: User, dealership_a: Dealership) -> None:
    row, viewer = HolidayFactory(dealership=dealership_a), api_of(with_role(alice, Role.VIEWER))
    assert viewer.get(at(row)).status_code == 200
    assert viewer.post(LIST, body(dealership_a), format="json").status_code == 403
    assert viewer.patch(at(row), {"name": "Mine"}, format="json").status_code == 403
    assert viewer.delete(at(row)).status_code == 403


def test_a_change_of_what_somebody_else_changed_is_refused_if_it_says_what_it_knew(
    api: Any, dealership_a: Dealership
) -> None:
    row = HolidayFactory(dealership=dealership_a)
    known = api.get(at(row)).headers["ETag"]
    first = api.patch(at(row), {"name": "First"}, format="json", HTTP_IF_MATCH=known)
    assert first.status_code == 200
    second = api.patch(at(row), {"name": "Second"}, format="json", HTTP_IF_MATCH=known)
    assert (second.status_code, second.json()["type"]) == (412, "changed_meanwhile")
    assert api.delete(at(row), HTTP_IF_MATCH=known).status_code == 412
    assert api.patch(at(row), {"name": "Third"}, format="json", HTTP_IF_MATCH=first.headers["ETag"]).status_code == 200


def test_a_creation_sent_twice_with_a_key_is_done_once(api: Any, dealership_a: Dealership) -> None:
    first, second = (
        api.post(LIST, body(dealership_a), format="json", HTTP_IDEMPOTENCY_KEY="a-key-of-mine") for _ in range(2)
    )
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    other = api.post(LIST, body(dealership_a, name="Else"), format="json", HTTP_IDEMPOTENCY_KEY="a-key-of-mine")
    assert (other.status_code, other.json()["type"]) == (409, "key_taken")
    assert Holiday.objects.count() == OneTimeKey.objects.count() == 1


@pytest.mark.parametrize("key", ["a b", "ü", "x" * 201])
def test_what_can_be_no_key_of_a_program_is_refused(api: Any, dealership_a: Dealership, key: str) -> None:
    answer = api.post(LIST, body(dealership_a), format="json", HTTP_IDEMPOTENCY_KEY=key)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "Idempotency-Key")
    assert not Holiday.objects.exists()


def test_a_form_sent_twice_leads_to_the_row_of_the_first(owner: User, dealership_a: Dealership, client: Client) -> None:
    sent = body(dealership_a, once=str(client.get("/settings/holidays/new/").context["once"]))
    first, second = (client.post("/settings/holidays/new/", sent) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert Holiday.objects.count() == 1


def test_a_key_that_was_sent_for_something_else_is_told_on_the_page(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    client.post("/settings/holidays/new/", body(dealership_a, once="one"))
    sent = {"dealership": dealership_a.pk, "name": "Wash", "position": "1", "target_hours": "2", "once": "one"}
    refused = client.post("/settings/preparation/new/", sent)
    assert refused.status_code == 422
    assert "used for something else" in refused.content.decode()
    again = client.post("/settings/preparation/new/", sent | {"once": refused.context["once"]})
    assert again.status_code == 302


@pytest.mark.parametrize("key", ["a\0b", "x" * 201])
def test_what_can_be_no_key_of_a_form_is_taken_for_none(
    owner: User, dealership_a: Dealership, client: Client, key: str
) -> None:
    answer = client.post("/settings/holidays/new/", body(dealership_a, once=key))
    assert answer.headers["Location"] == f"/settings/holidays/{Holiday.objects.get().pk}/"
    assert not OneTimeKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_ten_clicks_at_once_make_one_row(owner: User, dealership_a: Dealership) -> None:
    sent = body(dealership_a, once="one click too many")

    def click(_: int) -> str:
        try:
            browser = Client()
            browser.force_login(owner)
            return str(browser.post("/settings/holidays/new/", sent).headers.get("Location"))
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as clicks:
        answers = set(clicks.map(click, range(10)))
    assert Holiday.objects.count() == 1
    assert answers == {f"/settings/holidays/{Holiday.objects.get().pk}/"}


def test_what_others_stand_on_is_not_deleted_and_says_so(
    owner: User, api: Any, dealership_a: Dealership, client: Client
) -> None:
    deal = DealFactory(dealership=dealership_a)
    answer = client.post(f"/inventory/{deal.vehicle_id}/delete/", follow=True)
    assert f"“{deal}” stands on it" in answer.content.decode()
    refused = api.delete(f"/api/v1/vehicles/{deal.vehicle_id}/")
    assert (refused.status_code, refused.json()["type"]) == (409, "conflict")


# -- two people


EDITED = "/settings/holidays/{}/edit/"


def form_of(client: Client, address: str) -> dict[str, Any]:
    """What a browser sends of the page as it is."""
    context = client.get(address).context
    form = context["form"]
    sent = {bound.html_name: bound.value() for bound in form if bound.value() is not None}
    return sent | {f"initial-{name}": value for name, value in sent.items()} | {"version": context["version"]}


def test_what_two_people_change_in_different_fields_is_all_kept(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    row = HolidayFactory(dealership=dealership_a, day=date(2027, 3, 9), name="Nyepi")
    address = EDITED.format(row.pk)
    first, second = form_of(client, address), form_of(client, address)
    assert client.post(address, first | {"name": "Day of Silence"}).status_code == 302
    assert client.post(address, second | {"day": "2027-03-10"}).status_code == 302
    row.refresh_from_db()
    assert (row.name, row.day) == ("Day of Silence", date(2027, 3, 10))


def test_what_two_people_change_in_one_field_is_asked(owner: User, dealership_a: Dealership, client: Client) -> None:
    row = HolidayFactory(dealership=dealership_a, day=date(2027, 3, 9), name="Nyepi")
    address = EDITED.format(row.pk)
    first, second = form_of(client, address), form_of(client, address)
    client.post(address, first | {"name": "Day of Silence"})
    answer = client.post(address, second | {"name": "Hindu New Year"})
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Somebody has written “Day of Silence” here meanwhile" in text
    assert 'value="Hindu New Year"' in text
    row.refresh_from_db()
    assert row.name == "Day of Silence"
    context = answer.context
    again = {bound.html_name: bound.value() for bound in context["form"]} | {"version": context["version"]}
    again |= {"initial-name": "Day of Silence", "initial-day": "2027-03-09"}
    assert client.post(address, again).status_code == 302
    row.refresh_from_db()
    assert row.name == "Hindu New Year"


def test_an_address_that_may_be_blank_is_described_as_a_text(owner: User, dealership_a: Dealership) -> None:
    described = api_of(owner).get("/api/schema/", {"format": "json"}).json()["components"]["schemas"]["Lead"]
    assert "format" not in described["properties"]["email"]
