"""The second factor: who needs one, how it is set up, shown and lost."""

import re

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.test import Client

from dealers import factors
from dealers.models import Event, User
from dealers.roles import Role
from tests.dealers.browsers import (
    FACTOR,
    LOGIN,
    code_of,
    is_signed_in,
    recovery_codes,
    sign_in,
    signed_in,
    with_app,
)
from tests.factories import PASSWORD
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db
FACTORS = "/accounts/factors/"
SET_UP = "/accounts/factors/totp/activate/"
NEED_ONE = {Role.OWNER, Role.ACCOUNTANT}


@pytest.fixture
def required(settings):
    settings.MFA_REQUIRED = True


@pytest.fixture
def owner(alice):
    return with_role(alice, Role.OWNER, staff=True)


@pytest.fixture
def at_nine():
    """Time stands, so that one code of an app is the code of the whole test."""
    with time_machine.travel("2026-01-15T09:00:01Z", tick=False) as clock:
        yield clock


def set_up(client):
    """Set an app up as the pages do; returns its secret."""
    assert client.get(SET_UP)["Location"].startswith("/accounts/reauthenticate/")
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": SET_UP})
    assert client.get(SET_UP).status_code == 200
    secret = client.session["mfa.totp.secret"]
    response = client.post(SET_UP, {"code": code_of(secret)})
    assert response["Location"] == "/accounts/factors/recovery-codes/"
    return secret


# -- who needs one


@pytest.mark.parametrize("role", Role)
def test_roles_with_money_and_people_in_their_hands_need_one(alice, required, role):
    assert factors.needs_one(with_role(alice, role)) is (role in NEED_ONE)


def test_platform_administrators_need_one(admin_user, required):
    assert factors.needs_one(admin_user)


def test_an_installation_may_do_without(owner, admin_user):
    assert not factors.needs_one(owner)
    assert signed_in(owner).get("/").status_code == 200


@pytest.mark.parametrize("address", ["/", "/admin/", "/admin/dealers/user/", "/accounts/sessions/"])
def test_without_one_every_page_leads_to_setting_it_up(owner, required, address):
    client = Client()
    sign_in(client, owner.email)
    response = client.get(address)
    assert (response.status_code, response["Location"]) == (302, FACTORS)
    assert client.get(FACTORS).status_code == 200


def test_without_one_nothing_is_changed_either(owner, required):
    client = Client()
    sign_in(client, owner.email)
    response = client.post(f"/admin/dealers/user/{owner.pk}/change/", {"name": "Else"})
    assert response["Location"] == FACTORS
    assert User.objects.get(pk=owner.pk).name != "Else"


def test_without_one_the_api_answers_nothing(owner, admin_user, required):
    for user in (owner, admin_user):
        response = api_of(user).get("/api/v1/dgi/pkb/")
        assert (response.status_code, response.json()["type"]) == (403, "second_factor_required")


def test_a_role_that_is_given_later_needs_one_with_the_next_request(alice, required):
    client = signed_in(alice)
    with_role(alice, Role.ACCOUNTANT)
    assert client.get("/")["Location"] == FACTORS


def test_others_work_without_one(alice, required):
    assert signed_in(alice).get("/").status_code == 200


def test_one_may_leave_instead(owner, required):
    client = Client()
    sign_in(client, owner.email)
    assert client.post("/accounts/logout/")["Location"] == LOGIN


# -- setting up


@pytest.mark.django_db(transaction=True)
def test_whoever_sets_an_app_up_goes_on(owner, required, at_nine, mailoutbox):
    client = Client()
    sign_in(client, owner.email)
    set_up(client)
    assert client.get("/").status_code == 200
    assert mailoutbox[-1].to == [owner.email]
    assert "Authenticator" in mailoutbox[-1].subject


def test_a_new_factor_is_written_down_in_its_own_transaction(owner):
    with_app(owner)
    kinds = [event.changes["kind"] for event in Event.objects.filter(verb="factor_added")]
    assert sorted(kinds) == ["recovery_codes", "totp"]
    Authenticator.objects.filter(user=owner).delete()
    assert Event.objects.filter(verb="factor_removed", object_id=owner.pk).count() == 2


@pytest.mark.django_db(transaction=True)
def test_sessions_that_have_not_shown_the_new_factor_are_over(owner, at_nine):
    other, client = signed_in(owner), signed_in(owner)
    set_up(client)
    assert is_signed_in(client)
    assert not is_signed_in(other)


def test_the_page_with_the_picture_holds_no_script_or_style_of_its_own(owner):
    client = signed_in(owner)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": SET_UP})
    page = client.get(SET_UP).content.decode()
    assert "<svg" in page
    assert "style=" not in page
    scripts = re.findall(r"<script\b([^>]*)>", page)
    assert all(" src=" in each or 'type="application/json"' in each for each in scripts)
    assert "data:" not in page


def test_a_wrong_code_sets_nothing_up(owner):
    client = signed_in(owner)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": SET_UP})
    assert client.post(SET_UP, {"code": "000000x"}).status_code == 200
    assert not factors.has_one(owner)


