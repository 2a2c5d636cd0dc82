"""Refresh tokens: good once, and ended with what they were given for."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import connection
from django.test import Client
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from dealers import tokens
from dealers.models import Event, User
from dealers.roles import Role
from tests.dealers.browsers import signed_in
from tests.factories import PASSWORD
from tests.people import with_role

pytestmark = pytest.mark.django_db


def post(path, **body):
    return Client().post(f"/api/v1/auth/{path}", body, content_type="application/json")


def log_in(user):
    return post("login", username=user.email, password=PASSWORD).json()["refresh_token"]


def refresh(token):
    return post("refresh", refresh_token=token)


def test_each_is_good_once_and_brings_the_next(alice):
    token = log_in(alice)
    for _ in range(3):
        response = refresh(token)
        assert response.status_code == 200
        assert response.json()["refresh_token"] != token
        token = response.json()["refresh_token"]


def test_one_that_comes_twice_ends_them_all(alice, charlie):
    stolen, elsewhere, of_charlie = log_in(alice), log_in(alice), log_in(charlie)
    newest = refresh(stolen).json()["refresh_token"]
    assert refresh(stolen).status_code == 401
    assert refresh(newest).status_code == 401
    assert refresh(elsewhere).status_code == 401
    assert refresh(of_charlie).status_code == 200


def test_a_chain_of_them_ends_after_seven_days(alice):
    with time_machine.travel("2026-01-15T00:00:00Z", tick=False) as clock:
        token = log_in(alice)
        for _ in range(6):
            clock.shift(86400)
            token = refresh(token).json()["refresh_token"]
        clock.shift(86401)
        assert refresh(token).status_code == 401


def test_signing_out_gives_it_back(alice):
    token = log_in(alice)
    assert post("logout", refresh_token=token).status_code == 204
    assert refresh(token).status_code == 401
    assert [each.verb for each in Event.objects.order_by("at")] == ["signed_in", "signed_out"]


def test_signing_out_with_what_is_no_token_is_refused(alice):
    assert post("logout", refresh_token="made up").status_code == 401


def test_a_new_password_ends_them(alice):
    token = log_in(alice)
    form = {"oldpassword": PASSWORD, "password1": "another long pass phrase", "password2": "another long pass phrase"}
    signed_in(alice).post("/accounts/password/change/", form)
    assert refresh(token).status_code == 401


def test_a_password_that_an_administrator_set_ends_them_too(alice):
    token = log_in(alice)
    alice.set_password("another long pass phrase")
    alice.save()
    assert refresh(token).status_code == 401


def test_who_is_made_inactive_has_none_that_is_good_later(alice):
    token = log_in(alice)
    user = User.objects.get(pk=alice.pk)
    user.is_active = False
    user.save()
    assert refresh(token).status_code == 401
    user.is_active = True
    user.save()
    assert refresh(token).status_code == 401


def test_who_lacks_a_factor_that_they_need_by_now_gets_no_new_one(alice, settings):
    token = log_in(alice)
    with_role(alice, Role.OWNER)
    settings.MFA_REQUIRED = True
    response = refresh(token)
    assert (response.status_code, response.json()["type"]) == (403, "second_factor_required")


def test_their_text_is_not_stored(alice):
    log_in(alice)
    assert OutstandingToken.objects.get().token == ""


@pytest.mark.django_db(transaction=True)
def test_of_two_that_use_one_at_the_same_time_one_is_the_second(alice):
    token = str(tokens.Refresh.for_user(alice))
    both_here = threading.Barrier(2)

    def use(_):
        both_here.wait(30)
        try:
            return bool(tokens.rotated(token))
        except TokenError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(use, range(2))) == [False, True]
