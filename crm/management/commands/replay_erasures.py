"""Erases again, after a restore, who was erased."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm import privacy
from crm.models import Erasure
from dealers import tenancy


class Command(BaseCommand):
    help = (
        "Erases again who was erased, by the log in the database and by a file of lines “dealership customer”, such as"
        " --list prints: keep that outside of the database, whose backups are older than what was erased since."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", nargs="?", help="of lines of two ids; - for standard input")
        parser.add_argument("--list", action="store_true", help="print the log, and erase nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        with tenancy.platform("erasures are repeated"):
            if options["list"]:
                for dealership_id, customer_id in Erasure.objects.order_by("pk").values_list(
                    "dealership_id", "customer_id"
                ):
                    self.stdout.write(f"{dealership_id} {customer_id}")
                return
            self.stdout.write(f"{privacy.replay(lines_of(options['file']))} customers erased")


def lines_of(name: str | None) -> list[tuple[int, int]]:
    if name is None:
        return []
    text = sys.stdin.read() if name == "-" else Path(name).read_text()
    try:
        return [(int(first), int(second)) for first, second in (line.split() for line in text.splitlines() if line)]
    except ValueError as error:
        raise CommandError("each line holds two ids: of a dealership and of a customer") from error
