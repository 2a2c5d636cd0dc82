"""Browsers that sign in, and the factors that they show."""

from __future__ import annotations

import re
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import (
    TOTP,
    format_hotp_value,
    generate_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.test import Client

from dealers.models import User
from tests.factories import PASSWORD

LOGIN = "/accounts/login/"
CODE = "/accounts/login/code/"
CONFIRM = "/accounts/login/code/confirm/"
FACTOR = "/accounts/factors/authenticate/"


def sign_in(client: Client, email: str, password: str = PASSWORD, **more: Any) -> Any:
    return client.post(LOGIN, {"login": email, "password": password}, **more)


def signed_in(user: User) -> Client:
    """A browser that signed in by the page; `force_login` would leave out what the page does."""
    client = Client()
    assert sign_in(client, user.email).status_code == 302
    assert is_signed_in(client)
    return client


def is_signed_in(client: Client) -> bool:
    return bool(client.get("/accounts/sessions/").status_code == 200)


def with_app(user: User) -> str:
    """Give the person an authenticator app and recovery codes; returns the app's secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def code_of(secret: str) -> str:
    """What the app shows now."""
    return format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))


def recovery_codes(user: User) -> list[str]:
    return Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()


def mailed_code(body: str) -> str:
    found = re.search(r"^[A-Z]{4}-[A-Z]{4}$", body, re.MULTILINE)
    assert found, body
    return found[0]


def without_chance(response: Any, *words: str) -> tuple[int, str]:
    """Status and body, without the form's token, the request's id and the `words` that were typed."""
    body = re.sub(r'name="(csrfmiddlewaretoken" value|csrf-token" content)="\w+"', "", response.content.decode())
    body = body.replace(response.headers.get("X-Request-ID", "\0"), "")
    for word in words:
        body = body.replace(word, "…")
    return response.status_code, body
