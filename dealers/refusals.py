"""Refusals in the log, as events that a watcher of the log can count: who asked for what, and how it was refused.

They are in the log and not in the audit: whoever is not let in must not be able to fill the database.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase

from config.backoffice.errors import API

log = logging.getLogger("forecourt.security")

KINDS = {401: "not_signed_in", 403: "access_refused", 429: "too_many_requests"}


class Refusals:
    """Logs an answer that refuses; of somebody signed in also a row that is not there, which may be somebody else's."""

    def __init__(self, respond: Callable[[Any], HttpResponseBase]) -> None:
        self.respond = respond

    def __call__(self, request: Any) -> HttpResponseBase:
        response = self.respond(request)
        if kind := kind_of(request, response.status_code):
            log.warning(
                "%s: %s %s",
                *(kind, request.method, route_of(request)),
                extra={
                    "event": {
                        "event": kind,
                        "status": response.status_code,
                        "ids": ids_of(request),
                        "impersonator_id": getattr(getattr(request, "impersonator", None), "pk", None),
                    },
                    "request": request,
                },
            )
        return response


def kind_of(request: Any, status: int) -> str:
    """A word for what happened; blank for what is no refusal."""
    if status in KINDS:
        return KINDS[status]
    if status == 404 and request.user.is_authenticated and ids_of(request):
        return "no_such_row"
    if status in (400, 409, 413, 415) and request.path.startswith(API):
        return "input_refused"
    return ""


def ids_of(request: Any) -> dict[str, str]:
    """The ids in the address; none of an address that leads nowhere."""
    match = request.resolver_match
    found = match.kwargs if match else {}
    return {name: str(value)[:64] for name, value in found.items() if name not in ("token", "key", "uidb36", "url")}


def route_of(request: Any) -> str:
    """The address as the router knows it, without what was put into it."""
    return request.resolver_match.route if request.resolver_match else "an unknown address"
