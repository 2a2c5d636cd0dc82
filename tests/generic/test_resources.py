"""What holds of every resource, whatever it shows: the suite walks the registry, so a new one is covered unasked."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import connection
from django.db.models import UniqueConstraint
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.backoffice.filter_bar import ALL, FilterBar
from config.backoffice.resources import REGISTRY
from dealers.fences import APPEND_ONLY
from dealers.models import Dealership, Event, User
from dealers.permissions import table
from dealers.roles import Role
from tests.factories import MembershipFactory
from tests.generic.conftest import Room
from tests.people import with_role

MOST_QUERIES = 25
DEALER = "dealership"
FOR_ONE = UniqueConstraint, ExclusionConstraint
"""Constraints that one row satisfies and a second of the same does not."""


def rows_part(room: Room, query: str = "") -> str:
    answer = room.client.get(
        f"{room.resource.list_address}?{query or ALL}", HTTP_HX_REQUEST="true", HTTP_HX_TARGET="rows"
    )
    assert answer.status_code == 200, answer.content.decode()
    return str(answer.content.decode())


def test_a_list_without_rows_says_so(room: Room) -> None:
    if room.resource.model._meta.label_lower not in APPEND_ONLY:  # of those there is none yet
        room.resource.model._default_manager.all().delete()
    answer = room.client.get(room.listed)
    assert answer.status_code == 200
    assert 'class="empty"' in answer.content.decode()


def test_a_list_shows_each_row_with_its_address_and_the_address_shows_the_row(room: Room) -> None:
    row = room.add()
    text = room.client.get(room.listed).content.decode()
    assert f'href="{room.resource.address(row)}"' in text
    answer = room.client.get(room.resource.address(row))
    assert answer.status_code == 200
    assert room.resource.title(row) in answer.context["title"]


def test_htmx_gets_the_rows_alone(room: Room) -> None:
    room.add()
    text = rows_part(room)
    assert text.lstrip().startswith("<section")
    assert "<html" not in text


def test_a_list_is_sorted_by_each_column_that_can_be_both_ways(room: Room) -> None:
    first, second = room.add(), room.add()
    for name in room.resource.sortable:
        for ordering in (name, f"-{name}"):
            text = rows_part(room, urlencode({"ordering": ordering}))
            assert all(room.resource.address(row) in text for row in (first, second)), ordering


def test_an_ordering_that_there_is_not_is_refused_in_words(room: Room) -> None:
    answer = room.client.get(f"{room.resource.list_address}?ordering=nothing_of_the_kind")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


def test_every_filter_takes_a_value_and_shows_it_as_a_chip(room: Room) -> None:
    room.add()
    filterset = room.resource.filtered(room.owner, room.client.get("/").wsgi_request.GET)
    if filterset is None:
        pytest.skip("it has no filters")
    bar = FilterBar(filterset, filterset.data, (), room.resource.choices(room.owner), room.resource.hidden_filters)
    for field in bar.fields:
        value = (
            str(field.choices[0][0]) if field.choices else {"date": "2026-11-01", "number": "1"}.get(field.kind, "12")
        )
        answer = room.client.get(room.resource.list_address, {field.name: value})
        assert answer.status_code == 200, (field.name, value, answer.context["bar"].filterset.form.errors)
        assert 'class="chip"' in answer.content.decode(), field.name


def test_a_page_after_the_first_is_reached_and_left_again(room: Room) -> None:
    rows = [room.add() for _ in range(3)]
    size, room.resource.page_size = room.resource.page_size, 2
    try:
        first = room.client.get(room.listed).context["page"]
        second = room.client.get(room.resource.list_address, {"cursor": first.next_cursor}).context["page"]
        back = room.client.get(room.resource.list_address, {"cursor": second.previous_cursor}).context["page"]
    finally:
        room.resource.page_size = size
    assert {row.pk for row in [*first.rows, *second.rows]} >= {row.pk for row in rows}
    assert [row.pk for row in back.rows] == [row.pk for row in first.rows]


def test_a_cursor_that_cannot_be_read_shows_the_first_page_and_says_so(room: Room) -> None:
    room.add()
    answer = room.client.get(f"{room.resource.list_address}?cursor=nonsense")
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()


def test_fifty_rows_take_as_many_queries_as_one(room: Room) -> None:
    room.add()
    room.client.get(room.listed)  # what is asked once for a process
    with CaptureQueriesContext(connection) as one:
        room.client.get(room.listed)
    for _ in range(9):
        room.add()
    with CaptureQueriesContext(connection) as many:
        room.client.get(room.listed)
    assert len(many) == len(one) <= MOST_QUERIES, [each["sql"] for each in many]


def test_a_rows_page_takes_few_queries(room: Room) -> None:
    address = room.resource.address(room.add())
    room.client.get(address)
    with CaptureQueriesContext(connection) as asked:
        room.client.get(address)
    assert len(asked) <= MOST_QUERIES


def test_whoever_may_not_see_them_is_refused(room: Room, charlie: User) -> None:
    allowed = table().get(room.resource.permission)
    role = next((role for role in Role if allowed is not None and role not in allowed), None)
    stranger = Client()
    if role is not None:
        stranger.force_login(with_role(charlie, role))
    row = room.add()
    for address in (room.listed, room.resource.address(row)):
        assert stranger.get(address).status_code in ((403, 404) if role else (302,))


def test_another_dealerships_rows_are_not_there(room: Room, charlie: User) -> None:
    row = room.add()
    neighbour = Client()
    neighbour.force_login(with_role(charlie, Role.OWNER))
    assert neighbour.get(room.resource.address(row)).status_code == 404
    assert room.resource.address(row) not in neighbour.get(room.listed).content.decode()


def data_of(form: Any) -> dict[str, Any]:
    """What a browser would send of a form as it is shown, its moments on the dealership's clock."""
    with timezone.override("Asia/Jakarta"):
        return {bound.html_name: found for bound in form if (found := bound.value()) not in (None, "", False)}


