"""Who is there, and on whose rows a request works: found once for pages, admin and API, before any of them looks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from rest_framework.exceptions import APIException

from config.backoffice import trace
from config.backoffice.errors import API, as_json, type_of
from dealers import audit, choice, impersonation
from dealers.authentication import by_bearer
from dealers.integrations import Integration
from dealers.models import User
from dealers.permissions import roles_of
from dealers.tenancy import NOBODY, Scope, acting, streamed

SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")
REASON = "X-Change-Reason"
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
        if request.path.startswith(API):
            by_bearer(request)
        impersonation.stand_in(request)
        user = request.user if request.user.is_authenticated else None
        person, name = (user, "") if isinstance(user, User) else (None, str(user or ""))
        facts = audit.Circumstances(
            request.impersonator or person,
            name,
            acting_as=user if request.impersonator else None,
            address=address_of(request),
            request_id=request.id,
            reason=reason_of(request),
        )
        with audit.circumstances(facts):
            response = self.signed_in(request, user) if user else self.stranger(request)
        response.headers["X-Request-ID"] = request.id
        return response

    def process_view(self, request: Any, view: Any, args: Any, options: Any) -> HttpResponse | None:
        return impersonation.before_view(request)

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

    def signed_in(self, request: Any, user: User | Integration) -> HttpResponseBase:
        with transaction.atomic():
            with acting(Scope(user_id=user.pk)):
                if isinstance(user, User) and not user.is_superuser:  # whose places give them nothing
                    user.known_roles = roles_of(user)  # type: ignore[attr-defined]
                if request.impersonation_over:
                    impersonation.end(request, request.impersonation_over)
            request.dealership_id = None
            try:
                request.dealership_id = dealership_of(request, user)
            except APIException as error:
                return as_json(type_of(error), error.detail, error.status_code)
            with acting(choice.scope_of(user, request.dealership_id)):
                response = self.respond(request)
                if response.status_code >= 500 or (request.impersonator and response.status_code == 403):
                    transaction.set_rollback(True)
                return kept_in_scope(response)


def kept_in_scope(response: HttpResponseBase) -> HttpResponseBase:
    """A stream asks the database in the scope of now, though it is sent after the scope has ended."""
    if getattr(response, "streaming", False):
        response.streaming_content = streamed(response.streaming_content)  # type: ignore[attr-defined]
    return response


def dealership_of(request: Any, user: User | Integration) -> int | None:
    """The one that the request works in. Raises PermissionDenied of the API for one that is none of the person's."""
    named = choice.named(request, user) if request.path.startswith(API) else None
    return named if named is not None else choice.chosen(request, user)


def address_of(request: HttpRequest) -> str | None:
    """Where a request comes from, by the trusted proxy's word if there is one; None for a socket without addresses."""
    try:
        return str(get_adapter().get_client_ip(request))
    except PermissionDenied:
        return None


def reason_of(request: HttpRequest) -> str:
    """Why an API request changes something, by its header: UTF-8, percent-encoded or as it is."""
    if request.method in SAFE or not request.path.startswith(API):
        return ""
    given = request.headers.get(REASON, "").encode("latin-1", "replace")
    return audit.words(unquote_to_bytes(given).decode("utf-8", "replace"))


def request_id(request: HttpRequest) -> str:
    """The one that a proxy gave, if it looks like one, else our own."""
    given = request.headers.get("X-Request-ID", "")
    return given if REQUEST_ID.fullmatch(given) else trace.new_id()
