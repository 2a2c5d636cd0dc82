"""Sessions of people who need not sign in by the page."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from django.http import HttpRequest
from django.test import Client

from dealers.models import User
from dealers.sessions import SEEN


def session_of(user: User) -> str:
    """The key of a session in which the person has just shown their password."""
    client = Client()
    client.force_login(user)
    request = HttpRequest()
    request.session = client.session
    request.session[SEEN] = 0  # so that their first page notes it, as it would one that began on the page
    record_authentication(request, user, method="password", email=user.email, reauthenticated=True)
    request.session.save()
    return str(request.session.session_key)
