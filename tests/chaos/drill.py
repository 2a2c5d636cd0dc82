"""The drill: everything runs as in production, chance kills and cuts, and in the end nothing may be missing.

`python -m tests.chaos.drill`, with CHAOS_SECONDS (180) and CHAOS_SEED (by chance, printed).
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from random import SystemRandom
from types import FrameType

from tests.chaos.actor import Actor
from tests.chaos.stage import Stage, open_doors, set_up

FIRST_DEALERS, MOST_DEALERS = 2, 12
SECONDS_PER_DEALER = 45.0
"""Of chaos, until another dealership is connected."""
SETTLED_WITHIN = 150.0
"""Seconds after the last fault within which every feed has had a run that ended well."""
FETCHED_WITHIN = 240.0
"""Seconds after that within which the backfills are done."""
MANY = 12
"""Runs under way when all workers are killed."""
RECOVERED_WITHIN = 60.0
"""Seconds after a worker's death within which its runs run again."""


class Drill:
    def __init__(self, stage: Stage, seed: int, seconds: float) -> None:
        self.stage, self.seconds = stage, seconds
        self.dealers = dealers(seconds)
        self.begun = time.monotonic()
        self.told: list[str] = []
        self.actor = Actor(stage, seed, self.dealers, self.say)
        self.connected = 0

    def say(self, words: str) -> None:
        self.told.append(f"{time.monotonic() - self.begun:7.1f} s  {words}")
        sys.stdout.write(self.told[-1] + "\n")
        sys.stdout.flush()

    def until(self, found: Callable[[], bool], patience: float) -> bool:
        """Keep the parts alive until `found`, or until patience ends."""
        from tests.chaos.house import patiently

        end = time.monotonic() + patience
        while not (there := patiently(found)) and time.monotonic() < end:
            self.stage.watch()
            time.sleep(0.2)
        return there

    def run(self) -> list[str]:
        """The drill; what it found wrong."""
        from tests.chaos import house, invariants

        house.schedule()
        since = datetime.now().astimezone().replace(microsecond=0) - timedelta(days=house.DAYS - 1)
        self.connect(FIRST_DEALERS)
        open_doors(self.stage)
        self.say("everything is started")
        begun_at = self.moment()
        if not self.until(lambda: not house.waiting_feeds(begun_at), 90):
            return ["not every feed was fetched before the first fault"]
        self.rage()
        ended_at = self.moment()
        if not self.until(lambda: not house.waiting_feeds(ended_at), SETTLED_WITHIN):
            self.actor.breaches.append(f"not fetched within {SETTLED_WITHIN} s: {house.waiting_feeds(ended_at)}")
        self.say("every feed was fetched again")
        if not self.until(self.backfills_are_done, FETCHED_WITHIN):
            self.actor.breaches.append(f"the backfills are not done within {FETCHED_WITHIN} s")
        self.close_doors()
        self.say(", ".join(f"{count} {name}" for name, count in house.figures().items()))
        breaches = invariants.all_of(self.stage.direct_url(), since, ended_at)
        self.say("everything is compared")
        return [*self.actor.breaches, *breaches]

    def moment(self) -> datetime:
        from django.utils import timezone

        return timezone.now()

    def connect(self, dealerships: int) -> None:
        """So many dealerships in all, in turns with one and the other main dealer."""
        from tests.chaos import house

        self.connected = dealerships
        for number, (main_dealer, proxy) in enumerate((("H2Z", "proxy-a"), ("M1D", "proxy-b"))):
            dealers = self.dealers[:dealerships][number::2]
            house.patiently(lambda: house.connect(main_dealer, self.stage.base_url(proxy), dealers))  # noqa: B023

    def rage(self) -> None:
        begun = time.monotonic()
        pause = self.seconds / (len(self.dealers) - FIRST_DEALERS + 1)
        self.measure_recovery()
        while (passed := time.monotonic() - begun) < self.seconds:
            self.stage.watch()
            self.actor.act()
            if not self.stage.sleeps():  # whoever sleeps in a transaction keeps its rows
                self.let_staff_work(min(FIRST_DEALERS + int(passed // pause), len(self.dealers)))
            time.sleep(0.2)
        self.actor.undo_everything()
        self.say("no more faults")

    def let_staff_work(self, dealerships: int) -> None:
        """Connect the next dealership if so many are due, and let paused backfills go on."""
        from tests.chaos import house

        if self.connected < dealerships:
            self.say(f"dealership number {self.connected + 1} is connected")
            self.connect(self.connected + 1)
        if resumed := house.patiently(house.resume_backfills):
            self.say(f"{resumed} paused backfills go on")

    def measure_recovery(self) -> None:
        """Both workers die with runs under way: how long until those run again."""
        from tests.chaos import house

        self.actor.switch(None, "stall")
        self.until(lambda: len(house.held_runs()) >= MANY, 30)
        workers = self.stage.named("worker")
        held = house.held_runs()
        for worker in workers:
            worker.kill()
        killed = time.monotonic()
        self.say(f"kill -9 to all workers, which hold {len(held)} runs")
        self.actor.switch(None, None)
        anew = self.until(lambda: len(house.held_anew(held)) == len(held), 3 * RECOVERED_WITHIN)
        seconds = time.monotonic() - killed
        self.say(f"recovery: {len(house.held_anew(held))} of {len(held)} runs run again after {seconds:.1f} s")
        if not anew or not held or seconds > RECOVERED_WITHIN:
            self.actor.breaches.append(f"{len(held)} runs of killed workers recovered in {seconds:.1f} s")

    def backfills_are_done(self) -> bool:
        from tests.chaos import house

        house.resume_backfills()
        return not house.Backfill.objects.unfinished().exists()

    def close_doors(self) -> None:
        """What makes slots stops: the beats, and the worker with their last messages; then what is queued is done."""
        from tests.chaos import house

        for part in (*self.stage.named("beat"), *self.stage.named("worker-rest")):
            part.remove()
        if not self.until(house.nothing_waits, 90):
            self.actor.breaches.append("runs did not end after the beats were stopped")
        for worker in self.stage.named("worker"):
            worker.remove()


def dealers(seconds: float) -> list[str]:
    """The codes of the dealerships that are connected in the course of so long a drill."""
    number = FIRST_DEALERS + int(seconds // SECONDS_PER_DEALER)
    return [f"081{30 + count}" for count in range(min(number, MOST_DEALERS))]


def main() -> int:
    """0 if nothing was found wrong."""
    seed = int(os.environ.get("CHAOS_SEED") or SystemRandom().randrange(10**6))
    seconds = float(os.environ.get("CHAOS_SECONDS") or 180)
    signal.signal(signal.SIGTERM, stop)
    sys.stdout.write(f"chaos of {seconds:.0f} s, CHAOS_SEED={seed}\n")
    with set_up(dealers(seconds), seed) as stage:
        os.environ.update(stage.env)
        import django

        django.setup()
        from dealers.tenancy import platform

        drill = Drill(stage, seed, seconds)
        try:
            with platform("drill"):
                breaches = drill.run()
        except BaseException:
            sys.stdout.write(stage.logs(30) + "\n")
            raise
        if breaches:
            sys.stdout.write("\n".join([stage.logs(60), *drill.told, ""]))
            sys.stdout.write("\n".join([f"CHAOS_SEED={seed} found {len(breaches)} breaches:", *breaches[:50], ""]))
            return 1
        sys.stdout.write(f"CHAOS_SEED={seed}: nothing doubled, nothing missed\n")
    return 0


def stop(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
