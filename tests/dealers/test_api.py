"""Signing in to the API."""

from urllib.parse import urlencode

import pytest
import time_machine
from rest_framework.test import APIClient

from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return APIClient()


def sign_in(api, user, address="/api/v1/auth/login", **given):
    form = {"username": user.email, "password": PASSWORD, **given}
    return api.post(address, urlencode(form), content_type="application/x-www-form-urlencoded")


@pytest.mark.parametrize("address", ["/api/v1/auth/login", "/api/v1/auth/login/"])
def test_the_password_form_brings_an_access_and_a_refresh_token(api, alice, address):
    body = sign_in(api, alice, address, grant_type="password").json()
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (body["token_type"], body["expires_in"]) == ("bearer", 600)


def test_json_is_taken_as_well(api, alice):
    response = api.post("/api/v1/auth/login", {"username": alice.email, "password": PASSWORD}, "json")
    assert response.status_code == 200


def test_an_address_may_be_written_in_capitals(api, alice):
    assert sign_in(api, alice, username=alice.email.upper()).status_code == 200


@pytest.mark.parametrize("given", [{"password": "wrong"}, {"username": "nobody@a.example"}])
def test_an_unknown_person_and_a_wrong_password_get_the_same_answer(api, alice, given):
    response = sign_in(api, alice, **given)
    assert response.status_code == 401
    assert response.json() == {
        "type": "invalid_grant",
        "errors": [{"field": None, "message": "The e-mail address or the password is wrong."}],
    }


def test_a_person_who_left_cannot_sign_in(api, alice):
    alice.is_active = False
    alice.save()
    assert sign_in(api, alice).status_code == 401


@pytest.mark.parametrize("address", ["/api/v1/auth/me", "/api/v1/auth/me/"])
def test_the_access_token_says_who_one_is(api, alice, address):
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {sign_in(api, alice).json()['access_token']}")
    body = api.get(address).json()
    assert body["email"] == alice.email
    assert [each["code"] for each in body["dealerships"]] == [alice.memberships.get().dealership.code]


@pytest.mark.parametrize("kind", ["json", "multipart"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_the_refresh_token_brings_a_new_access_token(api, alice, kind, slash):
    token = sign_in(api, alice).json()["refresh_token"]
    body = api.post(f"/api/v1/auth/refresh{slash}", {"refresh_token": token}, kind).json()
    assert set(body) == {"access_token", "refresh_token", "token_type", "expires_in"}
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {body['access_token']}")
    assert api.get("/api/v1/auth/me").status_code == 200


def test_an_access_token_is_no_refresh_token(api, alice):
    token = sign_in(api, alice).json()["access_token"]
    response = api.post("/api/v1/auth/refresh", {"refresh_token": token})
    assert (response.status_code, response.json()["type"]) == (401, "token_not_valid")


def test_the_refresh_token_of_a_person_who_is_gone_is_refused(api, alice):
    token = sign_in(api, alice).json()["refresh_token"]
    alice.memberships.all().delete()
    alice.delete()
    assert api.post("/api/v1/auth/refresh", {"refresh_token": token}).status_code == 401


def test_a_new_password_ends_every_token(api, alice):
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {sign_in(api, alice).json()['access_token']}")
    alice.set_password("another long pass phrase")
    alice.save()
    assert api.get("/api/v1/auth/me").status_code == 401


def test_an_access_token_lasts_as_long_as_it_says(api, alice):
    with time_machine.travel("2026-01-15T00:00:00Z", tick=False) as clock:
        body = sign_in(api, alice).json()
        api.credentials(HTTP_AUTHORIZATION=f"Bearer {body['access_token']}")
        clock.shift(body["expires_in"] - 1)
        assert api.get("/api/v1/auth/me").status_code == 200
        clock.shift(2)
        assert api.get("/api/v1/auth/me").status_code == 401


def test_whoever_tries_often_has_to_wait(api, alice):
    answers = [sign_in(api, alice, password="wrong").status_code for _ in range(7)]
    assert answers == [401] * 5 + [429] * 2
    assert sign_in(api, alice).status_code == 429, "the right password too"


def test_whoever_tries_many_accounts_has_to_wait(api, db):
    answers = [sign_in(api, UserFactory(), password="wrong").status_code for _ in range(31)]
    assert answers == [401] * 30 + [429]


def test_nobody_is_known_without_a_token(api):
    response = api.get("/api/v1/auth/me")
    assert (response.status_code, response.json()["type"]) == (401, "not_authenticated")


def test_a_form_without_a_password_names_the_field(api):
    response = api.post("/api/v1/auth/login", {"username": "alice@a.example"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "password"
