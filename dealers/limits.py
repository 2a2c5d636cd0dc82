"""How many requests to the API one person or program makes in a minute, counted in the cache for all processes.

Signing in has limits of its own, which close without the cache. This one opens: who is signed in goes on working.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from dealers.integrations import Integration

log = logging.getLogger(__name__)
MINUTE = 60
STRANGERS = 10
"""How many times less somebody has who is not signed in."""


class ByPerson(BaseThrottle):
    """Counts by person, by service token, or by address; the minute is the clock's."""

    def allow_request(self, request: Request, view: Any) -> bool:
        most = settings.API_REQUESTS_PER_MINUTE
        if not most:
            return True
        if request.user.is_authenticated:
            who = self.name_of(request)
        else:
            who, most = self.address(request), most // STRANGERS
        try:
            return counted(f"api:{who}:{int(time.time()) // MINUTE}") <= most
        except RedisError as error:
            log.warning("requests are not counted: the cache is away: %s", error)
            return True

    def name_of(self, request: Request) -> str:
        user: Any = request.user
        return f"token{user.token_id}" if isinstance(user, Integration) else f"user{user.pk}"

    def address(self, request: Request) -> str:
        return f"address{self.get_ident(request)}"

    def wait(self) -> float:
        """Seconds until the next minute begins."""
        return MINUTE - time.time() % MINUTE


def counted(key: str) -> int:
    """Count one more; says how many there are."""
    if cache.add(key, 1, 2 * MINUTE):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it went away in between
        return 1


def wait_of(who: str, most: int) -> int:
    """Count a request of a stranger to a public address: seconds to wait after `most` in a minute, 0 before."""
    try:
        if counted(f"open:{who}:{int(time.time()) // MINUTE}") <= most:
            return 0
    except RedisError as error:
        log.warning("requests are not counted: the cache is away: %s", error)
        return 0
    return int(MINUTE - time.time() % MINUTE) + 1
