"""Feeds for the watchdog to look at, and a receiver for what it tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.utils import timezone

from ingestion.models import Alert, Feed
from tests.factories import FeedFactory
from tests.ingestion.scripted import Reply, Script, http, scripted

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OK, BUSY = http(204), http(503)


def feed(**given: Any) -> Feed:
    """A feed that was fetched just now, but for what is given."""
    now = timezone.now()
    usual = {"period": timedelta(minutes=15), "created_at": now - timedelta(days=9)}
    times = {"cursor": now, "succeeded_at": now, "received_at": now, "slot": now, "next_slot": now + MINUTE}
    return FeedFactory(**{**usual, **times, **given})


def late_feed(**given: Any) -> Feed:
    return feed(succeeded_at=timezone.now() - HOUR, **given)


def make_well(*feeds: Feed) -> None:
    now = timezone.now()
    rows = Feed.objects.filter(pk__in=[each.pk for each in feeds])
    rows.update(succeeded_at=now, received_at=now, failures=0, slot=now, next_slot=now + MINUTE)


def states() -> set[str]:
    """Those that an alert is open for."""
    return set(Alert.objects.unresolved().values_list("state", flat=True))


@contextmanager
def webhook(settings: Any, *replies: Reply | bytes) -> Iterator[Script]:
    with scripted(*replies) as script:
        settings.ALERT_WEBHOOK = script.base_url
        yield script
