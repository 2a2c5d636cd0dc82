"""Which dealership one works in: chosen on the web for the session, by a header for a request to the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from dealers.models import Dealership, Event, User
from tests.dealers.browsers import signed_in, without_chance
from tests.factories import FeedFactory, MembershipFactory
from tests.people import api_of

pytestmark = pytest.mark.django_db
SWITCH = "/dealership/"
SWITCHER = f'action="{SWITCH}"'


@pytest.fixture
def both(alice: User, dealership_a: Dealership, dealership_b: Dealership) -> User:
    """Alice belongs to dealership B as well; each has a feed."""
    MembershipFactory(user=alice, dealership=dealership_b)
    for each in (dealership_a, dealership_b):
        FeedFactory(dealership=each)
    return alice


def boards(client: Client) -> set[str]:
    """Codes of the dealerships whose feeds are shown."""
    return {row.dealership.code for row in client.get("/ingestion/").context["rows"]}


def test_a_choice_narrows_what_one_sees_until_it_is_undone(
    both: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    client = signed_in(both)
    assert boards(client) == {dealership_a.code, dealership_b.code}
    assert client.post(SWITCH, {"dealership": dealership_b.pk})["Location"] == "/"
    assert boards(client) == {dealership_b.code}
    client.post(SWITCH, {"dealership": dealership_a.pk})
    assert boards(client) == {dealership_a.code}, "one may go from one to another, though only one is in sight"
    client.post(SWITCH, {"dealership": "all"})
    assert boards(client) == {dealership_a.code, dealership_b.code}


@pytest.mark.parametrize("given", ["", "0", "-1", "²", "x", "1e3", "9" * 30, "None"])
def test_what_is_no_dealership_is_not_found_and_changes_nothing(both: User, given: str) -> None:
    client = signed_in(both)
    before = client.session.session_key
    assert client.post(SWITCH, {"dealership": given}).status_code == 404
    assert client.session.session_key == before
    assert not Event.objects.filter(verb="dealership.chosen").exists()


def test_a_foreign_dealership_is_as_if_it_were_not_there(alice: User, dealership_b: Dealership) -> None:
    client = signed_in(alice)
    foreign, missing = (client.post(SWITCH, {"dealership": pk}) for pk in (dealership_b.pk, 987654321))
    assert foreign.status_code == 404
    assert without_chance(foreign) == without_chance(missing)
    assert "dealership" not in client.session


def test_a_closed_dealership_is_chosen_by_nobody(both: User, admin_user: User, dealership_b: Dealership) -> None:
    Dealership.objects.filter(pk=dealership_b.pk).update(is_active=False)
    for user in (both, admin_user):
        assert signed_in(user).post(SWITCH, {"dealership": dealership_b.pk}).status_code == 404


def test_a_platform_administrator_chooses_any(admin_user: User, both: User, dealership_b: Dealership) -> None:
    client = signed_in(admin_user)
    client.post(SWITCH, {"dealership": dealership_b.pk})
    assert boards(client) == {dealership_b.code}
    assert client.get("/admin/dealers/dealership/add/").status_code == 403, "who works in one makes no other"
    assert client.get("/admin/dealers/flag/add/").status_code == 403


def test_a_place_that_is_taken_away_takes_the_choice_with_it(
    both: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    client = signed_in(both)
    client.post(SWITCH, {"dealership": dealership_b.pk})
    both.memberships.filter(dealership=dealership_b).delete()
    assert boards(client) == {dealership_a.code}


def test_a_choice_gives_the_session_a_new_key_by_which_it_still_can_be_ended(both: User, dealership_a: Any) -> None:
    client, other = signed_in(both), signed_in(both)
    before = client.session.session_key
    client.post(SWITCH, {"dealership": dealership_a.pk})
    assert client.session.session_key != before
    stale = Client()
    stale.cookies["sessionid"] = before
    assert stale.get("/").status_code == 302
    other.post("/accounts/sessions/")
    assert client.get("/").status_code == 302, "ending all others ends it"


def test_a_choice_stands_in_the_audit(both: User, dealership_a: Dealership, dealership_b: Dealership) -> None:
    client = signed_in(both)
    for given in (dealership_a.pk, dealership_b.pk, "all"):
        client.post(SWITCH, {"dealership": given})
    found = Event.objects.filter(verb="dealership.chosen").order_by("at")
    assert {each.user for each in found} == {both}
    assert [each.dealership for each in found] == [dealership_a, dealership_b, None]
    assert [each.changes["dealership"] for each in found] == [
        [None, dealership_a.pk],
        [dealership_a.pk, dealership_b.pk],
        [dealership_b.pk, None],
    ]


@pytest.mark.parametrize(
    ("following", "target"),
    [
        ("/admin/", "/admin/"),
        ("/?a=b", "/?a=b"),
        ("", "/"),
        ("//evil.example/", "/"),
        ("https://evil.example/", "/"),
        ("http:evil.example", "/"),
        ("javascript:alert(1)", "/"),
        ("/\\evil.example", "/"),
    ],
)
def test_one_comes_back_to_where_one_was_and_nowhere_else(both: User, following: str, target: str) -> None:
    assert signed_in(both).post(SWITCH, {"dealership": "all", "next": following})["Location"] == target


def test_a_choice_is_made_by_post_and_by_who_is_signed_in(both: User) -> None:
    assert signed_in(both).get(SWITCH).status_code == 405
    assert Client().post(SWITCH, {"dealership": "all"})["Location"].startswith("/accounts/login/")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(both)
    assert strict.post(SWITCH, {"dealership": "all"}).status_code == 403


def test_pages_offer_the_choice_to_who_has_one(
    both: User, charlie: User, admin_user: User, dealership_b: Dealership, client_for: Callable[[User], Client]
) -> None:
    client = client_for(both)
    client.post(SWITCH, {"dealership": dealership_b.pk})
    page = client.get("/").content.decode()
    assert SWITCHER in page
    assert f'<option value="{dealership_b.pk}" selected>' in page
    assert SWITCHER not in client_for(charlie).get("/").content.decode()
    assert SWITCHER not in Client().get("/accounts/login/").content.decode()
    assert SWITCHER in client_for(admin_user).get("/admin/").content.decode()


def test_a_header_narrows_a_request_to_the_api(both: User, dealership_a: Dealership, dealership_b: Dealership) -> None:
    api = api_of(both)
    address = "/api/v1/dgi/freshness/"
    assert {each["dealer"] for each in api.get(address).json()["results"]} == {dealership_a.code, dealership_b.code}
    narrowed = api.get(address, headers={"X-Dealership": str(dealership_b.pk)}).json()["results"]
    assert {each["dealer"] for each in narrowed} == {dealership_b.code}


def test_a_header_stands_before_the_sessions_choice(both: User, dealership_a: Any, dealership_b: Any) -> None:
    client = signed_in(both)
    client.post(SWITCH, {"dealership": dealership_a.pk})
    headers = {"X-Dealership": str(dealership_b.pk)}
    found = client.get("/api/v1/dgi/freshness/", headers=headers).json()["results"]
    assert {each["dealer"] for each in found} == {dealership_b.code}
    assert boards(client) == {dealership_a.code}


@pytest.mark.parametrize("given", ["", "all", "0", "x", "-1", "1,2", "9" * 30])
def test_a_header_that_cannot_be_read_is_refused_with_words(both: User, given: str) -> None:
    response = api_of(both).get("/api/v1/auth/me/", headers={"X-Dealership": given})
    assert (response.status_code, response.json()["type"]) == (403, "unknown_dealership")
    assert "X-Dealership" in response.json()["errors"][0]["message"]


def test_a_header_that_names_a_foreign_dealership_is_answered_like_one_that_is_not_there(
    alice: User, admin_user: User, dealership_b: Dealership
) -> None:
    api = api_of(alice)
    answers = [api.get("/api/v1/auth/me/", headers={"X-Dealership": str(pk)}) for pk in (dealership_b.pk, 987654321)]
    assert [each.status_code for each in answers] == [403, 403]
    assert answers[0].content == answers[1].content
    assert api_of(admin_user).get("/api/v1/auth/me/", headers={"X-Dealership": str(dealership_b.pk)}).status_code == 200


def test_a_header_means_nothing_to_a_page_and_to_a_bad_token(both: User, dealership_a: Dealership) -> None:
    assert signed_in(both).get("/", headers={"X-Dealership": "x"}).status_code == 200
    refused = Client().get("/api/v1/auth/me/", headers={"Authorization": "Bearer x", "X-Dealership": "x"})
    assert refused.status_code == 401


def test_who_one_is_names_all_of_ones_dealerships_whichever_one_works_in(both: User, dealership_a: Dealership) -> None:
    body = api_of(both).get("/api/v1/auth/me/", headers={"X-Dealership": str(dealership_a.pk)}).json()
    assert {(each["id"], each["role"]) for each in body["dealerships"]} == {
        (each.dealership_id, each.role) for each in both.memberships.all()
    }


def test_the_apis_description_knows_the_header() -> None:
    paths = Client().get("/api/schema/?format=json").json()["paths"]

    def headers(address: str, method: str) -> list[str]:
        return [each["name"] for each in paths[address][method].get("parameters", []) if each["in"] == "header"]

    assert headers("/api/v1/auth/me/", "get") == ["X-Dealership"]
    assert headers("/api/v1/dgi/freshness/", "get") == ["X-Dealership"]
    assert headers("/api/v1/auth/login/", "post") == []
