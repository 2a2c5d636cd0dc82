"""What can go wrong with a gateway as a whole, each switched on by name for one dealer or for all."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from ingestion.sandbox.answers import json_answer
from ingestion.sandbox.config import SandboxConfig

Answer = Callable[[], Awaitable[web.Response]]
Apply = Callable[[Answer, SandboxConfig], Awaitable[web.Response]]

PAGE = """<!DOCTYPE html>
<html><head><title>Maintenance</title></head><body><h1>Sistem sedang dalam perbaikan</h1></body></html>
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """A failure; `apply` is given the answer that would have been."""

    name: str
    about: str
    apply: Apply


async def _html(_answer: Answer, _config: SandboxConfig) -> web.Response:
    return web.Response(text=PAGE, content_type="text/html")


async def _truncated(answer: Answer, _config: SandboxConfig) -> web.Response:
    whole = (await answer()).body
    content = whole if isinstance(whole, bytes) else b'{"status": 1,'
    return web.Response(body=content[: len(content) // 2], content_type="application/json")


async def _empty(_answer: Answer, _config: SandboxConfig) -> web.Response:
    return web.Response(body=b"", content_type="application/json")


async def _error500(_answer: Answer, _config: SandboxConfig) -> web.Response:
    return web.Response(status=500, text="Internal Server Error")


async def _busy429(_answer: Answer, config: SandboxConfig) -> web.Response:
    headers = {"Retry-After": str(config.retry_after)}
    return json_answer({"http_status_code": 429, "message": "Too Many Requests"}, 429, **headers)


async def _unauthorized(_answer: Answer, _config: SandboxConfig) -> web.Response:
    return json_answer({"error": "invalid_token", "error_description": "credential is not valid"}, 401)


async def _stall(answer: Answer, config: SandboxConfig) -> web.Response:
    await asyncio.sleep(config.stall_seconds)
    return await answer()


FAULTS: dict[str, Fault] = {
    fault.name: fault
    for fault in (
        Fault("html", "a maintenance page with status 200", _html),
        Fault("truncated", "the first half of the JSON", _truncated),
        Fault("empty", "status 200 without a body", _empty),
        Fault("error500", "an internal server error", _error500),
        Fault("busy429", "too many requests, with Retry-After", _busy429),
        Fault("unauthorized", "the credential is refused", _unauthorized),
        Fault("stall", "no answer for a long time", _stall),
    )
}


@dataclass
class FaultPlan:
    """Which fault is on for which dealer; the entry of None is for every dealer without one of its own."""

    by_dealer: dict[str | None, str] = field(default_factory=dict)

    def switch(self, dealer: str | None, name: str | None) -> None:
        """Turns the dealer's fault on, or off with None."""
        if name is None:
            self.by_dealer.pop(dealer, None)
        elif name in FAULTS:
            self.by_dealer[dealer] = name
        else:
            raise ValueError(f"unknown fault {name!r}; there are {', '.join(FAULTS)}")

    def of(self, dealer: str | None) -> Fault | None:
        name = self.by_dealer.get(dealer) or self.by_dealer.get(None)
        return FAULTS[name] if name else None
