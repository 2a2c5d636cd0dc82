"""Signing in with a code that comes by mail."""

import base64
import json

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.contrib.sessions.models import Session
from django.test import Client

from dealers import codes
from dealers.models import Event, User
from tests.dealers.browsers import (
    CODE,
    CONFIRM,
    FACTOR,
    code_of,
    is_signed_in,
    mailed_code,
    signed_in,
    with_app,
    without_chance,
)
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def code(client, alice, mailoutbox):
    """The code that was mailed for `client`."""
    client.post(CODE, {"email": alice.email})
    [mail] = mailoutbox
    assert mail.to == [alice.email]
    return mailed_code(mail.body)


def test_the_code_signs_in(client, alice, code):
    response = client.post(CONFIRM, {"code": code})
    assert (response.status_code, response["Location"]) == (302, "/")
    assert is_signed_in(client)


def test_who_reads_the_mail_has_the_address(client, alice, code):
    client.post(CONFIRM, {"code": code})
    assert User.objects.get(pk=alice.pk).is_verified


def test_the_code_signs_in_no_other_browser(alice, code):
    thief = Client()
    thief.post(CONFIRM, {"code": code})
    assert not is_signed_in(thief)


def test_a_browser_that_asked_itself_needs_its_own_code(alice, code):
    thief = Client()
    thief.post(CODE, {"email": alice.email})
    thief.post(CONFIRM, {"code": code})
    assert not is_signed_in(thief)


def test_the_code_is_good_once(client, alice, code):
    client.post(CONFIRM, {"code": code})
    client.post("/accounts/logout/")
    client.post(CONFIRM, {"code": code})
    assert not is_signed_in(client)


def test_to_look_at_the_page_uses_nothing_up(client, alice, code):
    for _ in range(3):
        assert client.get(CONFIRM, {"code": code}).status_code == 200
    assert not is_signed_in(client)
    client.post(CONFIRM, {"code": code})
    assert is_signed_in(client)


@pytest.mark.parametrize(("seconds", "good"), [(599, True), (602, False)])
def test_the_code_is_good_for_ten_minutes(client, alice, mailoutbox, seconds, good):
    with time_machine.travel("2026-01-15T00:00:00Z", tick=False) as clock:
        client.post(CODE, {"email": alice.email})
        clock.shift(seconds)
        client.post(CONFIRM, {"code": mailed_code(mailoutbox[0].body)})
        assert is_signed_in(client) is good


def test_three_wrong_tries_end_the_code(client, alice, code):
    for _ in range(3):
        client.post(CONFIRM, {"code": "BBBB-BBBB"})
    client.post(CONFIRM, {"code": code})
    assert not is_signed_in(client)
    assert list(Event.objects.values_list("verb", "reason")) == [("sign_in_failed", "code by mail")] * 3


def test_an_address_gets_five_codes_in_a_quarter_of_an_hour(alice, mailoutbox):
    for _ in range(7):
        Client().post(CODE, {"email": alice.email})
    assert len(mailoutbox) == 5


def test_an_unknown_address_gets_the_same_answer_and_a_mail_that_says_so(alice, mailoutbox):
    answers = []
    for email in (alice.email, "nobody@dealer.example"):
        client = Client()
        asked = without_chance(client.post(CODE, {"email": email}), email)
        page = without_chance(client.get(CONFIRM), email)
        tried = without_chance(client.post(CONFIRM, {"code": "BBBB-BBBB"}), email)
        answers.append((asked, page, tried))
    assert answers[0] == answers[1]
    assert [mail.to for mail in mailoutbox] == [[alice.email], ["nobody@dealer.example"]]
    assert "no such account" in mailoutbox[1].body


def test_whoever_has_a_second_factor_is_asked_for_it_after_the_code(client, alice, code):
    secret = with_app(alice)
    response = client.post(CONFIRM, {"code": code})
    assert response["Location"] == FACTOR
    assert not is_signed_in(client)
    client.post(FACTOR, {"code": code_of(secret)})
    assert is_signed_in(client)


def stored(client):
    """What the database holds of the browser's session, and what the session holds of that."""
    row = Session.objects.get(pk=client.session.session_key)
    return row.session_data, json.dumps(dict(client.session.items()))


def test_a_session_holds_a_keyed_hash_of_the_code_and_the_database_not_even_that(client, code):
    raw, held = stored(client)
    plain = code.replace("-", "")
    for text in (raw, held, base64.urlsafe_b64decode(raw).decode("latin-1")):
        assert code not in text
        assert plain not in text
    assert codes.hashed(code) in held
    assert codes.hashed(code) not in raw
    assert codes.hashed(code) == codes.hashed(plain.lower())


def test_another_installations_key_makes_another_hash(code, settings):
    here = codes.hashed(code)
    settings.SECRET_KEY = "another" * 8
    assert codes.hashed(code) != here


def test_the_hash_is_no_code(client, code):
    client.post(CONFIRM, {"code": codes.hashed(code)})
    assert not is_signed_in(client)


def test_no_code_was_sent_to_an_unknown_address_and_none_is_right(client):
    client.post(CODE, {"email": "nobody@dealer.example"})
    for typed in ("", "ABCD-EFGH", codes.hashed("")):
        client.post(CONFIRM, {"code": typed})
        assert not is_signed_in(client)


def test_the_secret_of_an_app_that_is_being_set_up_is_encrypted(alice):
    client = signed_in(alice)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.get("/accounts/factors/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    raw, held = stored(client)
    assert secret in held
    assert secret not in raw
    assert secret not in base64.urlsafe_b64decode(raw).decode("latin-1")


def test_sessions_are_read_by_old_keys_and_end_with_them(client, alice, settings):
    client.force_login(alice)
    new, old = Fernet.generate_key().decode(), settings.FIELD_KEYS[0]
    settings.FIELD_KEYS = [new, old]
    assert is_signed_in(client)
    settings.FIELD_KEYS = [new]
    assert not is_signed_in(client)
