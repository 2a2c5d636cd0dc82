"""Whether the process lives, and whether it can serve."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu import Connection as Broker
from kombu.exceptions import KombuError, OperationalError
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

BROKER_SECONDS = 2


class NotReady(Exception):
    """A part that this process needs is missing; the text says which way."""


def database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """Those that this code brings; to read them takes a hundred milliseconds."""
    return frozenset(MigrationLoader(None).graph.nodes)


def migrations() -> None:
    waiting = known_migrations() - set(MigrationRecorder(connection).applied_migrations())
    if waiting:
        raise NotReady(f"{len(waiting)} not applied")


def broker() -> None:
    limits = {"socket_connect_timeout": BROKER_SECONDS, "socket_timeout": BROKER_SECONDS, "max_retries": 0}
    with Broker(settings.VALKEY_URL, connect_timeout=BROKER_SECONDS, transport_options=limits) as valkey:
        valkey.channel().client.ping()


PARTS: dict[str, Callable[[], None]] = {"database": database, "migrations": migrations, "broker": broker}
FAILURES = (NotReady, DatabaseError, KombuError, OperationalError, RedisError, OSError)


def answer_of(part: str) -> str:
    """“ok”, or what is wrong; the details are in the log, since anyone may ask."""
    try:
        PARTS[part]()
    except NotReady as error:
        return str(error)
    except FAILURES as error:
        log.warning("%s is not ready: %s", part, error)
        return "unreachable"
    return "ok"


@require_safe
@never_cache
def livez(request: HttpRequest) -> HttpResponse:
    """This process answers; nothing else is asked."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """Database, migrations and broker, each by name; 503 unless all are well."""
    parts = {part: answer_of(part) for part in PARTS}
    return JsonResponse(parts, status=200 if set(parts.values()) == {"ok"} else 503)
