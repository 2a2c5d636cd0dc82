"""Who kills and cuts: actions by chance, from a seed, each told with its time."""

from __future__ import annotations

import json
import random
import signal
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field

import redis

from tests.chaos.stage import Part, Stage

GRACE = 10.0
"""Seconds that a worker may take to stop in order."""
FAULTS = ("html", "truncated", "empty", "error500", "busy429", "unauthorized", "stall")
FROZEN = (32.0, 50.0)
"""Seconds that a worker sleeps: longer than its leases, so that others have its runs when it wakes."""
MODES = ("blackhole", "refuse", "reset 0", "reset 300", "slow 20000", "cut")


@dataclass
class Actor:
    """Does something every few seconds, and undoes it some time later."""

    stage: Stage
    seed: int
    dealers: list[str]
    say: Callable[[str], None]
    breaches: list[str] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    """Seconds that graceful stops took."""
    later: list[tuple[float, str, Callable[[], None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.next = time.monotonic()
        self.actions: list[tuple[int, Callable[[], None]]] = [
            (6, self.kill_a_worker),
            (4, self.stop_a_worker),
            (4, self.kill_a_beat),
            (2, self.freeze_a_worker),
            (2, self.restart_postgres),
            (2, self.kill_valkey),
            (2, self.empty_valkey),
            (5, self.spoil_connections),
            (5, self.spoil_a_dealer),
            (2, self.kill_the_sandbox),
        ]

    def act(self) -> None:
        """What is due now; one action at a time."""
        now = time.monotonic()
        for entry in [entry for entry in self.later if entry[0] <= now]:
            self.later.remove(entry)
            self.undo(entry)
        if now >= self.next:
            weights = [weight for weight, _ in self.actions]
            ((_, action),) = self.chance.choices(self.actions, weights)
            action()
            self.next = time.monotonic() + self.chance.uniform(1, 7)

    def undo(self, entry: tuple[float, str, Callable[[], None]]) -> None:
        _, words, action = entry
        self.say(words)
        action()

    def undo_everything(self) -> None:
        for entry in self.later:
            self.undo(entry)
        self.later.clear()

    def in_a_while(self, words: str, action: Callable[[], None], between: tuple[float, float] = (2.0, 15.0)) -> None:
        self.later.append((time.monotonic() + self.chance.uniform(*between), words, action))

    def pick(self, prefix: str) -> Part | None:
        running = [part for part in self.stage.named(prefix) if part.process and not part.frozen]
        return self.chance.choice(running) if running else None

    # -- processes

    def kill_a_worker(self) -> None:
        if part := self.pick("worker"):
            self.say(f"kill -9 {part.name}")
            part.kill()

    def kill_a_beat(self) -> None:
        if part := self.pick("beat"):
            self.say(f"kill -9 {part.name}")
            part.kill()

    def freeze_a_worker(self) -> None:
        """It sleeps with its children, like a machine that was paused; when it wakes, others have its runs."""
        if (part := self.pick("worker-live")) and part.process:
            self.say(f"{part.name} falls asleep")
            part.freeze(True)
            self.in_a_while(f"{part.name} wakes", lambda: part.freeze(False), FROZEN)

    def stop_a_worker(self) -> None:
        """It must end within GRACE seconds, whatever it has under way."""
        part = self.pick("worker")
        if not part:
            return
        number = self.chance.choice([signal.SIGTERM, signal.SIGQUIT])
        begun = time.monotonic()
        part.kill(number)
        ended = part.ended_within(3 * GRACE)
        seconds = time.monotonic() - begun
        self.stops.append(seconds)
        self.say(f"{number.name} to {part.name}: it took {seconds:.1f} s")
        if not ended or seconds > GRACE:
            self.breaches.append(f"{part.name} took {seconds:.1f} s to stop on {number.name}")

    def kill_the_sandbox(self) -> None:
        self.say("kill -9 sandbox")
        self.stage.parts["sandbox"].kill()

    # -- servers

    def restart_postgres(self) -> None:
        number = self.chance.choice([signal.SIGQUIT, signal.SIGINT, signal.SIGKILL])
        self.say(f"{number.name} to PostgreSQL, and a new start")
        self.stage.restart(self.stage.postgres, number)

    def kill_valkey(self) -> None:
        self.say("kill -9 Valkey, and a new start")
        self.stage.restart(self.stage.valkey, signal.SIGKILL)

    def empty_valkey(self) -> None:
        self.say("FLUSHALL")
        with redis.Redis.from_url(self.stage.valkey.client_url()) as client:
            client.flushall()

    # -- the way to the gateway, and the gateway

    def spoil_connections(self) -> None:
        name, mode = self.chance.choice(sorted(self.stage.proxy_ports)), self.chance.choice(MODES)
        self.say(f"{name}: {mode}")
        self.stage.proxy(name).tell(mode)
        if mode != "cut":
            self.in_a_while(f"{name}: pass", lambda: self.stage.proxy(name).tell("pass"))

    def spoil_a_dealer(self) -> None:
        dealer, fault = self.chance.choice([None, *self.dealers]), self.chance.choice(FAULTS)
        self.say(f"fault {fault} for {dealer or 'every dealer'}")
        self.switch(dealer, fault)
        self.in_a_while(f"no fault for {dealer or 'every dealer'}", lambda: self.switch(dealer, None))

    def switch(self, dealer: str | None, fault: str | None) -> None:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.stage.sandbox_port}/sandbox/faults",
            json.dumps({"dealer": dealer, "fault": fault}).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            urllib.request.urlopen(request, timeout=5).close()
        except OSError as error:  # it is being started again, and comes without faults
            self.say(f"the sandbox does not take that: {error}")
