"""One call per connection: is the gateway reachable, are the clocks together, is the credential accepted?"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from ingestion.client import Fetcher
from ingestion.console import DGICommand
from ingestion.models import Connection
from ingestion.probing import in_words, is_late, one_call


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
        late = is_late(found, connection)
        result = {
            "main_dealer": connection.main_dealer,
            "reachable": found.reachable,
            "clock_skew": found.skew,
            "credential_accepted": found.accepted,
            "error": found.error,
        }
        self.show(result, f"{connection}: {in_words(found, late=late)}")
        return found.accepted and not late