def test_secrets_are_encrypted_at_rest(owner):
    secret = with_app(owner)
    stored = Authenticator.objects.get(user=owner, type="totp").data["secret"]
    assert secret not in stored
    assert factors.keyring().decrypt(stored.encode()).decode() == secret


def test_secrets_move_to_a_new_key(owner, settings, at_nine):
    secret, codes = with_app(owner), recovery_codes(owner)
    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_KEYS = [new, old]
    call_command("rotate_keys")
    settings.FIELD_KEYS = [new]
    assert recovery_codes(owner) == codes
    assert Authenticator.objects.get(user=owner, type="totp").wrap().validate_code(code_of(secret))


# -- showing it


def test_the_password_alone_opens_nothing(owner):
    with_app(owner)
    client = Client()
    assert sign_in(client, owner.email)["Location"] == FACTOR
    assert not is_signed_in(client)
    assert client.get("/")["Location"] == f"{LOGIN}?next=/"


def test_the_code_of_the_app_signs_in(owner, at_nine):
    secret, client = with_app(owner), Client()
    sign_in(client, owner.email)
    client.post(FACTOR, {"code": code_of(secret)})
    assert is_signed_in(client)
    assert Event.objects.get(verb="signed_in").changes == {"by": ["password", "mfa"]}


def test_a_code_of_the_app_is_over_soon(owner, at_nine):
    secret, client = with_app(owner), Client()
    code = code_of(secret)
    sign_in(client, owner.email)
    at_nine.shift(90)
    client.post(FACTOR, {"code": code})
    assert not is_signed_in(client)
    client.post(FACTOR, {"code": code_of(secret)})
    assert is_signed_in(client)


def test_a_code_of_the_app_is_good_once(owner, at_nine):
    code = code_of(with_app(owner))
    for good in (True, False):
        client = Client()
        sign_in(client, owner.email)
        client.post(FACTOR, {"code": code})
        assert is_signed_in(client) is good


def test_a_recovery_code_is_good_once(owner):
    with_app(owner)
    code = recovery_codes(owner)[0]
    for good in (True, False):
        client = Client()
        sign_in(client, owner.email)
        client.post(FACTOR, {"code": code})
        assert is_signed_in(client) is good


def test_whoever_guesses_codes_has_to_wait(owner, at_nine):
    secret, client = with_app(owner), Client()
    sign_in(client, owner.email)
    for _ in range(5):
        client.post(FACTOR, {"code": "1"})
    client.post(FACTOR, {"code": code_of(secret)})
    assert not is_signed_in(client)
    assert Event.objects.filter(verb="sign_in_failed", reason="second factor").count() == 5


def test_whoever_needs_one_keeps_their_last(owner, required, at_nine):
    secret, client = with_app(owner), Client()
    sign_in(client, owner.email)
    client.post(FACTOR, {"code": code_of(secret)})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": FACTORS})
    client.post("/accounts/factors/totp/deactivate/")
    assert factors.has_one(owner)


def test_a_platform_administrator_takes_lost_ones_away(owner, admin_user, at_nine):
    secret, client = with_app(owner), Client()
    sign_in(client, owner.email)
    client.post(FACTOR, {"code": code_of(secret)})
    form = {"action": "take_factors_away", "_selected_action": [owner.pk]}
    signed_in(admin_user).post("/admin/dealers/user/", form)
    assert not Authenticator.objects.filter(user=owner).exists()
    assert not is_signed_in(client)
    gone = Event.objects.filter(verb="factor_removed")
    assert {(event.user_id, event.object_id) for event in gone} == {(admin_user.pk, str(owner.pk))}


def test_a_dealer_admin_takes_nobodys_away(owner, charlie, at_nine):
    with_app(charlie)
    form = {"action": "take_factors_away", "_selected_action": [charlie.pk]}
    signed_in(owner).post("/admin/dealers/user/", form)
    assert factors.has_one(charlie)


# -- the API


def log_in(user, **more):
    body = {"username": user.email, "password": PASSWORD, **more}
    return Client().post("/api/v1/auth/login", body, content_type="application/json")


def test_the_api_gives_no_tokens_to_whoever_lacks_a_factor_they_need(owner, required):
    response = log_in(owner)
    assert (response.status_code, response.json()["type"]) == (403, "second_factor_required")


def test_the_api_asks_whoever_has_a_factor_for_its_code(owner, at_nine):
    secret = with_app(owner)
    assert log_in(owner).json()["type"] == "second_factor_required"
    assert log_in(owner, otp="000000x").json()["type"] == "second_factor_wrong"
    assert "access_token" in log_in(owner, otp=code_of(secret)).json()
    assert log_in(owner, otp=code_of(secret)).status_code == 401, "the code was used"


def test_a_recovery_code_does_for_the_api_too(owner):
    with_app(owner)
    assert log_in(owner, otp=recovery_codes(owner)[0]).status_code == 200
