"""Keeps the parts of an instance alive and ends them together. One thread: it starts, watches, relays and stops."""

import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

from config.local.output import Output
from config.local.process import Process, signal_group
from config.local.refusal import Refusal

TICK = 0.2
PARTS_PATIENCE, SERVERS_PATIENCE = 7.0, 2.5
"""Seconds to stop in order before SIGKILL; together less than the ten that Ctrl-C may take."""
FIRST_DELAY, LONGEST_DELAY, LONG_ENOUGH = 0.5, 30.0, 60.0
"""A part that dies starts again after 0.5, 1, 2 ... 30 s; one that lived for a minute begins anew at 0.5."""


@dataclass
class Part:
    """Something that has to run, and how to start it."""

    name: str
    start: Callable[[], Process]
    stop_signal: signal.Signals = signal.SIGTERM
    is_server: bool = False  # servers stop after everything that talks to them
    process: Process | None = None
    started_at: float = 0.0
    failures: int = 0
    due: float = field(default=0.0)

    def ended(self) -> bool:
        """Whether it ran and does not run any more."""
        return self.process is not None and self.process.poll() is not None


class Supervisor:
    """Runs parts until a signal says stop."""

    def __init__(self, parts: Sequence[Part], output: Output, announce: Callable[[], bool] = lambda: True) -> None:
        self.parts = list(parts)
        self.output = output
        self.announce = announce
        self._announced = False
        self._signals = 0

    def run(self) -> None:
        """Start what does not run yet, keep it running, and stop everything on SIGINT, SIGTERM or SIGHUP."""
        kept = {number: signal.signal(number, self._count) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        try:
            while not self._signals:
                self.tick()
        finally:
            self.output.say("stopping")
            self.stop()
            self.output.say("stopped")
            for number, handler in kept.items():
                signal.signal(number, handler)

    def tick(self) -> None:
        """Look once at every part, then relay output for a moment."""
        for part in self.parts:
            if part.ended():
                self._note_death(part)
            if part.process is None and time.monotonic() >= part.due:
                self._start(part)
        if not self._announced:
            self._announced = self.announce()
        self.output.pump(TICK)

    def stop(self) -> None:
        """End the parts, then the servers they talk to."""
        self._end([part for part in self.parts if not part.is_server], PARTS_PATIENCE)
        self._end([part for part in self.parts if part.is_server], SERVERS_PATIENCE)
        self.output.drain()

    def _count(self, number: int, frame: FrameType | None) -> None:
        self._signals += 1

    def _start(self, part: Part) -> None:
        part.started_at = time.monotonic()
        try:
            part.process = part.start()
        except (Refusal, OSError) as error:
            self.output.say(f"{part.name} does not start: {error}")
            self._postpone(part)

    def _note_death(self, part: Part) -> None:
        assert part.process is not None  # noqa: S101
        signal_group(part.process, signal.SIGKILL)  # what it forked does not outlive it
        how = _how_it_ended(part.process.returncode)
        if time.monotonic() - part.started_at > LONG_ENOUGH:
            part.failures = 0
        part.process = None
        self._postpone(part)
        self.output.say(f"{part.name} {how}; starting it again in {part.due - time.monotonic():.1f} s")

    def _postpone(self, part: Part) -> None:
        part.due = time.monotonic() + min(FIRST_DELAY * 2**part.failures, LONGEST_DELAY)
        part.failures = min(part.failures + 1, 10)

    def _end(self, parts: Sequence[Part], patience: float) -> None:
        running = [part.process for part in parts if part.process is not None]
        for part in parts:
            if part.process is not None and part.process.poll() is None:
                part.process.send_signal(part.stop_signal)
        deadline, signals = time.monotonic() + patience, self._signals
        while any(process.poll() is None for process in running):
            if time.monotonic() > deadline or self._signals > signals:  # a second Ctrl-C: now
                break
            self.output.pump(0.05)
        for process in running:
            signal_group(process, signal.SIGKILL)
            process.wait()
        for part in parts:
            part.process = None


def _how_it_ended(code: int) -> str:
    return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
