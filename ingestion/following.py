"""Following backfills from a terminal until they have ended, or carrying them out there."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from ingestion import backfills, claims, desk
from ingestion.console import Progress
from ingestion.models import Backfill, Run
from ingestion.progress import Figures, figures

PAUSE = 0.5
"""Seconds between two looks."""
NOBODY_COMES = 20.0
"""Seconds after which it is told that no worker has taken a window."""
HOUR, DAY = 60, 24 * 60


@dataclass
class Follower:
    """Looks at backfills again and again, and draws how far they are."""

    ids: list[int]
    bar: Progress
    say: Callable[[str], Any]
    here: bool = False
    """Whether this process carries them out."""
    told: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)

    def look(self) -> list[tuple[Backfill, Figures]]:
        rows = Backfill.objects.filter(pk__in=self.ids).select_related("feed__connection", "dealership")
        found = list(rows.order_by("pk"))
        told = figures(found)
        return [(each, told[each.pk]) for each in found]

    def incomplete(self) -> bool:
        """Whether one of them has not fetched all of its range."""
        complete = (Backfill.State.SUCCEEDED, Backfill.State.PARTIAL)
        return Backfill.objects.filter(pk__in=self.ids).exclude(state__in=complete).exists()

    def follow(self) -> bool:
        """Until none is running; False if somebody interrupted it before."""
        since = time.monotonic()
        with interruptible(self.stop):
            while self.draw(self.look()) and not self.stop.is_set():
                if self.here:
                    self.carry_on()
                elif time.monotonic() - since > NOBODY_COMES and not self.taken():
                    self.say_once("No worker has taken a window yet; --resume with --here carries it out right here.")
                self.stop.wait(PAUSE)
        self.bar.end()
        return not self.stop.is_set()

    def draw(self, found: list[tuple[Backfill, Figures]]) -> bool:
        """Whether one is running."""
        done = sum(told.windows_done for _, told in found)
        running = [(each, told) for each, told in found if each.state == Backfill.State.RUNNING]
        waits = next((told.waits_for for _, told in running if told.waits_for), "")
        if waits:
            self.say_once(waits)
        minutes = max((told.minutes_left or 0 for _, told in running), default=0.0)
        self.bar.reach(done, done + sum(told.windows_left for _, told in found), duration(minutes))
        return bool(running)

    def carry_on(self) -> None:
        """What a worker and the dispatcher would do, for these alone, as long as there is something to do."""
        claims.take_over()
        backfills.look_after()
        for _ in desk.serve("bulk", stop=self.stop.is_set, backfills=self.ids):
            self.draw(self.look())

    def taken(self) -> bool:
        return Run.objects.filter(backfill__in=self.ids).exclude(started_at=None).exists()

    def say_once(self, words: str) -> None:
        if words not in self.told:
            self.told.add(words)
            self.bar.end()
            self.say(words)


@contextmanager
def interruptible(stop: threading.Event) -> Iterator[None]:
    """Within it Ctrl-C and SIGTERM set `stop`, so that no statement on its way to the database is torn."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def duration(minutes: float) -> str:
    """So many minutes as a person says it."""
    if minutes < 1:
        return "less than a minute"
    if minutes < 2 * HOUR:
        return f"about {minutes:.0f} min"
    return f"about {minutes / HOUR:.0f} hours" if minutes < 2 * DAY else f"about {minutes / DAY:.0f} days"


def line(backfill: Backfill, told: Figures) -> dict[str, Any]:
    """A backfill for a program."""
    zone = backfill.feed.connection.zone
    return {
        "backfill": backfill.pk,
        "job": backfill.job_type,
        "dealer": backfill.dealership.code,
        "since": backfill.since.astimezone(zone).isoformat(),
        "until": backfill.until.astimezone(zone).isoformat(),
        "reached": backfill.reached.astimezone(zone).isoformat(),
        "state": backfill.state,
        "share": backfill.share,
        "windows_done": told.windows_done,
        "windows_left": told.windows_left,
        "calls": told.calls,
        **{name: getattr(told, name) for name in Run.COUNTS},
        "minutes_left": told.minutes_left,
        "left_out": backfill.left_out,
        "error": backfill.error,
    }


def outcome(backfill: Backfill, told: Figures) -> str:
    """A backfill for a person."""
    counts = ", ".join(f"{count} {name}" for name in Run.COUNTS if (count := getattr(told, name)))
    done = f"{told.windows_done} of {told.windows_done + told.windows_left} windows"
    words = f"{backfill} {backfill.dealership.code}: {backfill.state}, {done}: {counts or 'nothing received'}"
    more = [f"why: {backfill.error}"] if backfill.error else []
    if backfill.state == Backfill.State.PAUSED:
        more.append(f"to go on: --resume {backfill.pk}")
    more += [f"left out: {text}" for text in backfill.left_out.splitlines()]
    return "".join([words, *(f"\n  {text}" for text in more)])
