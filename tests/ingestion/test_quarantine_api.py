"""The endpoints of the quarantine and of imports."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from dealers.models import User
from dealers.roles import Role
from ingestion import replays
from ingestion.models import QuarantinedRecord, Run
from tests.factories import FeedFactory, MembershipFactory, QuarantineFactory, RunFactory
from tests.ingestion.before_the_fix import before_the_fix, order
from tests.ingestion.roads import DEALER, NEIGHBOUR, STRANGER, Road, body_of, dealership, in_json, road_for
from tests.people import api_of as signed_in
from tests.people import with_role

pytestmark = pytest.mark.django_db
LIST = "/api/v1/dgi/quarantine/"
IMPORTS = "/api/v1/dgi/imports/"


@pytest.fixture
def road(alice: User) -> Road:
    """Alice's feed, with two entries that the fix mends and one that it does not."""
    road = road_for("pkb")
    assert alice.memberships.get().dealership.code == DEALER
    with before_the_fix():
        road.arrive(order(1), order(2), order(3, kmTerakhir="x"))
    return road


@pytest.fixture
def api(alice: User) -> APIClient:
    """Alice, who may change the quarantine."""
    return signed_in(with_role(alice, Role.OWNER))


@pytest.fixture
def theirs(charlie: User) -> QuarantinedRecord:
    """An entry of Charlie's dealership."""
    return QuarantineFactory(run=RunFactory(feed=FeedFactory(dealership=charlie.memberships.get().dealership)))


def entry(key: str) -> QuarantinedRecord:
    return QuarantinedRecord.objects.get(natural_key=key)


def states() -> dict[str, str]:
    return dict(QuarantinedRecord.objects.values_list("natural_key", "state"))


def keys(response: Any) -> set[str]:
    assert response.status_code == 200, response.content.decode()
    return {row["natural_key"] for row in response.json()["results"]}


def errors(response: Any) -> set[str | None]:
    assert set(response.json()) == {"type", "errors"}
    return {error["field"] for error in response.json()["errors"]}


def post(api: APIClient, address: str, **body: Any) -> Any:
    return api.post(f"{LIST}{address}", body, format="json")


# -- reading


def test_an_entry_shows_what_became_of_it(api: APIClient, road: Road) -> None:
    run = road.arrive(order(1))
    body = api.get(f"{LIST}{entry('1').pk}/").json()
    assert {name: body[name] for name in ("state", "settled_by", "why_ignored", "cause")} == {
        **{"state": "stored", "settled_by": f"run {run.pk}"},
        **{"why_ignored": "", "cause": "… is no name"},
    }
    assert body["settled_at"].endswith("+00:00")
    assert api.get(f"{LIST}{entry('2').pk}/").json()["settled_at"] is None


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({}, {"1", "2", "3"}),
        ({"state": "waiting"}, {"2", "3"}),
        ({"state": ["stored", "ignored"]}, {"1"}),
        ({"field": "namaPemilik"}, {"1", "2"}),
        ({"cause": "… is no number"}, {"3"}),
        ({"reason": "IS NO NUMBER"}, {"3"}),
        ({"reason": "nothing like it"}, set()),
        ({"field": "namaPemilik", "state": "waiting"}, {"2"}),
    ],
)
def test_entries_are_found(api: APIClient, road: Road, asked: dict[str, Any], found: set[str]) -> None:
    post(api, f"{entry('3').pk}/replay/")
    road.arrive(order(1))
    assert keys(api.get(LIST, asked)) == found


def test_a_filter_that_makes_no_sense_is_refused(api: APIClient) -> None:
    assert errors(api.get(LIST, {"state": "odd"})) == {"state"}
    assert errors(api.get(LIST, {"causes": "odd"})) == {"causes"}


def test_groups_count_what_waits(api: APIClient, road: Road, theirs: QuarantinedRecord) -> None:
    post(api, "replay/", natural_key="3")
    groups = api.get(f"{LIST}groups/").json()
    assert [(each["job"], each["field"], each["cause"], each["count"]) for each in groups] == [
        ("pkb", "namaPemilik", "… is no name", 2),
        ("pkb", "kmTerakhir", "… is no number", 1),
    ]
    assert groups[0]["example"] == entry("2").pk
    road.arrive(order(1))
    assert api.get(f"{LIST}groups/", {"field": "namaPemilik"}).json()[0]["count"] == 1
    assert api.get(f"{LIST}groups/", {"state": "stored"}).json()[0]["count"] == 1
    assert errors(api.get(f"{LIST}groups/", {"odd": 1})) == {"odd"}


# -- trying again


def test_entries_are_tried_again_by_their_ids(api: APIClient, road: Road, alice: User) -> None:
    response = post(api, "replay/", ids=[entry("1").pk, entry("3").pk])
    assert response.status_code == 200
    run = Run.objects.get(kind="replay")
    assert response.json() == {"stored": 1, "waiting": 1, "runs": [run.pk]}
    assert run.started_by == alice.email
    assert states() == {"1": "stored", "2": "waiting", "3": "waiting"}
    assert entry("1").settled_by == alice.email
    assert post(api, "replay/", ids=[entry("1").pk]).json() == {"stored": 0, "waiting": 0, "runs": []}


