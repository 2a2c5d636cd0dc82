"""Sessions of people who need not sign in by the page."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest
from django.test import Client

from dealers.models import User


def session_of(user: User) -> str:
    """The key of a session in which the person has just shown their password."""
    client = Client()
    client.force_login(user)
    request = HttpRequest()
    request.session = client.session
    record_authentication(request, user, method="password", email=user.email, reauthenticated=True)
    request.session.save()
    return str(request.session.session_key)
