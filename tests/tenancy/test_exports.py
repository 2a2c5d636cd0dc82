"""Exports and what a person keeps: another dealership's words get into no file, and nobody has another person's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from celery import current_app
from django.http import QueryDict

from config.backoffice.exports import FORMATS
from dealers import exports, tasks
from dealers.models import Event, Export, Holiday, ListPreference, SavedView, User
from dealers.tenancy import Scope, acting
from tests.dealers.exportables import Holidays, holidays  # noqa: F401  a fixture
from tests.factories import MembershipFactory
from tests.tenancy.asking import Visitor
from tests.tenancy.world import CANARY, OTHER_CODE, World

pytestmark = pytest.mark.django_db(transaction=True)


class Careless(Holidays):
    """Shows whatever the database shows."""

    permission = "dealers.dealership:view"

    def rows(self, user: Any, query: QueryDict) -> Any:
        found = Holiday.objects.order_by("pk")
        return found.filter(dealership__code=query["name"]) if "name" in query else found


@pytest.fixture(autouse=True)
def careless(holidays: Holidays, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    exports.by_name.__globals__["register"](Careless())
    monkeypatch.setattr(current_app, "send_task", lambda name, kwargs: None)


def form(visitor: Visitor, address: str, **sent: str) -> Any:
    return visitor.browser.post(address, sent)


@pytest.mark.parametrize("query", ["", f"name={OTHER_CODE}"])
@pytest.mark.parametrize("ending", FORMATS)
def test_a_file_made_at_once_has_nobody_elses_rows(world: World, query: str, ending: str) -> None:
    owner = Visitor(world.own.people["owner"])
    answer = form(owner, "/exports/", resource="days-off", query=query, format=ending)
    content = b"".join(answer)
    assert answer.status_code == 200
    assert answer["Content-Type"] == FORMATS[ending]
    assert CANARY.encode() not in content
    event = Event.objects.get(verb="export.made")
    assert (event.dealership, event.changes["rows"]) == (world.own.dealership, 0 if query else 1)  # type: ignore[index]


@pytest.mark.parametrize("query", ["", f"name={OTHER_CODE}"])
def test_a_file_made_in_the_background_has_nobody_elses_rows(world: World, query: str) -> None:
    visitor = Visitor(world.own.people["owner"])
    body = {"data": json.dumps({"resource": "days-off", "query": query}), "content_type": "application/json"}
    answer = visitor.ask("POST", "/api/v1/exports/", bearer=True, **body)
    assert answer.status == 201, answer.body
    tasks.export(user_id=world.own.people["owner"].pk)
    found = json.loads(visitor.ask("GET", f"/api/v1/exports/{json.loads(answer.body)['id']}/", bearer=True).body)
    assert (found["state"], found["rows_done"]) == ("done", 0 if query else 1)
    file = visitor.ask("GET", f"/api/v1/exports/{found['id']}/file/", bearer=True)
    assert file.status == 200
    assert "New Year" in file.body or query
    assert file.shows(query) == []


def test_a_neighbours_file_is_as_if_there_were_none(world: World) -> None:
    theirs = world.other.people["owner"]
    with acting(Scope((world.other.dealership.pk,), theirs.pk)):
        export = exports.queue(theirs, exports.Asked("days-off"), None)
    tasks.export(user_id=theirs.pk)
    assert CANARY in Visitor(theirs).ask("GET", f"/exports/{export.pk}/download/").body
    colleague = world.other.people["technician"]  # whose page has words of their dealership
    for user in (world.own.people["owner"], world.stranger, world.former, colleague):
        for address in (f"/exports/{export.pk}/download/", f"/api/v1/exports/{export.pk}/file/"):
            answer = Visitor(user).ask("GET", address, bearer=address.startswith("/api/"))
            assert answer.status == 404
            assert user == colleague or answer.shows() == []


def test_a_platform_administrator_has_no_address_to_somebodys_file(world: World) -> None:
    pk = world.other.rows["dealers.export"]
    platform = Visitor(world.platform)
    assert platform.ask("GET", f"/exports/{pk}/download/").status == 404
    assert platform.ask("GET", f"/api/v1/exports/{pk}/file/", bearer=True).status == 404
    assert platform.ask("POST", f"/exports/{pk}/cancel/").status == 404
    page = platform.ask("GET", f"/admin/dealers/export/{pk}/change/")
    assert page.status == 200
    assert f"name={CANARY}" not in page.body, "what somebody looked for is theirs"


def belongings(user: User) -> list[Any]:
    kept = (Export, SavedView, ListPreference)
    return [list(model.objects.filter(user=user).values()) for model in kept]


def test_nobody_changes_what_is_somebody_elses(world: World) -> None:
    theirs, rows = world.other.people["owner"], world.other.rows
    export, view = rows["dealers.export"], rows["dealers.savedview"]
    colleague = MembershipFactory(dealership=world.other.dealership, role="owner").user
    before = belongings(theirs)
    assert all(before)
    for user in (world.own.people["owner"], colleague, world.platform):
        visitor = Visitor(user)
        for verb in ("rename", "delete", "default"):
            assert form(visitor, f"/views/{view}/{verb}/", name="mine").status_code == 404
        assert form(visitor, f"/exports/{export}/cancel/").status_code == 404
        form(visitor, "/views/", resource="days-off", name=CANARY, query="x")
        form(visitor, "/preferences/days-off/", density="compact", columns="x")
    assert belongings(theirs) == before
