"""What the `dgi_…` commands share: how feeds are chosen, moments written, results shown and progress drawn."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from dealers import audit
from dealers.models import Dealership
from dealers.tenancy import platform
from ingestion.client import WIRE_MOMENT
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Feed

FIRST_YEAR, LAST_YEAR = 1970, 9998
"""Of moments that are on every clock."""
LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}


def json_line(found: dict[str, Any]) -> str:
    """A JSON object that is one line to every reader, `str.splitlines` included."""
    return json.dumps(found, ensure_ascii=False).translate(LINE_ENDS)


@contextmanager
def stoppable() -> Iterator[list[int]]:
    """Within it SIGTERM unwinds as Ctrl-C does, so that runs under way are closed; the signals that came.

    What is raised where nobody listens (while something is thrown away, or in a library that ignores it) is lost: who
    goes on for ever looks now and then.
    """
    came: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield came
        return

    def stop(number: int, _frame: object) -> None:
        came.append(number)
        sys.exit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield came
    finally:
        signal.signal(signal.SIGTERM, before)


class DGICommand(BaseCommand):
    """A command with `--json`: one JSON object a line on standard output, everything else on standard error."""

    as_json = False
    signals: Sequence[int] = ()
    """Those that asked it to stop; see `stoppable`."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object a line instead of words")

    def execute(self, *args: Any, **options: Any) -> Any:
        self.as_json = options["json"]
        try:
            command = f"manage.py {type(self).__module__.rpartition('.')[2]}"
            with stoppable() as self.signals, platform(command), audit.circumstances(audit.Circumstances(name=command)):
                return super().execute(*args, **options)
        except KeyboardInterrupt:
            sys.exit(130)
        except BrokenPipeError:  # whoever reads has read enough, as `head` does
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(1)

    def show(self, result: dict[str, Any], words: str) -> None:
        """A line of the result, for a program or for a person."""
        self.stdout.write(json_line(result) if self.as_json else words)

    def progress(self, total: int) -> Progress:
        return Progress(total, self.stderr._out)


class Progress:
    """A bar on standard error, if that is a terminal."""

    WIDTH = 30

    def __init__(self, total: int, stream: Any = sys.stderr) -> None:
        self.total, self.done, self.stream = total, 0, stream

    @property
    def visible(self) -> bool:
        return self.total > 1 and bool(self.stream.isatty())

    def step(self, words: str = "", by: int = 1) -> None:
        self.reach(self.done + by, self.total, words)

    def reach(self, done: int, total: int, words: str = "") -> None:
        """Draw so much of so much, whatever it was before."""
        self.done, self.total = done, total
        if self.visible:
            filled = self.WIDTH * min(self.done, self.total) // self.total
            bar = "█" * filled + "·" * (self.WIDTH - filled)
            self.stream.write(f"\r{bar} {self.done}/{self.total} {words:<40.40}")
            self.stream.flush()

    def end(self) -> None:
        if self.visible:
            self.stream.write("\r\x1b[K")
            self.stream.flush()


def job_types(codes: list[str] | None) -> list[JobType]:
    """The job types of `codes`, in the registry's order; all without any. Raises CommandError for an unknown one."""
    if unknown := set(codes or ()) - set(JOB_TYPES):
        raise CommandError(
            _("Unknown job type %(codes)s; there are: %(known)s.")
            % {"codes": ", ".join(sorted(unknown)), "known": ", ".join(JOB_TYPES)}
        )
    return [job_type for job_type in JOB_TYPES.values() if not codes or job_type.code in codes]


def dealerships(codes: list[str] | None) -> list[Dealership]:
    """The dealerships of `codes`; all without any. Raises CommandError for an unknown one."""
    found = list(Dealership.objects.filter(code__in=codes) if codes else Dealership.objects.all())
    if unknown := set(codes or ()) - {dealership.code for dealership in found}:
        known = ", ".join(Dealership.objects.values_list("code", flat=True)[:20]) or _(
            "none yet; dgi_connect adds some"
        )
        raise CommandError(
            _("Unknown dealership %(codes)s; there are: %(known)s.")
            % {"codes": ", ".join(sorted(unknown)), "known": known}
        )
    return found


def feeds(jobs: list[str] | None, dealers: list[str] | None) -> list[Feed]:
    """The feeds of these job types and dealerships; without job types, those that schedules serve.

    Raises CommandError for an unknown name, and if there is no such feed.
    """
    codes = [job.code for job in job_types(jobs)]
    chosen = Feed.objects.filter(dealership__in=dealerships(dealers), job_type__in=codes)
    if not jobs:
        chosen = chosen.live()
    found = list(chosen.select_related("connection", "dealership"))
    if not found:
        raise CommandError(_("There is no feed to fetch; manage.py dgi_connect makes some."))
    return sorted(found, key=lambda feed: (feed.dealership.code, feed.kind.order))


def moment(text: str | None, option: str, zone: ZoneInfo) -> datetime | None:
    """ "YYYY-MM-DD HH:MM:SS" (or a date alone) in the main dealer's time zone."""
    if text is None:
        return None
    for form in (WIRE_MOMENT, "%Y-%m-%d"):
        try:
            found = datetime.strptime(text.strip(), form).replace(tzinfo=zone)
        except ValueError:
            continue
        if FIRST_YEAR <= found.year <= LAST_YEAR:
            return found
    raise CommandError(
        _('%(option)s %(text)s: write it as "YYYY-MM-DD HH:MM:SS", in the main dealer\'s time.')
        % {"option": option, "text": text}
    )


def end(text: str | None, option: str, zone: ZoneInfo) -> datetime | None:
    """Likewise, but a date alone means to its end."""
    found = moment(text, option, zone)
    return found + timedelta(days=1) if found and ":" not in str(text) else found
