"""Pages are in the language of whoever reads them, and on the clock of the dealership that they work in."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone, translation

from config.urls import handler404, handler500  # noqa: F401  the handlers are the URLconf's
from config.urls import urlpatterns as ours
from dealers import invitations
from dealers.models import Dealership, Invitation, User
from dealers.roles import Role
from tests.dealers.browsers import signed_in
from tests.factories import MembershipFactory
from tests.people import api_of

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
SET = "/language/"


def here(request: HttpRequest) -> HttpResponse:
    """What a page would go by."""
    return HttpResponse(f"{translation.get_language()} {timezone.get_current_timezone_name()}")


urlpatterns = [path("here/", here), path("api/here/", here), *ours]


def at(client: Client, address: str = "/here/", **headers: Any) -> str:
    return client.get(address, headers=headers).content.decode()


def language_of(client: Client, **headers: Any) -> str:
    return at(client, **headers).split()[0]


def zone_of(client: Client) -> str:
    return at(client).split()[1]


def test_a_persons_own_choice_comes_before_cookie_and_header(alice: User) -> None:
    client = signed_in(alice)
    assert language_of(client) == "en"
    assert language_of(client, accept_language="es-MX,es;q=0.9") == "es"
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "id"
    assert language_of(client, accept_language="es") == "id"
    User.objects.filter(pk=alice.pk).update(language="es")
    response = client.get("/here/", headers={"accept-language": "en"})
    assert response.content.startswith(b"es ")
    assert response["Content-Language"] == "es"


def test_one_persons_language_is_not_left_for_the_next(alice: User, charlie: User) -> None:
    User.objects.filter(pk=alice.pk).update(language="id")
    first, second = signed_in(alice), signed_in(charlie)
    assert [language_of(each) for each in (first, second, Client(), first)] == ["id", "en", "en", "id"]


def test_a_language_that_is_no_longer_offered_counts_as_none(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(language="fr")
    assert language_of(signed_in(alice), accept_language="id") == "id"


def test_a_page_says_which_language_it_is_in(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(language="id")
    text = signed_in(alice).get("/").content.decode()
    assert '<html lang="id"' in text
    assert "Keluar" in text


def test_choosing_a_language_keeps_it_with_the_person_and_goes_back(alice: User) -> None:
    client = signed_in(alice)
    response = client.post(SET, {"language": "es", "next": "/here/?page=2"})
    assert (response.status_code, response["Location"]) == (302, "/here/?page=2")
    alice.refresh_from_db()
    assert alice.language == "es"
    assert language_of(client) == "es"
    assert language_of(signed_in(alice)) == "es", "another browser of the same person"


def test_a_stranger_chooses_for_the_browser() -> None:
    client = Client()
    response = client.post(SET, {"language": "id", "next": "/accounts/login/"})
    cookie = response.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert (cookie.value, cookie["samesite"], cookie["httponly"]) == ("id", "Lax", True)
    assert '<html lang="id"' in client.get("/accounts/login/").content.decode()


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_it_leads_nowhere_else(alice: User, elsewhere: str) -> None:
    assert signed_in(alice).post(SET, {"language": "id", "next": elsewhere})["Location"] == "/"


@pytest.mark.parametrize("given", ["", "fr", "xx", "en\r\nX: y", "e" * 300])
def test_what_is_no_language_of_ours_changes_nothing(alice: User, given: str) -> None:
    client = signed_in(alice)
    response = client.post(SET, {"language": given, "next": "/"})
    assert response.status_code == 404
    assert settings.LANGUAGE_COOKIE_NAME not in response.cookies
    alice.refresh_from_db()
    assert alice.language == ""


def test_only_a_post_with_our_token_chooses(alice: User) -> None:
    assert signed_in(alice).get(SET).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(alice)
    assert strict.post(SET, {"language": "id"}).status_code == 403
    alice.refresh_from_db()
    assert alice.language == ""


def test_whoever_stands_in_reads_in_their_own_language_and_leaves_the_persons_alone(
    alice: User, admin_user: User, settings: Any
) -> None:
    settings.MFA_REQUIRED = False
    User.objects.filter(pk=alice.pk).update(language="id")
    User.objects.filter(pk=admin_user.pk).update(language="es")
    client = signed_in(admin_user)
    begun = client.post(f"/impersonation/{alice.pk}/", {"reason": "ticket 4711, wrong dates", "minutes": 5})
    assert begun.status_code == 302
    assert language_of(client) == "es"
    assert client.post(SET, {"language": "en"}).status_code == 302
    alice.refresh_from_db()
    assert alice.language == "id"


@pytest.mark.parametrize(
    ("known", "dealerships", "said"),
    [
        ("es", "id", "Invitación a Cahaya Motor"),
        ("", "id", "Undangan ke Cahaya Motor"),
        (None, "id", "Undangan ke Cahaya Motor"),
        (None, "fr", "Invitation to Cahaya Motor"),
    ],
)
def test_an_invitation_is_in_the_words_of_the_person_or_of_the_dealership(
    charlie: User, dealership_a: Dealership, known: str | None, dealerships: str, said: str
) -> None:
    User.objects.filter(pk=charlie.pk).update(language=known or "")
    dealership_a.language = dealerships
    invitation = Invitation(
        dealership=dealership_a,
        email="new@dealer.example" if known is None else charlie.email,
        role=Role.VIEWER,
        expires_at=timezone.now(),
    )
    mail = invitations.mail_of(invitation, "https://forecourt.example/invitations/x/")
    assert said in mail.subject
    assert "https://forecourt.example/invitations/x/" in mail.body


def test_the_api_speaks_the_language_that_a_request_asks_for(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(language="es")
    client = api_of(alice)
    assert client.get("/api/here/").content == b"en UTC"
    assert client.get("/api/here/", headers={"accept-language": "id"}).content == b"id UTC"


def test_the_clock_is_that_of_ones_only_dealership(alice: User, dealership_a: Dealership) -> None:
    Dealership.objects.filter(pk=dealership_a.pk).update(time_zone="Asia/Jayapura")
    assert zone_of(signed_in(alice)) == "Asia/Jayapura"
    assert zone_of(Client()) == "UTC"


def test_of_several_dealerships_it_is_that_of_the_chosen_one(
    alice: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    MembershipFactory(user=alice, dealership=dealership_b)
    Dealership.objects.filter(pk=dealership_b.pk).update(time_zone="Asia/Makassar")
    client = signed_in(alice)
    assert zone_of(client) == "UTC"
    client.post("/dealership/", {"dealership": dealership_b.pk})
    assert zone_of(client) == "Asia/Makassar"
    client.post("/dealership/", {"dealership": "all"})
    assert zone_of(client) == "UTC"


def test_a_platform_administrator_sees_utc_until_a_dealership_is_chosen(
    admin_user: User, dealership_a: Dealership
) -> None:
    client = signed_in(admin_user)
    assert zone_of(client) == "UTC"
    client.post("/dealership/", {"dealership": dealership_a.pk})
    assert zone_of(client) == dealership_a.time_zone
