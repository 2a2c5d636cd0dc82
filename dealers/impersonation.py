"""Support that stands in for somebody: a platform administrator sees and does what the person could, for a while.

The session stays the administrator's own and says whom they stand in for, until when and why. For each request that it
brings, `request.user` is the person and `request.impersonator` the administrator; an event names both. What would
outlast the visit is refused meanwhile: by the page that leads there, and whatever the page by the statement itself.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.backends.base.base import BaseDatabaseWrapper
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.permissions import SAFE_METHODS

from config.backoffice.errors import API, as_json
from dealers import audit, choice, sessions
from dealers.models import User

STANDING = "impersonation"
"""The session's key of whom it stands in for."""
MOST_MINUTES = 30
SHORTEST_REASON = 10

OWN_PAGES = ("end_impersonation", "account_logout", "admin:logout")
"""Pages that stay the administrator's: those by which they stop."""
CLOSED_PAGES = (
    *("account_", "mfa_", "usersessions_", "end_session", "invitation", "password_change", "auth_user_password_change"),
    *("auth-login", "auth-refresh", "auth-logout", "auth-register"),
)
"""Beginnings of the names of pages about the person's own way in: closed even to look at, for they show secrets."""
CLOSED_MODELS = (
    *("dealers.user", "dealers.membership", "dealers.invitation", "account.emailaddress", "mfa.authenticator"),
    *("token_blacklist.outstandingtoken", "token_blacklist.blacklistedtoken", "ingestion.connection"),
    *("dealers.servicetoken", "sales.offerlink"),
)
"""Models of which no row is written: credentials, and who may do what."""
KEPT_MODELS = ("usersessions.usersession",)
"""Models of which no row is deleted: with its note, a session of the person would end."""


class Refused(PermissionDenied, exceptions.PermissionDenied):
    """What nobody does who stands in for somebody; pages, admin and API each tell it in their way."""

    default_code = "impersonating"
    default_detail = gettext_lazy(
        "Not while you stand in for somebody: passwords, factors, sessions, tokens, credentials, places and users stay"
        " as they are. End it first."
    )


@dataclass(frozen=True)
class Standing:
    """Who stands in for whom, until when (seconds since 1970) and why."""

    who: int
    whom: int
    until: float
    reason: str

    @property
    def minutes_left(self) -> int:
        return max(0, -int(-(self.until - time.time()) // 60))


def may_stand_in(administrator: User, person: User | None) -> bool:
    """A platform administrator for anybody who is active and none themselves."""
    able = administrator.is_active and administrator.is_superuser
    return able and person is not None and person.is_active and not person.is_superuser


def standing_of(request: Any) -> Standing | None:
    kept = request.session.get(STANDING) if hasattr(request, "session") else None
    return Standing(**kept) if kept else None


def begin(request: Any, person: User, *, reason: str, minutes: int) -> None:
    """From the next request on; raises Refused if the two may not."""
    if not may_stand_in(request.user, person):
        raise Refused
    until = time.time() + 60 * min(minutes, MOST_MINUTES)
    request.session[STANDING] = asdict(Standing(request.user.pk, person.pk, until, reason))
    request.session.pop(choice.ACTIVE, None)
    sessions.renew(request)
    with told_for(request.user, person):
        audit.record("impersonation.started", person, changes={"minutes": minutes}, reason=reason)


def end(request: Any, why: str = "") -> User | None:
    """The session is the administrator's again; says for whom they stood in."""
    standing = standing_of(request)
    if standing is None:
        return None
    del request.session[STANDING]
    request.session.pop(choice.ACTIVE, None)
    sessions.renew(request)
    return told_end(request.user, standing, why)


def told_end(administrator: User, standing: Standing, why: str) -> User | None:
    person = User.objects.filter(pk=standing.whom).first()
    with told_for(administrator, person):
        audit.record("impersonation.ended", person, reason=why)
    return person


def told_for(administrator: User, person: User | None) -> AbstractContextManager[None]:
    return audit.circumstances(replace(audit.now.get(), user=administrator, acting_as=person))


def signed_out(sender: Any, request: Any, user: User | None, **_: Any) -> None:
    """Receiver of Django's `user_logged_out`: the session is about to be emptied."""
    standing = standing_of(request)
    if standing is not None and user is not None:
        told_end(user, standing, "signed out")


# -- a request


def stand_in(request: Any) -> None:
    """Make the request the person's, if its session stands in for one and still may; a bearer's never does."""
    request.impersonator, request.impersonation_over = None, ""
    if getattr(request, "bearer", None) or getattr(request, "bearer_error", None):
        return
    standing = standing_of(request)
    if standing is None or not request.user.is_authenticated:
        return
    administrator, person = request.user, User.objects.filter(pk=standing.whom).first()
    if time.time() >= standing.until:
        request.impersonation_over = "time is up"
    elif standing.who != administrator.pk or not may_stand_in(administrator, person):
        request.impersonation_over = "no longer allowed"
    elif request.path_info not in (reverse(name) for name in OWN_PAGES):
        request.impersonator, request.user = administrator, person


def before_view(request: Any) -> HttpResponse | None:
    """What somebody is told instead of the page, whose time is up or who may not open it while standing in."""
    if request.impersonation_over:
        words = _("You no longer stand in for somebody: you are yourself again.")
        if request.method in SAFE_METHODS:
            messages.warning(request, words)
            return None
        words = f"{words} {_('Nothing was changed.')}"
        if request.path.startswith(API):
            return as_json("impersonation_ended", words, 403)
        messages.warning(request, words)
        return redirect("home")
    if request.impersonator and (request.resolver_match.url_name or "").startswith(CLOSED_PAGES):
        if request.path.startswith(API):
            return as_json(Refused.default_code, Refused.default_detail, 403)
        raise Refused
    return None


# -- a statement


@cache
def closed() -> re.Pattern[str]:
    """What a statement says that writes a row which stays as it is."""

    def tables(labels: tuple[str, ...]) -> str:
        return "|".join(re.escape(apps.get_model(label)._meta.db_table) for label in labels)

    writes = rf'(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|MERGE\s+INTO)\s+(?:ONLY\s+)?"?(?:{tables(CLOSED_MODELS)})\b'
    deletes = rf'DELETE\s+FROM\s+(?:ONLY\s+)?"?(?:{tables(KEPT_MODELS)})\b'
    return re.compile(f"{writes}|{deletes}", re.IGNORECASE)


def guarded(execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Refuses a statement that writes what stays as it is, whoever thought of it: page, admin, API or a library."""
    if audit.now.get().acting_as is not None and closed().search(sql if isinstance(sql, str) else sql.as_string()):
        raise Refused
    return execute(sql, params, many, context)


def guard(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Receiver of `connection_created`: before the fence, which would have begun to talk to the database."""
    if guarded not in connection.execute_wrappers:
        connection.execute_wrappers.insert(0, guarded)