@pytest.mark.parametrize(
    ("chosen", "left"),
    [
        ({"job": "pkb"}, {"3"}),
        ({"job": ["prospect"]}, {"1", "2", "3"}),
        ({"dealer": DEALER, "natural_key": ["1", "3"]}, {"2", "3"}),
        ({"cause": ["… is no name"]}, {"3"}),
        ({"field": ""}, {"1", "2", "3"}),
        ({"reason": "no NAME"}, {"3"}),
        ({"run": 0}, {"1", "2", "3"}),
    ],
)
def test_entries_are_tried_again_by_what_they_have_in_common(
    api: APIClient, road: Road, chosen: dict[str, Any], left: set[str]
) -> None:
    assert post(api, "replay/", **chosen).status_code == 200
    assert {key for key, state in states().items() if state == "waiting"} == left


def test_one_entry_is_tried_again(api: APIClient, road: Road) -> None:
    body = post(api, f"{entry('1').pk}/replay/").json()
    assert (body["natural_key"], body["state"]) == ("1", "stored")
    body = post(api, f"{entry('3').pk}/replay/").json()
    assert (body["state"], body["field"], body["reason"]) == ("waiting", "kmTerakhir", "'x' is no number")
    assert post(api, f"{entry('1').pk}/replay/").status_code == 200


def test_more_than_a_request_can_wait_for_is_refused(
    api: APIClient, road: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "MOST_AT_REQUEST", 2)
    response = post(api, "replay/", job="pkb")
    assert (response.status_code, errors(response)) == (400, {None})
    assert "dgi_replay" in response.json()["errors"][0]["message"]
    assert not Run.objects.filter(kind="replay").exists()


# -- ignoring


def test_entries_are_ignored_with_a_reason_and_wait_again(api: APIClient, road: Road, alice: User) -> None:
    assert post(api, "ignore/", field="namaPemilik", why=" a test ").json() == {"changed": 3}
    assert (entry("1").state, entry("1").why_ignored, entry("1").settled_by) == ("ignored", "a test", alice.email)
    assert post(api, "wait-again/", ids=entry("1").pk).json() == {"changed": 1}
    assert states() == {"1": "waiting", "2": "ignored", "3": "ignored"}


def test_one_entry_is_ignored_and_waits_again(api: APIClient, road: Road) -> None:
    address = f"{entry('1').pk}/"
    assert post(api, f"{address}ignore/", why="a test").json()["state"] == "ignored"
    assert states() == {"1": "ignored", "2": "waiting", "3": "waiting"}
    assert post(api, f"{address}wait-again/").json()["state"] == "waiting"


@pytest.mark.parametrize("why", [{}, {"why": ""}, {"why": "  "}, {"why": None}])
def test_nothing_is_ignored_without_a_reason(api: APIClient, road: Road, why: dict[str, Any]) -> None:
    for address, chosen in (("ignore/", {"job": "pkb"}), (f"{entry('1').pk}/ignore/", {})):
        response = post(api, address, **chosen, **why)
        assert (response.status_code, errors(response)) == (400, {"why"})
    assert set(states().values()) == {"waiting"}


# -- what is refused


