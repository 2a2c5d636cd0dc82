"""How long one is signed in, and how a session is ended."""

import os
import subprocess
import sys
from datetime import timedelta

import pytest
import time_machine
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from dealers import tokens
from dealers.models import User
from ingestion.tasks import sweep
from tests.dealers.browsers import is_signed_in, sign_in, signed_in
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "another long pass phrase"
CHANGE = "/accounts/password/change/"


def test_a_session_that_is_idle_for_twelve_hours_is_over(alice):
    with time_machine.travel("2026-01-15T00:00:00Z", tick=False) as clock:
        client = signed_in(alice)
        clock.shift(timedelta(hours=11, minutes=59))
        assert is_signed_in(client)
        clock.shift(timedelta(hours=11, minutes=59))
        assert is_signed_in(client)
        clock.shift(timedelta(hours=12, minutes=1))
        assert not is_signed_in(client)


def test_a_session_that_is_busy_is_over_after_seven_days(alice):
    with time_machine.travel("2026-01-15T00:00:00Z", tick=False) as clock:
        client = signed_in(alice)
        for _ in range(16):
            clock.shift(timedelta(hours=10, minutes=30))
            assert is_signed_in(client)
        clock.shift(timedelta(minutes=1))
        assert not is_signed_in(client)


def test_a_session_in_use_is_written_now_and_then(alice):
    with time_machine.travel("2026-01-15T00:00:00Z", tick=False) as clock:
        client = signed_in(alice)
        before = UserSession.objects.get().last_seen_at
        clock.shift(timedelta(minutes=4))
        client.get("/")
        assert UserSession.objects.get().last_seen_at == before
        clock.shift(timedelta(minutes=2))
        client.get("/")
        assert UserSession.objects.get().last_seen_at > before


def test_the_page_lists_where_one_is_signed_in(alice, charlie):
    signed_in(charlie)
    client = Client()
    sign_in(client, alice.email, HTTP_USER_AGENT="Lynx", REMOTE_ADDR="192.0.2.7")
    other = Client()
    sign_in(other, alice.email, HTTP_USER_AGENT="Konqueror")
    page = client.get("/accounts/sessions/").content.decode()
    assert "Konqueror" in page
    assert page.count("/end/") == 1, "the other one can be ended, this one by signing out"


def test_a_session_is_ended_from_another(alice):
    client, lost = signed_in(alice), signed_in(alice)
    mine = UserSession.objects.get(session_key=lost.session.session_key)
    client.post(f"/accounts/sessions/{mine.pk}/end/")
    assert not is_signed_in(lost)
    assert is_signed_in(client)


def test_all_others_are_ended_at_once(alice):
    client, one, two = signed_in(alice), signed_in(alice), signed_in(alice)
    client.post("/accounts/sessions/")
    assert [is_signed_in(each) for each in (client, one, two)] == [True, False, False]


def test_sessions_are_ended_by_a_fresh_proof_only(alice):
    here, there = signed_in(alice), signed_in(alice)
    other = UserSession.objects.get(session_key=there.session.session_key)
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        for address in (f"/accounts/sessions/{other.pk}/end/", "/accounts/sessions/"):
            assert here.post(address)["Location"].startswith("/accounts/reauthenticate/")
        assert UserSession.objects.filter(pk=other.pk).exists()
        assert here.get("/accounts/sessions/").status_code == 200


def test_nobody_ends_a_session_of_somebody_else(alice, charlie):
    client, theirs = signed_in(alice), signed_in(charlie)
    assert client.post(f"/accounts/sessions/{UserSession.objects.get(user=charlie).pk}/end/").status_code == 404
    assert is_signed_in(theirs)


def test_who_is_made_inactive_is_out_at_once_and_stays_out(alice):
    client = signed_in(alice)
    user = User.objects.get(pk=alice.pk)
    user.is_active = False
    user.save()
    assert not is_signed_in(client)
    user.is_active = True
    user.save()
    assert not is_signed_in(client)


def test_a_new_password_ends_every_session_but_the_one_that_set_it(alice, mailoutbox):
    client, other = signed_in(alice), signed_in(alice)
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert client.post(CHANGE, form).status_code == 302
    assert is_signed_in(client)
    assert not is_signed_in(other)
    assert "Password Changed" in mailoutbox[-1].subject


def test_a_password_that_an_administrator_sets_ends_every_session(alice, admin_user):
    client, admin = signed_in(alice), signed_in(admin_user)
    form = {"password1": NEW, "password2": NEW, "usable_password": "true"}
    assert admin.post(f"/admin/dealers/user/{alice.pk}/password/", form).status_code == 302
    assert not is_signed_in(client)


def test_cookies_are_for_this_host_and_https_alone():
    names = "s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE"
    outcome = subprocess.run(
        [sys.executable, "-c", f"import config.settings as s; print({names})"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "HTTPS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert outcome.stdout.split() == ["__Host-sessionid", "__Host-csrftoken", "True"]


def test_what_is_over_is_forgotten_by_night(alice, charlie):
    with time_machine.travel("2026-01-15T00:00:00Z", tick=False) as clock:
        signed_in(alice)
        tokens.Refresh.for_user(alice)
        clock.shift(timedelta(days=7, minutes=1))
        client = signed_in(charlie)
        tokens.Refresh.for_user(charlie)
        sweep()
        assert is_signed_in(client)
        assert Session.objects.get().session_key == client.session.session_key
        assert UserSession.objects.get().user == charlie
        assert OutstandingToken.objects.get().user == charlie
