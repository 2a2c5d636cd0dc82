"""Sessions of browsers: how long one lasts, and how a person's are ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import logout
from django.contrib.sessions.models import Session
from django.http import HttpResponseBase
from django.utils import timezone

from dealers.models import User

BEGAN, SEEN = "began", "seen"
"""Keys of the session: when the person signed in, and when they were last noted to be there; seconds since 1970."""
NOTED_EVERY = 300
"""Seconds between two notes: a session that is in use is written now and then instead of with every request."""


class SessionLimits:
    """Ends a session that is older than SESSION_ABSOLUTE_AGE; one that is idle ends by SESSION_COOKIE_AGE itself."""

    def __init__(self, respond: Callable[[Any], HttpResponseBase]) -> None:
        self.respond = respond

    def __call__(self, request: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            now = time.time()
            if now - request.session.setdefault(BEGAN, now) > settings.SESSION_ABSOLUTE_AGE:
                logout(request)
            elif abs(now - request.session.get(SEEN, 0)) > NOTED_EVERY:
                request.session[SEEN] = now
                UserSession.objects.create_from_request(request)
        return self.respond(request)


def begin(sender: Any, request: Any, **_: Any) -> None:
    """Receiver of Django's `user_logged_in`."""
    request.session[BEGAN] = request.session[SEEN] = time.time()


def renew(request: Any) -> None:
    """A new key for this session, since it may do other things from now on; what is noted of it follows."""
    before = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)


def end_all(user: User, *, but: str | None = None) -> int:
    """End the person's sessions, if wanted all `but` the one of this key; says how many there were."""
    theirs = UserSession.objects.filter(user_id=user.pk).exclude(session_key=but or "")
    keys = list(theirs.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    theirs.delete()
    return len(keys)


def end_one(user: User, pk: int) -> None:
    """End one of the person's own. Raises UserSession.DoesNotExist."""
    found = UserSession.objects.get(user_id=user.pk, pk=pk)
    Session.objects.filter(session_key=found.session_key).delete()
    found.delete()


def forget_expired() -> int:
    """Delete sessions that are over, and what was noted about them; says how many."""
    count, _ = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    UserSession.objects.exclude(session_key__in=Session.objects.values("session_key")).delete()
    return count
