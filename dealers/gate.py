"""What stands before every page: a second factor for those who need one, and no sign-in without the cache."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from redis.exceptions import RedisError

from config.backoffice.errors import API, as_json
from dealers import factors

log = logging.getLogger(__name__)

OPEN = (
    "mfa_",
    "account_logout",
    "account_reauthenticate",
    "account_change_password",
    "account_set_password",
    "auth-logout",
    "end_impersonation",
    "set_language",
)
"""Beginnings of the names of pages that open without a second factor: those that lead to one, and the way out."""


class FactorGate:
    """Whoever needs a second factor and has none gets nowhere else before they have set one up."""

    def __init__(self, respond: Callable[[Any], HttpResponseBase]) -> None:
        self.respond = respond

    def __call__(self, request: Any) -> HttpResponseBase:
        return self.respond(request)

    def process_view(self, request: Any, view: Any, args: Any, options: Any) -> HttpResponse | None:
        person = getattr(request, "impersonator", None) or request.user  # whoever stands in shows their own
        if not person.is_authenticated or (request.resolver_match.url_name or "").startswith(OPEN):
            return None
        if not factors.lacks_one(person):
            return None
        if request.path.startswith(API):
            return as_json("second_factor_required", _("Set up a second factor on the web first."), 403)
        messages.warning(request, _("Your account needs a second factor: set one up to go on."))
        return redirect("mfa_index")


class ClosedWithoutCache:
    """The cache counts tries; while it is away nobody's tries are counted, so nobody signs in."""

    def __init__(self, respond: Callable[[Any], HttpResponseBase]) -> None:
        self.respond = respond

    def __call__(self, request: Any) -> HttpResponseBase:
        return self.respond(request)

    def process_exception(self, request: Any, error: Exception) -> HttpResponse | None:
        if not isinstance(error, RedisError):
            return None
        log.error("%s: the cache is away: %s", request.path, error)
        if request.path.startswith(API):
            return as_json("unavailable", _("This is not possible right now; try again in a minute."), 503)
        return render(request, "503.html", status=503)