def test_a_row_is_added_changed_and_deleted_on_pages_and_the_audit_tells_of_each(writable: Room) -> None:
    resource, model, row = writable.resource, writable.resource.model, writable.add()
    data = data_of(resource.form_for(writable.owner, "change", instance=row))
    new, edit, delete = (writable.address(verb, row) for verb in ("new", "edit", "delete"))
    assert writable.client.get(edit).status_code == 200
    assert writable.client.post(edit, data).headers["Location"] == resource.address(row)
    for verb, address in (("add", new), ("delete", delete)):
        assert writable.client.get(address).status_code == (200 if resource.may(writable.owner, verb) else 403)
    if not resource.may(writable.owner, "add"):
        assert [writable.client.post(address, data).status_code for address in (new, delete)] == [403, 403]
        assert model._default_manager.filter(pk=row.pk).exists()
        return
    assert writable.client.post(delete).headers["Location"] == resource.list_address
    assert not model._default_manager.filter(pk=row.pk).exists()
    answer = writable.client.post(new, data)
    [made] = model._default_manager.all()
    assert answer.headers["Location"] == resource.address(made)
    assert [data_of(resource.form_for(writable.owner, "change", instance=made))] == [data]
    verbs = Event.objects.filter(verb__startswith=f"{model._meta.model_name}.").values_list("verb", flat=True)
    assert {each.partition(".")[2] for each in verbs} == {"added", "changed", "deleted"}


def test_a_form_without_anything_answers_with_what_is_missing(writable: Room) -> None:
    row = writable.add()
    required = [name for name, field in writable.resource.form.base_fields.items() if field.required and name != DEALER]
    if not required:
        pytest.skip("nothing is required")
    for address in (writable.address("edit", row), writable.address("new", row)):
        answer = writable.client.post(address, {})
        assert answer.status_code == 422
        form = answer.context["form"]
        assert {name for name in required if not form.fields[name].disabled} <= set(form.errors)


def test_what_contradicts_a_row_that_is_there_is_refused_in_words(writable: Room) -> None:
    if not writable.resource.may(writable.owner, "add"):
        pytest.skip("nobody adds one")
    data = data_of(writable.resource.form_for(writable.owner, "change", instance=writable.add()))
    if not any(isinstance(each, FOR_ONE) for each in writable.resource.model._meta.constraints):
        pytest.skip("there may be several")
    answer = writable.client.post(writable.address("new"), data)
    assert answer.status_code == 422
    assert writable.resource.model._default_manager.count() == 1


def test_a_row_is_put_into_no_dealership_of_others(writable: Room, dealership_b: Dealership) -> None:
    data = data_of(writable.resource.form_for(writable.owner, "change", instance=writable.add())) | {
        DEALER: dealership_b.pk
    }
    writable.client.post(writable.address("edit", writable.resource.model._default_manager.get()), data)
    writable.client.post(writable.address("new"), data)
    assert not writable.resource.model._default_manager.filter(dealership=dealership_b).exists()


def test_who_may_only_look_changes_nothing(writable: Room, charlie: User) -> None:
    row = writable.add()
    before = type(row)._default_manager.values().get(pk=row.pk)
    data = data_of(writable.resource.form_for(writable.owner, "change", instance=row))
    viewer, neighbour = Client(), Client()
    viewer.force_login(MembershipFactory(dealership=writable.dealership, role=Role.VIEWER).user)
    neighbour.force_login(with_role(charlie, Role.OWNER))
    for verb in ("edit", "delete"):
        address = writable.address(verb, row)
        assert {viewer.get(address).status_code, viewer.post(address, data).status_code} == {403}
        assert {neighbour.get(address).status_code, neighbour.post(address, data).status_code} == {404}
    assert viewer.post(writable.address("new"), data).status_code == 403
    assert type(row)._default_manager.values().get(pk=row.pk) == before


def test_there_are_resources() -> None:
    assert len(REGISTRY) >= 14
