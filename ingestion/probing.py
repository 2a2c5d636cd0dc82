"""One call to a connection's gateway: is it reachable, are the clocks together, is the credential accepted?

Commands and pages ask the same. What the last check of a page found stands in the connection's gate.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from django.db import transaction
from django.utils import timezone

from dealers import audit
from dealers.tenancy import platform
from ingestion.admission import gates_of, gateway_of
from ingestion.client import Call, Fetcher, Gateway, Probe
from ingestion.models import Connection, Gate

PATIENCE = 10.0
"""Seconds that somebody who looks at a page waits for a gateway."""


def call_of(connection: Connection) -> Call | None:
    """A minute of one of its feeds; None if it serves no dealership."""
    feed = connection.feeds.select_related("dealership").first()
    if feed is None:
        return None
    until = timezone.now()
    return Call(feed.kind.module, feed.dealership.code, until - timedelta(minutes=1), until, feed.kind.filters)


def one_call(fetcher: Fetcher, connection: Connection) -> Probe:
    call = call_of(connection)
    if call is None:
        words = "no call was made: it has no dealership; manage.py dgi_connect --dealer CODE adds one"
        return Probe(reachable=False, accepted=False, skew=None, error=words)
    return fetcher.probe(gateway_of(connection), call)


def is_late(found: Probe, connection: Connection) -> bool:
    """Whether the clocks are further apart than the connection tolerates."""
    return found.skew is not None and abs(found.skew) > connection.clock_tolerance


def in_words(found: Probe, *, late: bool) -> str:
    if not found.reachable:
        return f"no answer: {found.error}"
    clock = "no clock shown" if found.skew is None else f"clock {found.skew:+.0f} s{' (too far apart)' if late else ''}"
    return f"reachable, {clock}, {'credential accepted' if found.accepted else found.error}"


def check_soon(connection: Connection) -> None:
    """Make the call as soon as the transaction has ended, so that nothing is held while a gateway is waited for.

    What it found stands in the gate when whoever asked is answered.
    """
    audit.record("connection.checked", connection)
    call = call_of(connection)
    if call is None:
        keep(connection.pk, Probe(reachable=False, accepted=False, skew=None, error="it serves no dealership"))
        return
    gateway = replace(gateway_of(connection), deadline=PATIENCE)
    transaction.on_commit(partial(check, connection.pk, gateway, call), robust=True)


def check(connection_id: int, gateway: Gateway, call: Call) -> None:
    with Fetcher() as fetcher:
        found = fetcher.probe(gateway, call)
    with platform("check of a connection"), transaction.atomic():
        keep(connection_id, found)


def keep(connection_id: int, found: Probe) -> None:
    """Write down what a check found; the caller holds the transaction."""
    gates_of([connection_id], wait=True)
    words = "" if found.accepted else found.error
    Gate.objects.filter(pk=connection_id).update(
        checked_at=timezone.now(), is_reachable=found.reachable, skew=found.skew, check_error=words
    )