@pytest.mark.parametrize("address", ["replay/", "ignore/", "wait-again/"])
@pytest.mark.parametrize(
    ("chosen", "field"),
    [
        ({}, None),
        ({"ids": []}, "ids"),
        ({"ids": ["x"]}, "ids.0"),
        ({"ids": [2**70]}, "ids.0"),
        ({"job": "pkbx"}, "job.0"),
        ({"jobs": "pkb", "job": "pkb"}, "jobs"),
        ({"reason": ""}, "reason"),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    api: APIClient, road: Road, address: str, chosen: dict[str, Any], field: str | None
) -> None:
    response = post(api, address, **chosen, **({"why": "a test"} if address == "ignore/" else {}))
    assert (response.status_code, errors(response)) == (400, {field})
    assert set(states().values()) == {"waiting"}


@pytest.mark.parametrize("address", ["replay/", "ignore/", "wait-again/"])
def test_another_dealerships_entry_is_as_unknown_as_none(
    api: APIClient, road: Road, theirs: QuarantinedRecord, address: str
) -> None:
    why = {"why": "a test"} if address == "ignore/" else {}
    answers = []
    for pk in (theirs.pk, 10**12):
        response = post(api, address, ids=[entry("1").pk, pk], **why)
        assert response.status_code == 400
        answers.append(response.content.decode().replace(str(pk), "#"))
        assert post(api, f"{pk}/{address}", **why).status_code == 404
    assert answers[0] == answers[1]
    assert post(api, address, cause=theirs.cause, **why).status_code == 200
    assert set(QuarantinedRecord.objects.values_list("state", flat=True)) == {"waiting"}


def test_a_person_of_one_dealership_changes_nothing_of_another(road: Road, charlie: User) -> None:
    api = signed_in(with_role(charlie, Role.OWNER))
    assert post(api, "replay/", job="pkb").json() == {"stored": 0, "waiting": 0, "runs": []}
    assert post(api, "ignore/", job="pkb", why="a test").json() == {"changed": 0}
    assert api.get(f"{LIST}groups/").json() == []
    assert set(states().values()) == {"waiting"}


def test_to_change_anything_takes_the_permission(road: Road, alice: User) -> None:
    api = signed_in(alice)
    pk = entry("1").pk
    for address in ("replay/", "ignore/", "wait-again/", f"{pk}/replay/", f"{pk}/ignore/", f"{pk}/wait-again/"):
        assert post(api, address, job="pkb", why="a test").status_code == 403
    assert api.get(f"{LIST}groups/").status_code == 200
    assert APIClient().post(f"{LIST}replay/", {"job": "pkb"}, format="json").status_code == 401


# -- saved answers


@pytest.fixture
def importer(alice: User, road: Road) -> APIClient:
    return signed_in(with_role(alice, Role.OWNER))


def send(api: APIClient, answer: bytes, job: str = "pkb", dealer: str = DEALER) -> Any:
    body = b'{"job": "%s", "dealer": "%s", "answer": %s}' % (job.encode(), dealer.encode(), answer)
    return api.generic("POST", IMPORTS, body, content_type="application/json")


def test_a_saved_answer_is_stored_as_it_was_received(importer: APIClient, alice: User, road: Road) -> None:
    record = b'{"noWorkOrder":"9" ,"totalBiayaService":18181.50,"rak":1E400}'
    for answer in (b"[%s]" % record, body_of(record)):
        response = send(importer, answer)
        assert response.status_code == 201, response.content.decode()
    run = Run.objects.filter(kind="import").earliest("pk")
    assert (run.started_by, run.created) == (alice.email, 1)
    assert (response.json()["received"], response.json()["unchanged"]) == (1, 1)
    assert road.versions()[0].raw == record.decode()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "job"),
        ({"job": "pkb"}, "dealer"),
        ({"job": "pkb", "dealer": DEALER}, "answer"),
        ({"job": "pkb", "dealer": DEALER, "answer": "text"}, "answer"),
        ({"job": "pkb", "dealer": DEALER, "answer": {"status": 0, "message": "Dealer tidak terdaftar"}}, "answer"),
        ({"job": "pkbx", "dealer": DEALER, "answer": []}, "job"),
        ({"job": ["pkb"], "dealer": {}, "answer": []}, "dealer"),
        ([], None),
    ],
)
def test_what_is_no_import_is_refused(importer: APIClient, body: Any, field: str | None) -> None:
    response = importer.post(IMPORTS, body, format="json")
    assert response.status_code == 400
    assert field in errors(response)
    assert not Run.objects.filter(kind="import").exists()


def test_what_is_no_json_is_refused(importer: APIClient) -> None:
    for answer in (b"[", b"\xff", b'"\\ud800"', b"<html>"):
        response = send(importer, answer)
        assert response.status_code == 400
        assert errors(response) <= {None, "answer"}


def test_an_answer_that_is_too_large_is_refused(importer: APIClient) -> None:
    response = send(importer, b"[%s]" % b",".join([b'{"rak": "%s"}' % (b"x" * 1_000_000)] * 21))
    assert response.status_code == 413
    assert json.loads(response.content)["type"] == "too_large"


def test_an_import_takes_both_permissions(alice: User, road: Road) -> None:
    for role in (Role.VIEWER, Role.SALES_MANAGER, Role.TECHNICIAN):
        assert send(signed_in(with_role(alice, role)), b"[]").status_code == 403
    assert not Run.objects.filter(kind="import").exists()


def test_another_dealerships_feed_takes_no_import(importer: APIClient, theirs: QuarantinedRecord) -> None:
    answers = [send(importer, b"[]", dealer=code) for code in (theirs.dealership.code, "00000")]
    assert [answer.status_code for answer in answers] == [404, 404]


def test_nobody_says_anything_of_a_dealership_that_they_do_not_see(importer: APIClient, alice: User) -> None:
    answers = []
    for code in (NEIGHBOUR, STRANGER):
        for record in (order(1, dealerId=code), {"dealerId": code}):
            response = send(importer, in_json([order(9), record]))
            assert (response.status_code, errors(response)) == (400, {"answer"})
            answers.append(response.content.decode().replace(code, "#"))
    assert len(set(answers)) == 1
    assert not Run.objects.filter(kind="import").exists()
    MembershipFactory(user=alice, dealership=dealership(NEIGHBOUR), role=Role.OWNER)
    assert send(importer, in_json([order(9), order(1, dealerId=NEIGHBOUR)])).json()["created"] == 2


def test_the_browsable_pages_open_for_staff(client: Client, road: Road, admin_user: User) -> None:
    client.force_login(admin_user)
    for address, status in ((LIST, 200), (f"{LIST}groups/", 200), (f"{LIST}replay/", 405), (IMPORTS, 405)):
        response = client.get(address, headers={"accept": "text/html"})
        assert (response.status_code, response["Content-Type"]) == (status, "text/html; charset=utf-8"), address
    assert client.get(f"{LIST}{entry('1').pk}/", headers={"accept": "text/html"}).status_code == 200
