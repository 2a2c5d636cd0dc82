"""Passkeys: as the second factor, and instead of a password."""

import pytest
from django.test import Client

from dealers import factors
from dealers.models import Event
from dealers.roles import Role
from tests.dealers.browsers import FACTOR, is_signed_in, sign_in, signed_in
from tests.dealers.passkeys import Passkey
from tests.factories import PASSWORD
from tests.people import with_role

pytestmark = pytest.mark.django_db
ADD = "/accounts/factors/webauthn/add/"
LOGIN = "/accounts/factors/webauthn/login/"


def added(client, *, verified=True):
    """Add a passkey as the pages do."""
    client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": ADD})
    passkey = Passkey(verified=verified)
    options = client.get(ADD).context["js_data"]["creation_options"]
    form = {"name": "phone", "credential": passkey.created(options), "passwordless": "on" if verified else ""}
    response = client.post(ADD, form)
    assert response.status_code == 302, response.content.decode()
    return passkey


def options_to_sign_in(client):
    return client.get(LOGIN, headers={"Accept": "application/json"}).json()["request_options"]


def test_whoever_adds_one_has_a_second_factor_and_a_mail_about_it(alice, mailoutbox):
    added(signed_in(alice))
    assert factors.has_one(alice)
    assert "key" in mailoutbox[-1].subject.lower()
    kinds = {event.changes["kind"] for event in Event.objects.filter(verb="factor_added")}
    assert kinds == {"webauthn", "recovery_codes"}


def test_it_opens_the_gate(alice, settings):
    settings.MFA_REQUIRED = True
    client = signed_in_to_set_up(with_role(alice, Role.OWNER))
    added(client)
    assert client.get("/").status_code == 200


def signed_in_to_set_up(user):
    client = Client()
    sign_in(client, user.email)
    return client


def test_it_is_asked_for_after_the_password(alice):
    passkey = added(signed_in(alice), verified=False)
    client = Client()
    assert sign_in(client, alice.email)["Location"] == FACTOR
    options = client.get(FACTOR).context["js_data"]["request_options"]
    client.post(FACTOR, {"credential": passkey.shown(options)})
    assert is_signed_in(client)


def test_another_one_does_not_do(alice, charlie):
    added(signed_in(alice))
    thief = added(signed_in(charlie))
    client = Client()
    sign_in(client, alice.email)
    options = client.get(FACTOR).context["js_data"]["request_options"]
    client.post(FACTOR, {"credential": thief.shown(options)})
    assert not is_signed_in(client)


def test_it_signs_in_without_a_password(alice):
    passkey, client = added(signed_in(alice)), Client()
    response = client.post(LOGIN, {"credential": passkey.shown(options_to_sign_in(client))})
    assert response["Location"] == "/"
    assert is_signed_in(client)


def test_one_that_does_not_know_its_owner_needs_the_password_beside_it(alice):
    passkey, client = added(signed_in(alice), verified=False), Client()
    client.post(LOGIN, {"credential": passkey.shown(options_to_sign_in(client))})
    assert not is_signed_in(client)


def test_its_answer_is_good_once_and_in_one_browser(alice):
    passkey, client, thief = added(signed_in(alice)), Client(), Client()
    answer = passkey.shown(options_to_sign_in(client))
    options_to_sign_in(thief)
    thief.post(LOGIN, {"credential": answer})
    assert not is_signed_in(thief)
    client.post(LOGIN, {"credential": answer})
    client.post("/accounts/logout/")
    client.post(LOGIN, {"credential": answer})
    assert not is_signed_in(client)


def test_an_answer_for_another_site_is_refused(alice):
    passkey, client = added(signed_in(alice)), Client()
    client.post(LOGIN, {"credential": passkey.shown(options_to_sign_in(client), host="evil.example")})
    assert not is_signed_in(client)


def test_what_is_no_answer_is_refused(client, db):
    options_to_sign_in(client)
    for nonsense in ("{}", "[]", "no json", '{"response": {"userHandle": "////"}}'):
        assert client.post(LOGIN, {"credential": nonsense}).status_code == 302
