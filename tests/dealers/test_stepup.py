"""A fresh proof of who one is before what does harm: at most five minutes old, or nothing is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client
from django.utils import timezone

from dealers.models import Dealership, Event, Invitation, Membership, User
from dealers.roles import Role
from ingestion.models import Connection
from tests.dealers.browsers import code_of, sign_in, signed_in, with_app
from tests.factories import PASSWORD, ConnectionFactory, MembershipFactory
from tests.people import with_role

pytestmark = pytest.mark.django_db
ASKED = "/accounts/reauthenticate/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel("2026-01-15T09:00:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def stale(admin_user: User, clock: Any) -> Client:
    """A browser in which the administrator signed in more than five minutes ago."""
    client = signed_in(admin_user)
    clock.shift(timedelta(minutes=5))
    return client


@pytest.fixture
def rows(alice: User, dealership_a: Dealership) -> dict[str, Any]:
    """One of each model whose changes take a proof; `alone` is a dealership that nothing hangs on."""
    later = timezone.now() + timedelta(days=1)
    invitation = Invitation.objects.create(
        dealership=dealership_a,
        email="new@dealer.example",
        role=Role.VIEWER,
        token_hash="x",
        expires_at=later,
    )
    alone = Dealership.objects.create(code="00001", name="Alone")
    found = {"user": alice, "dealership": alone, "invitation": invitation, "connection": ConnectionFactory()}
    return {name: each.pk for name, each in found.items()}


def address_of(name: str) -> str:
    return f"/admin/{'ingestion' if name == 'connection' else 'dealers'}/{name}/"


def leads_back(response: Any, address: str) -> bool:
    """Whether somebody is asked who they are, and comes back to `address` then."""
    found = urlsplit(response.headers.get("Location", ""))
    return (response.status_code, found.path, parse_qs(found.query).get("next")) == (302, ASKED, [address])


NAMES = ("user", "dealership", "invitation", "connection")


def test_it_is_five_minutes() -> None:
    assert settings.ACCOUNT_REAUTHENTICATION_TIMEOUT == 300


@pytest.mark.parametrize("name", NAMES)
def test_forms_ask_for_it_first(stale: Client, rows: dict[str, Any], name: str) -> None:
    for form in ("add/", f"{rows[name]}/delete/", *([f"{rows[name]}/change/"] if name != "invitation" else [])):
        assert leads_back(stale.get(address_of(name) + form), address_of(name) + form)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_sent_without_it_changes_nothing(stale: Client, rows: dict[str, Any], name: str) -> None:
    address = address_of(name)
    before = [list(model.objects.values()) for model in (User, Dealership, Membership, Invitation, Connection)]
    deletion = {"action": "delete_selected", "_selected_action": [rows[name]], "post": "yes"}
    for page, data in (
        (f"{address}add/", {"email": "x@dealer.example", "main_dealer": "X", "code": "X"}),
        (f"{address}{rows[name]}/change/", {"name": "Else", "is_superuser": "on", "api_key": "stolen"}),
        (f"{address}{rows[name]}/delete/", {"post": "yes"}),
        (address, deletion),
    ):
        assert leads_back(stale.post(page, data), page)
    assert [list(model.objects.values()) for model in (User, Dealership, Membership, Invitation, Connection)] == before
    assert "stolen" not in str(dict(stale.session)), "what was sent is kept nowhere"
    assert "Nothing was changed" in stale.get(ASKED).content.decode()


def test_passwords_of_others_and_their_factors_take_it_too(stale: Client, alice: User) -> None:
    with_app(alice)
    page = f"/admin/dealers/user/{alice.pk}/password/"
    form = {"password1": "another long phrase", "password2": "another long phrase", "usable_password": "true"}
    assert leads_back(stale.get(page), page)
    assert leads_back(stale.post(page, form), page)
    action = {"action": "take_factors_away", "_selected_action": [alice.pk]}
    assert leads_back(stale.post("/admin/dealers/user/", action), "/admin/dealers/user/")
    assert User.objects.get(pk=alice.pk).check_password(PASSWORD)
    assert Authenticator.objects.filter(user=alice).exists()


def test_signing_in_is_one_for_five_minutes(admin_user: User, alice: User, clock: Any) -> None:
    client, page = signed_in(admin_user), f"/admin/dealers/user/{alice.pk}/change/"
    clock.shift(timedelta(minutes=4, seconds=59))
    assert client.get(page).status_code == 200
    clock.shift(timedelta(seconds=1))
    assert leads_back(client.get(page), page)


def test_the_password_is_one_for_five_minutes(stale: Client, alice: User, clock: Any) -> None:
    page = f"/admin/dealers/user/{alice.pk}/delete/"
    assert stale.post(ASKED, {"password": "wrong", "next": page}).status_code == 200
    assert leads_back(stale.get(page), page)
    assert stale.post(ASKED, {"password": PASSWORD, "next": page})["Location"] == page
    clock.shift(timedelta(minutes=4, seconds=59))
    assert stale.post(page, {"post": "yes"}).status_code == 302
    assert not User.objects.filter(pk=alice.pk).exists()
    clock.shift(timedelta(seconds=1))
    assert leads_back(stale.get("/admin/dealers/user/add/"), "/admin/dealers/user/add/")


def test_a_code_of_the_second_factor_is_one(admin_user: User, alice: User, clock: Any) -> None:
    secret, client = with_app(admin_user), Client()
    sign_in(client, admin_user.email)
    client.post("/accounts/factors/authenticate/", {"code": code_of(secret)})
    clock.shift(timedelta(minutes=6))
    page = f"/admin/dealers/user/{alice.pk}/change/"
    assert leads_back(client.get(page), page)
    again = client.post("/accounts/factors/reauthenticate/", {"code": code_of(secret), "next": page})
    assert again["Location"] == page
    assert client.get(page).status_code == 200


def test_a_proof_in_one_browser_is_none_in_another(stale: Client, admin_user: User) -> None:
    signed_in(admin_user)
    assert leads_back(stale.get("/admin/dealers/user/add/"), "/admin/dealers/user/add/")


def test_to_look_takes_none(stale: Client, rows: dict[str, Any], alice: User, clock: Any) -> None:
    for name in NAMES:
        assert stale.get(address_of(name)).status_code == 200
        assert stale.get(f"{address_of(name)}{rows[name]}/history/").status_code == 200
    owner = with_role(alice, Role.OWNER, staff=True)
    colleague = MembershipFactory(dealership=alice.memberships.get().dealership).user
    client = signed_in(owner)
    clock.shift(timedelta(minutes=6))
    assert client.get(f"/admin/dealers/user/{colleague.pk}/change/").status_code == 200, "who may but look at it"
    page = f"/admin/dealers/dealership/{alice.memberships.get().dealership_id}/change/"
    assert leads_back(client.get(page), page), "places are given there"


def test_whoever_has_no_password_and_no_factor_is_asked_to_sign_in_anew(admin_user: User, stale: Client) -> None:
    admin_user.set_unusable_password()
    page = "/admin/dealers/user/add/"
    client = Client()
    User.objects.filter(pk=admin_user.pk).update(password=admin_user.password)
    client.force_login(User.objects.get(pk=admin_user.pk))
    assert client.get(page).status_code == 200
    with time_machine.travel("2026-01-15T10:00:00Z", tick=False):
        response = client.get(page)
        assert response.status_code == 403
        assert "Sign out and in again" in response.content.decode()


@pytest.mark.parametrize("page", ["totp/activate/", "webauthn/add/"])
def test_pages_of_ones_own_factors_take_one(stale: Client, page: str) -> None:
    assert leads_back(stale.get(f"/accounts/factors/{page}"), f"/accounts/factors/{page}")


def test_ones_own_factor_is_not_removed_without_one(admin_user: User, stale: Client, clock: Any) -> None:
    with_app(admin_user)
    response = stale.post("/accounts/factors/totp/deactivate/")
    assert urlsplit(response["Location"]).path == ASKED
    assert Authenticator.objects.filter(user=admin_user, type="totp").exists()


def test_with_one_everything_is_as_before(
    admin_user: User, rows: dict[str, Any], client_for: Callable[[User], Client]
) -> None:
    client = client_for(admin_user)
    for name in ("invitation", "connection", "dealership", "user"):
        action = {"action": "delete_selected", "_selected_action": [rows[name]], "post": "yes"}
        assert client.post(address_of(name), action)["Location"] == address_of(name)
    assert {each.verb for each in Event.objects.all()} >= {"user.deleted", "connection.deleted", "dealership.deleted"}
