"""The gateway's state and its one endpoint per module."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiohttp import web

from ingestion.sandbox.admission import Query, RefusalError, admit
from ingestion.sandbox.answers import records_for, refused, success
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.faults import FaultPlan
from ingestion.sandbox.quirks import unknown_quirks
from ingestion.sandbox.world import World

Say = Callable[[dict[str, object], str], None]
"""Takes what happened, for a program and in a line for a person."""


def say_nothing(_event: dict[str, object], _line: str) -> None:
    pass


@dataclass
class Stats:
    """What the gateway has done since its start."""

    calls: Counter[str] = field(default_factory=Counter)
    records: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, dict[str, int]]:
        return {name: dict(counter) for name, counter in vars(self).items()}


class Gateway:
    """Answers read requests; its quirks and faults can be switched while it runs."""

    def __init__(self, config: SandboxConfig, say: Say = say_nothing) -> None:
        self.config = config
        self.say = say
        self.world = World(config)
        self.stats = Stats()
        self.quirks: frozenset[str] = frozenset()
        self.faults = FaultPlan()
        self.switch_quirks(on=config.quirks)
        for dealer, name in config.faults:
            self.faults.switch(dealer, name)

    def switch_quirks(self, on: Iterable[str] = (), off: Iterable[str] = ()) -> None:
        on, off = frozenset(on), frozenset(off)
        if unknown := unknown_quirks(on | off):
            raise ValueError(f"unknown quirks: {', '.join(unknown)}")
        self.quirks = (self.quirks | on) - off

    async def read(self, request: web.Request) -> web.Response:
        """POST …/{module}/{operation}"""
        started = time.perf_counter()
        body = await request.read()
        dealer = _dealer_asked(body)
        call = _Call(self, request, body)
        fault = self.faults.of(dealer)
        if fault:
            self.stats.faults[fault.name] += 1
        response = await (fault.apply(call.answer, self.config) if fault else call.answer())
        self.stats.calls[call.module] += 1
        outcome = f"fault {fault.name}" if fault else call.outcome
        elapsed = 1000 * (time.perf_counter() - started)
        clock = self.config.local_now()
        self.say(
            {
                "at": clock.isoformat(timespec="seconds"),
                "module": call.module,
                "dealer": dealer,
                "outcome": outcome,
                "milliseconds": round(elapsed),
            },
            f"{clock:%H:%M:%S} {call.module:<9} {dealer or 'all':<6} {call.window}{outcome} ({elapsed:.0f} ms)",
        )
        return response


class _Call:
    """One request on its way to an answer, with what the log line says about it."""

    def __init__(self, gateway: Gateway, request: web.Request, body: bytes) -> None:
        self.gateway = gateway
        self.request = request
        self.body = body
        self.module = request.match_info["module"]
        self.window = ""
        self.outcome = ""

    async def answer(self) -> web.Response:
        gateway = self.gateway
        if gateway.config.latency_ms:
            await asyncio.sleep(gateway.config.latency_ms / 1000)
        try:
            query = self._admitted()
        except RefusalError as refusal:
            gateway.stats.refusals[self.module] += 1
            self.outcome = f"refused: {refusal.text}"
            return refused(refusal, gateway.config.error_shape, gateway.quirks)
        records = records_for(query, gateway.world, gateway.config, gateway.quirks)
        gateway.stats.records[self.module] += len(records)
        self.window = f"{query.since:%d %b %H:%M} to {query.until:%d %b %H:%M}  "
        self.outcome = f"{len(records)} records"
        return success(records, gateway.quirks)

    def _admitted(self) -> Query:
        request = self.request
        path = (self.module, request.match_info["operation"])
        return admit(self.gateway.config, request.method, path, request.headers, self.body)


def _dealer_asked(body: bytes) -> str | None:
    """The dealer that a fault may be meant for, as far as the body can be read."""
    try:
        dealer = json.loads(body)["dealerId"]
    except (ValueError, KeyError, TypeError):
        return None
    return dealer.strip() or None if isinstance(dealer, str) else None
