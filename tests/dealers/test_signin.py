"""Signing in on the web with an address and a password."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from dealers.models import Event, User
from tests.dealers.browsers import LOGIN, is_signed_in, sign_in, signed_in, without_chance

pytestmark = pytest.mark.django_db


def verbs():
    return list(Event.objects.order_by("at").values_list("verb", flat=True))


def test_a_person_signs_in_with_address_and_password(client, alice):
    response = sign_in(client, alice.email)
    assert (response.status_code, response["Location"]) == (302, "/")
    assert client.get("/").status_code == 200


def test_an_address_may_be_written_in_capitals(client, alice):
    assert sign_in(client, alice.email.upper()).status_code == 302


def test_the_page_leads_back_to_where_one_wanted_to_go_but_never_elsewhere(alice):
    for wanted, led in (("/api/docs/", "/api/docs/"), ("https://evil.example/", "/")):
        response = Client().post(f"{LOGIN}?next={wanted}", {"login": alice.email, "password": "x"})
        assert response.status_code == 200
        response = Client().post(
            LOGIN, {"login": alice.email, "password": "correct horse battery staple", "next": wanted}
        )
        assert response["Location"] == led


def test_the_session_has_a_new_key_after_signing_in(client, alice):
    planted = client.session
    planted["planted"] = True
    planted.save()
    before = planted.session_key
    sign_in(client, alice.email)
    assert client.session.session_key != before
    assert not Session.objects.filter(session_key=before).exists()


def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(alice):
    wrong = without_chance(sign_in(Client(), alice.email, "wrong"), alice.email)
    unknown = without_chance(sign_in(Client(), "nobody@dealer.example", "wrong"), "nobody@dealer.example")
    assert wrong == unknown
    assert wrong[0] == 200


def test_a_person_who_left_gets_the_answer_of_an_unknown_one(alice):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    left = without_chance(sign_in(Client(), alice.email), alice.email)
    assert left == without_chance(sign_in(Client(), "nobody@dealer.example"), "nobody@dealer.example")


def test_the_admin_has_no_sign_in_of_its_own(client, admin_user):
    form = {"username": admin_user.email, "password": "correct horse battery staple"}
    response = client.post("/admin/login/?next=/admin/", form)
    assert response.status_code == 302
    assert response["Location"].startswith(LOGIN)
    assert not is_signed_in(client)


def test_who_may_not_open_the_admin_is_told_so_instead_of_asked_to_sign_in(alice):
    assert signed_in(alice).get("/admin/login/").status_code == 403


def test_nobody_signs_up(client, db):
    form = {"email": "new@dealer.example", "password1": "a long pass phrase of mine"}
    assert "By invitation" in client.post("/accounts/signup/", form).content.decode()
    assert not User.objects.filter(email="new@dealer.example").exists()


def test_after_five_wrong_tries_even_the_right_password_waits(client, alice):
    for _ in range(5):
        sign_in(client, alice.email, "wrong")
    assert sign_in(client, alice.email).status_code == 200
    assert not is_signed_in(client)


def test_one_address_of_the_network_tries_thirty_times_a_minute(client, db):
    answers = {sign_in(client, f"person{number}@else.example", "x").status_code for number in range(30)}
    assert answers == {200}
    assert sign_in(client, "person30@else.example", "x").status_code == 429


def test_without_the_cache_nobody_signs_in(client, alice, settings):
    away = {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/valkey.sock?db=2"}
    settings.CACHES = {"default": away}
    assert sign_in(client, alice.email).status_code == 503
    body = {"username": alice.email, "password": "correct horse battery staple"}
    response = client.post("/api/v1/auth/login", body)
    assert (response.status_code, response.json()["type"]) == (503, "unavailable")
    assert not is_signed_in(client)


def test_what_is_signed_in_goes_on_without_the_cache(alice, settings):
    client = signed_in(alice)
    away = {**settings.CACHES["default"], "LOCATION": "unix:///nowhere/valkey.sock?db=2"}
    settings.CACHES = {"default": away}
    assert client.get("/").status_code == 200


def test_signing_in_and_out_is_written_down_with_who_and_from_where(client, alice):
    sign_in(client, alice.email, REMOTE_ADDR="192.0.2.7")
    client.post("/accounts/logout/")
    assert verbs() == ["signed_in", "signed_out"]
    came = Event.objects.get(verb="signed_in")
    assert (came.user_id, came.object_id, came.address) == (alice.pk, str(alice.pk), "192.0.2.7")
    assert came.changes == {"by": ["password"]}


def test_a_failed_try_is_written_down_without_what_was_typed(client, alice):
    sign_in(client, alice.email, "hunter2 hunter2")
    sign_in(client, "my-password@dealer.example", "x")
    known, unknown = Event.objects.order_by("at")
    assert (known.verb, known.user_id, known.object_id) == ("sign_in_failed", None, str(alice.pk))
    assert (unknown.verb, unknown.object_id, unknown.object_text) == ("sign_in_failed", "", "")


def test_a_sign_in_that_cannot_be_written_down_does_not_happen(client, alice, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no audit")

    monkeypatch.setattr("dealers.audit.Event.save", broken)
    client.raise_request_exception = False
    assert sign_in(client, alice.email).status_code == 500
    assert not is_signed_in(client)
    assert User.objects.get(pk=alice.pk).last_login is None


def test_a_link_to_sign_out_signs_nobody_out(alice):
    client = signed_in(alice)
    client.get("/accounts/logout/")
    assert is_signed_in(client)


@pytest.mark.parametrize(("proxies", "address"), [(0, "192.0.2.7"), (1, "203.0.113.9")])
def test_an_address_that_a_client_makes_up_is_never_believed(client, alice, settings, proxies, address):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    forged = "198.51.100.1, 203.0.113.9"
    sign_in(client, alice.email, REMOTE_ADDR="192.0.2.7", HTTP_X_FORWARDED_FOR=forged)
    assert Event.objects.get().address == address


def test_a_browser_that_is_new_to_the_account_is_told_by_mail_once(client, alice, mailoutbox):
    sign_in(client, alice.email, HTTP_USER_AGENT="Lynx")
    client.post("/accounts/logout/")
    sign_in(client, alice.email, HTTP_USER_AGENT="Lynx")
    [mail] = mailoutbox
    assert mail.to == [alice.email]
    assert "new browser" in mail.subject
    assert "Lynx" in mail.body


def test_a_mail_server_that_is_away_keeps_nobody_out(client, alice, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    assert sign_in(client, alice.email).status_code == 302


@pytest.mark.parametrize(
    "address",
    ["login/", "login/code/", "password/reset/", "password/reset/done/", "signup/", "inactive/"],
)
def test_a_page_of_a_stranger_holds_no_script_or_style_of_its_own(client, db, address):
    page = client.get(f"/accounts/{address}")
    assert page.status_code == 200
    assert is_clean(page.content.decode())


@pytest.mark.parametrize("address", ["password/change/", "factors/", "sessions/", "reauthenticate/", "logout/"])
def test_a_page_of_a_person_holds_no_script_or_style_of_its_own(alice, address):
    page = signed_in(alice).get(f"/accounts/{address}")
    assert page.status_code == 200
    assert is_clean(page.content.decode())


def is_clean(page: str) -> bool:
    """Every script is a file or data, no style is in the page."""
    scripts = [tag.partition(">")[0] for tag in page.split("<script")[1:]]
    harmless = all("src=" in tag or "application/json" in tag for tag in scripts)
    return harmless and "style=" not in page and "<style" not in page and " on" + "click" not in page


def test_whoever_leaves_leaves_nothing_in_the_browser(client, alice):
    sign_in(client, alice.email)
    assert "Clear-Site-Data" not in client.get("/")
    left = client.post("/accounts/logout/")
    assert left["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in client.get(LOGIN)
