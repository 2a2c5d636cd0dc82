"""A proof of who one is that is fresh, before what does harm: credentials, factors, roles, users, deleting dealerships.

Signing in is one, and so is what /accounts/reauthenticate/ asks for; it is fresh for ACCOUNT_REAUTHENTICATION_TIMEOUT
seconds. What somebody sent without one is thrown away, not kept for later: it may hold a secret.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS

from config.backoffice.errors import API, as_json
from dealers import sessions


def proved_at(request: Any) -> float:
    """When whoever sits there last showed who they are; seconds since 1970. The administrator, if one stands in."""
    person = getattr(request, "impersonator", None) or request.user
    shown = (float(record["at"]) for record in get_authentication_records(request, person))
    return max((float(request.session.get(sessions.BEGAN, 0)), *shown))


def is_fresh(request: Any) -> bool:
    return time.time() - proved_at(request) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def ask(request: Any) -> HttpResponse:
    """The way to a fresh proof and back; nothing of the request is done.

    Raises PermissionDenied for whoever has neither a password nor a factor: they sign in by mail.
    """
    if not get_adapter().get_reauthentication_methods(getattr(request, "impersonator", None) or request.user):
        raise PermissionDenied(_("This takes a fresh proof of who you are. Sign out and in again."))
    words = _("Confirm who you are to go on.")
    if request.method not in SAFE_METHODS:
        words = _("Nothing was changed: confirm who you are, then do it again.")
    if request.path.startswith(API):
        return as_json("reauthentication_required", words, 403)
    messages.warning(request, words)
    return redirect(f"{reverse('account_reauthenticate')}?{urlencode({'next': request.get_full_path()})}")


def confirmed(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that opens to a fresh proof only."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        return view(request, *args, **options) if is_fresh(request) else ask(request)

    return asked


def confirmed_to_change(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view that shows to everybody it is for, and changes something by a fresh proof only."""

    @wraps(view)
    def asked(request: HttpRequest, *args: Any, **options: Any) -> HttpResponse:
        looks = request.method in SAFE_METHODS or not request.user.is_authenticated
        return view(request, *args, **options) if looks or is_fresh(request) else ask(request)

    return asked


class Confirmed(admin.ModelAdmin):
    """Rows that are added, changed and deleted, one by one or many at once, by a fresh proof only.

    Whoever may but look at them looks without one.
    """

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        writes = self.has_change_permission(request) if object_id else self.has_add_permission(request)
        if (writes or request.method not in SAFE_METHODS) and not is_fresh(request):
            return ask(request)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(self, request: HttpRequest, object_id: Any, extra_context: Any = None) -> Any:
        return super().delete_view(request, object_id, extra_context) if is_fresh(request) else ask(request)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        if request.method not in SAFE_METHODS and not is_fresh(request):
            return ask(request)
        return super().changelist_view(request, extra_context)
