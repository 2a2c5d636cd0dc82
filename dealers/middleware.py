"""Who is there, and on whose rows a request works: found once for pages, admin and API, before any of them looks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase

from config.backoffice import trace
from dealers import audit
from dealers.authentication import by_bearer
from dealers.integrations import Integration
from dealers.models import User
from dealers.permissions import roles_of
from dealers.tenancy import NOBODY, Scope, acting, streamed

ACTIVE = "dealership"
"""The session's key of the dealership that a person has chosen, of those they belong to."""
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")

Respond = Callable[[HttpRequest], HttpResponseBase]


class ScopeMiddleware:
    """Every request of somebody who is signed in is one transaction in their scope; an error of ours undoes it all.

    Memberships are asked of the database each time, so that a place that was taken away is gone with the next request.
    """

    def __init__(self, respond: Respond) -> None:
        self.respond = respond

    def __call__(self, request: Any) -> HttpResponseBase:
        request.id = request_id(request)
        if request.path.startswith("/api/"):
            by_bearer(request)
        user = request.user if request.user.is_authenticated else None
        person, name = (user, "") if isinstance(user, User) else (None, str(user or ""))
        facts = audit.Circumstances(person, name, address=address_of(request), request_id=request.id)
        with audit.circumstances(facts):
            response = self.signed_in(request, user) if user else self.stranger(request)
        response.headers["X-Request-ID"] = request.id
        return response

    def stranger(self, request: Any) -> HttpResponseBase:
        """What somebody does who is not signed in, such as signing in, is one transaction too, its event with it."""
        request.dealership_id = None
        with acting(NOBODY):
            if request.method in SAFE:
                return kept_in_scope(self.respond(request))
            with transaction.atomic():
                response = kept_in_scope(self.respond(request))
                if response.status_code >= 500:
                    transaction.set_rollback(True)
            return response

    def signed_in(self, request: Any, user: User) -> HttpResponseBase:
        with transaction.atomic():
            with acting(Scope(user_id=user.pk)):
                user.known_roles = roles_of(user)  # type: ignore[attr-defined]
            request.dealership_id = chosen(request, user)
            with acting(scope_of(user, request.dealership_id)):
                response = self.respond(request)
                if response.status_code >= 500:
                    transaction.set_rollback(True)
                return kept_in_scope(response)


def kept_in_scope(response: HttpResponseBase) -> HttpResponseBase:
    """A stream asks the database in the scope of now, though it is sent after the scope has ended."""
    if getattr(response, "streaming", False):
        response.streaming_content = streamed(response.streaming_content)  # type: ignore[attr-defined]
    return response


def scope_of(user: User, dealership_id: int | None) -> Scope:
    """The dealership that the person has chosen, else all of theirs; a platform administrator works across all."""
    if dealership_id is not None:
        return Scope((dealership_id,), user.pk)
    if user.is_superuser:
        return Scope((), user.pk, "platform administration")
    return Scope(tuple(sorted(user.known_roles)), user.pk)  # type: ignore[attr-defined]


def chosen(request: Any, user: User) -> int | None:
    """The dealership that the session names, if the person still belongs to it; an integration's own."""
    if isinstance(user, Integration):
        return user.dealership_id
    found = request.session.get(ACTIVE) if hasattr(request, "session") else None
    if isinstance(found, int) and (user.is_superuser or found in user.known_roles):  # type: ignore[attr-defined]
        return found
    return None


def address_of(request: HttpRequest) -> str | None:
    """Where a request comes from, by the trusted proxy's word if there is one; None for a socket without addresses."""
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return None


def request_id(request: HttpRequest) -> str:
    """The one that a proxy gave, if it looks like one, else our own."""
    given = request.headers.get("X-Request-ID", "")
    return given if REQUEST_ID.fullmatch(given) else trace.new_id()
