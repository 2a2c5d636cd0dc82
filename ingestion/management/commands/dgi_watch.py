"""The watchdog as a process of its own."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, ArgumentTypeError
from datetime import timedelta
from typing import Any

from ingestion.console import DGICommand
from ingestion.models import Alert
from ingestion.watch import EVERY, Watch


def seconds(text: str) -> float:
    """A pause between two looks. Raises ArgumentTypeError."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0.1 <= value <= 3600:
        raise ArgumentTypeError(f"{text!r}: write seconds from 0.1 to 3600")
    return value


class Command(DGICommand):
    help = "Look at every feed again and again; open, resolve and tell alerts. Needs neither broker nor beat."

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--once", action="store_true", help="look once, tell, count what is open, and end")
        parser.add_argument("--every", type=seconds, default=EVERY, metavar="SECONDS", help=f"default: {EVERY:.0f}")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["once"]:
            # Half a pause: what is told of was seen at two looks.
            Watch(patience=timedelta(seconds=options["every"] / 2)).go_on(options["every"], self.pause)
        watch = Watch()
        watch.look()
        unresolved = Alert.objects.unresolved().count()
        told = watch.unsent is None
        self.show({"unresolved": unresolved, "told": told}, f"{unresolved} alerts are open")
        if not told:
            raise SystemExit(1)

    def pause(self, seconds: float) -> None:
        """Until the next look, unless somebody asked to stop meanwhile and was not heard."""
        if self.signals:
            sys.exit(128 + self.signals[0])
        time.sleep(seconds)
