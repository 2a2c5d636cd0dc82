"""One call per connection: is the gateway reachable, are the clocks together, is the credential accepted?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from ingestion.admission import gateway_of
from ingestion.client import Call, Fetcher, Probe
from ingestion.console import DGICommand
from ingestion.models import Connection


class Command(DGICommand):
    help = "Make one call per connection and tell: reachable, clock skew, credential accepted."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--main-dealer", metavar="CODE", help="only this connection")

    def handle(self, *args: Any, **options: Any) -> None:
        connections = Connection.objects.filter(is_active=True)
        if options["main_dealer"]:
            connections = Connection.objects.filter(main_dealer=options["main_dealer"])
        if not connections:
            raise CommandError("There is no such connection; manage.py dgi_connect makes one.")
        with Fetcher() as fetcher:
            fine = [self.check_one(fetcher, connection) for connection in connections]
        if not all(fine):
            sys.exit(1)

    def check_one(self, fetcher: Fetcher, connection: Connection) -> bool:
        found = one_call(fetcher, connection)
        late = found.skew is not None and abs(found.skew) > connection.clock_tolerance
        result = {
            "main_dealer": connection.main_dealer,
            "reachable": found.reachable,
            "clock_skew": found.skew,
            "credential_accepted": found.accepted,
            "error": found.error,
        }
        self.show(result, f"{connection}: {in_words(found, late=late)}")
        return found.accepted and not late


def one_call(fetcher: Fetcher, connection: Connection) -> Probe:
    feed = connection.feeds.select_related("dealership").first()
    if feed is None:
        words = "no call was made: it has no dealership; manage.py dgi_connect --dealer CODE adds one"
        return Probe(reachable=False, accepted=False, skew=None, error=words)
    until = timezone.now()
    call = Call(feed.kind.module, feed.dealership.code, until - timedelta(minutes=1), until, feed.kind.filters)
    return fetcher.probe(gateway_of(connection), call)


def in_words(found: Probe, *, late: bool) -> str:
    if not found.reachable:
        return f"no answer: {found.error}"
    clock = "no clock shown" if found.skew is None else f"clock {found.skew:+.0f} s{' (too far apart)' if late else ''}"
    return f"reachable, {clock}, {'credential accepted' if found.accepted else found.error}"
