"""The gateway's state and its one endpoint per module."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from aiohttp import web

from ingestion.sandbox.admission import Query, RefusalError, admit
from ingestion.sandbox.answers import ready_answer, refused, success
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.faults import Fault, FaultPlan
from ingestion.sandbox.faults_of_answers import Occasion
from ingestion.sandbox.kept import Answers, FixedAnswers, WorldlyAnswers
from ingestion.sandbox.quirks import unknown_quirks

JUDGED_BY = web.RequestKey("JUDGED_BY", SandboxConfig)
"""The settings that a request is answered by; a fault may give them another clock."""
Say = Callable[[dict[str, object], str], None]
"""Takes what happened, for a program and in a line for a person."""


def say_nothing(_event: dict[str, object], _line: str) -> None:
    pass


@dataclass
class Stats:
    """What the gateway has done since its start."""

    calls: Counter[str] = field(default_factory=Counter)
    calls_by_dealer: Counter[str] = field(default_factory=Counter)
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
        self.answers: Answers = FixedAnswers(config, config.records) if config.records else WorldlyAnswers(config)
        self.stats = Stats()
        self.quirks: frozenset[str] = frozenset()
        self.faults = FaultPlan()
        self.turns: Counter[tuple[str, str | None, str]] = Counter()
        self.switch_quirks(on=config.quirks)
        for dealer, name in config.faults:
            self.faults.switch(dealer, name)

    def switch_quirks(self, on: Iterable[str] = (), off: Iterable[str] = ()) -> None:
        on, off = frozenset(on), frozenset(off)
        if unknown := unknown_quirks(on | off):
            raise ValueError(f"unknown quirks: {', '.join(unknown)}")
        self.quirks = (self.quirks | on) - off

    async def read(self, request: web.Request) -> web.StreamResponse:
        """POST …/{module}/{operation}"""
        started = time.perf_counter()
        body = await request.read()
        dealer = _dealer_asked(body)
        fault = self.faults.of(dealer)
        call = _Call(self, request, body, fault)
        # Counted before the answer: a client may lose its patience meanwhile.
        self.stats.calls[call.module] += 1
        self.stats.calls_by_dealer[dealer or "all"] += 1
        if fault:
            self.stats.faults[fault.name] += 1
        response = await self.befallen(fault, dealer, call)
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

    async def befallen(self, fault: Fault | None, dealer: str | None, call: "_Call") -> web.StreamResponse:
        """The answer to the call, or what the fault makes of it."""
        if fault is None or fault.on_answer is None:
            return await call.answer()
        turns = (fault.name, dealer, call.module)
        self.turns[turns] += 1
        return await fault.on_answer(Occasion(call.request, self.config, call.module, self.turns[turns], call.answer))


class _Call:
    """One request on its way to an answer, with what the log line says about it."""

    def __init__(self, gateway: Gateway, request: web.Request, body: bytes, fault: Fault | None) -> None:
        self.gateway = gateway
        self.request = request
        self.body = body
        self.fault = fault
        self.module = request.match_info["module"]
        self.window = ""
        self.outcome = ""
        self.config = _with_its_clock(gateway.config, fault)
        request[JUDGED_BY] = self.config

    async def answer(self) -> web.Response:
        if self.config.latency_ms:
            await asyncio.sleep(self.config.latency_ms / 1000)
        gateway = self.gateway
        try:
            query = self._admitted()
        except RefusalError as refusal:
            gateway.stats.refusals[self.module] += 1
            self.outcome = f"refused: {refusal.text}"
            return refused(refusal, self.config.error_shape, gateway.quirks)
        self.window = f"{query.since:%d %b %H:%M} to {query.until:%d %b %H:%M}  "
        response, count = self._with_records(query)
        gateway.stats.records[self.module] += count
        self.outcome = f"{count} records"
        return response

    def _with_records(self, query: Query) -> tuple[web.Response, int]:
        """The answer with what the query finds, and how many records it has."""
        gateway, fault = self.gateway, self.fault
        if fault and fault.on_query:
            query = fault.on_query(query)
        if fault and fault.on_records:
            records = gateway.answers.records(query, gateway.quirks)
            records = fault.on_records(records, query.module, self.config)
            return success(records, gateway.quirks), len(records)
        found = gateway.answers.answer(query, gateway.quirks)
        return ready_answer(found.body), found.records

    def _admitted(self) -> Query:
        request = self.request
        path = (self.module, request.match_info["operation"])
        return admit(self.config, request.method, path, request.headers, self.body)


def _with_its_clock(config: SandboxConfig, fault: Fault | None) -> SandboxConfig:
    """The settings with the clock that the fault sets."""
    if fault is None or not fault.clock:
        return config
    ahead = fault.clock
    return replace(config, now=lambda: config.now() + ahead)


def _dealer_asked(body: bytes) -> str | None:
    """The dealer that a fault may be meant for, as far as the body can be read."""
    try:
        dealer = json.loads(body)["dealerId"]
    except (ValueError, KeyError, TypeError):
        return None
    return dealer.strip() or None if isinstance(dealer, str) else None
