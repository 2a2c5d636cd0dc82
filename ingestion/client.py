"""Calls a gateway: a token for each request, time limits, retries that wait; then raw records or a GatewayError."""

from __future__ import annotations

import asyncio
import math
import random
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

import aiohttp
from django.core.exceptions import ValidationError

from ingestion.addresses import validate_base_url
from ingestion.answer import GatewayError, NotCalled, Unreachable
from ingestion.body import Answer, Turn, limited
from ingestion.circuit import Circuit
from ingestion.reply import Reply, records, without_quote
from ingestion.resolver import PublicResolver
from ingestion.secrets import Secret
from ingestion.signing import headers

CONNECT_SECONDS, READ_SECONDS = 5, 30
TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0
WIRE_MOMENT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Gateway:
    """What a call needs of a connection; it outlives no run and touches no database."""

    base_url: str
    api_key: Secret
    secret_key: Secret
    joiner: str
    zone: ZoneInfo
    deadline: float
    """Seconds that a call may take with all its retries."""
    clock_tolerance: int
    """Seconds that its clock may differ from that of a request."""
    tries: int = TRIES
    circuit: Circuit = field(default_factory=Circuit, compare=False, repr=False)


@dataclass(frozen=True)
class Call:
    """One window of one job type for one dealership."""

    module: str
    dealer: str
    since: datetime
    until: datetime
    filters: tuple[str, ...] = ()
    dealership_id: int = 0
    """Ours, for the circuit; it is not sent."""

    def body(self, zone: ZoneInfo) -> dict[str, str]:
        """The request's body; its times are local to the main dealer, to the second."""
        return {
            "fromTime": self.since.astimezone(zone).strftime(WIRE_MOMENT),
            "toTime": self.until.astimezone(zone).strftime(WIRE_MOMENT),
            "dealerId": self.dealer,
            **dict.fromkeys(self.filters, ""),
        }


class Fetcher:
    """Carries calls out at the same time on a thread of its own, so that the caller can store while others wait.

    Use as a context manager; leaving it abandons what is still under way.
    """

    def __init__(self, at_once: int = 50) -> None:
        self.at_once = at_once
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="dgi-fetcher", daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        self.session = self.wait(self.open())
        return self

    def __exit__(self, *_: object) -> None:
        self.wait(self.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()

    async def open(self) -> aiohttp.ClientSession:
        self.large = asyncio.Lock()
        limits = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
        resolver = PublicResolver(aiohttp.DefaultResolver())
        connector = aiohttp.TCPConnector(limit=self.at_once, resolver=resolver, use_dns_cache=False)
        return aiohttp.ClientSession(timeout=limits, connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    async def close(self) -> None:
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await self.session.close()

    def submit(self, gateway: Gateway, call: Call) -> Future[Answer]:
        """The call's answer, in the future; it raises a GatewayError when there is none to be had.

        Release every answer before you wait for the next: of the large ones only one is let in at a time.
        """
        return asyncio.run_coroutine_threadsafe(read(self.session, self.large, gateway, call), self.loop)

    def probe(self, gateway: Gateway, call: Call) -> Probe:
        """Make `call` once, without retries, and tell how it went."""
        return self.wait(probe(self.session, self.large, gateway, call))


async def read(session: aiohttp.ClientSession, large: asyncio.Lock, gateway: Gateway, call: Call) -> Answer:
    """Call, and call again where that may help, until the deadline; the circuit learns how it ended."""
    loop = asyncio.get_running_loop()
    end = loop.time() + gateway.deadline
    calls = 0
    while True:
        calls += 1
        try:
            async with asyncio.timeout_at(max(end, loop.time() + 0.001)) as timer:
                found = await attempt(session, Turn(large), timer, gateway, call)
        except TimeoutError:
            error: GatewayError = Unreachable(
                f"the gateway did not answer within the deadline of {gateway.deadline:g} s"
            )
            pause = math.inf
        except GatewayError as caught:
            error, pause = caught.with_traceback(None), pause_after(caught, calls)
            error.__context__ = None  # with both go the frames that hold the answer, while we wait and while others ask
        else:
            gateway.circuit.succeeded()
            found.calls = calls
            return found
        end = timer.when() or end
        gateway.circuit.note(error, call.dealership_id)
        if not error.retry or calls >= gateway.tries or loop.time() + pause > end or gateway.circuit.is_open:
            raise given_up(error, calls, gateway.circuit)
        await asyncio.sleep(pause)


async def attempt(
    session: aiohttp.ClientSession, turn: Turn, timer: asyncio.Timeout, gateway: Gateway, call: Call
) -> Answer:
    try:
        reply = await once(session, turn, timer, gateway, call)
        return Answer(records(reply, gateway), len(reply.body), turn)
    except BaseException:
        turn.release()
        raise


def pause_after(error: GatewayError, attempt: int) -> float:
    """Seconds until the next try: as long as the gateway asks, else doubling, with jitter against choirs."""
    if error.wait is not None:
        return error.wait + random.uniform(0, 0.5)
    return min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE) * random.uniform(0.5, 1)


def given_up(error: GatewayError, calls: int, circuit: Circuit) -> GatewayError:
    """`error` telling how often we tried, how long the gateway asks to wait, and whether it counts as down now."""
    patience = f"; it asks to wait {error.wait:.0f} s" if error.wait else ""
    tries = f" (after {calls} tries)" if calls > 1 else ""
    down = ""
    if error.counts and circuit.is_open:
        down = "; the gateway fails again and again, so it is left alone for a minute"
    error.args = (f"{error.args[0]}{patience}{tries}{down}",)
    error.calls = calls - isinstance(error, NotCalled)
    return error


async def once(
    session: aiohttp.ClientSession, turn: Turn, timer: asyncio.Timeout, gateway: Gateway, call: Call
) -> Reply:
    """One request, without redirects. Raises Unreachable if no whole answer comes, NotCalled if none was asked for."""
    url = f"{gateway.base_url.rstrip('/')}/{call.module}/read"
    try:
        validate_base_url(url)
    except ValidationError as error:  # the allow list may have changed since the connection was made
        raise NotCalled(" ".join(error.messages)) from None
    signed, sent_at = headers(gateway), time.time()
    try:
        async with session.post(url, json=call.body(gateway.zone), headers=signed, allow_redirects=False) as response:
            at = (sent_at + time.time()) / 2
            body = await limited(response, turn, timer)
            return Reply(response.status, body, response.headers.get("Date"), response.headers.get("Retry-After"), at)
    except aiohttp.ConnectionTimeoutError:
        raise Unreachable(f"no connection to the gateway within {CONNECT_SECONDS} s") from None
    except aiohttp.ServerTimeoutError:
        raise Unreachable(f"the gateway sent nothing for {READ_SECONDS} s") from None
    except aiohttp.ClientConnectorError as error:
        raise Unreachable(f"no connection to the gateway: {error.os_error.strerror or error}") from None
    except aiohttp.ClientPayloadError:
        raise Unreachable("the answer broke off before its end, or could not be unpacked") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(f"the answer broke off: {without_quote(error, gateway)}") from None


@dataclass(frozen=True)
class Probe:
    """How one call went."""

    reachable: bool
    accepted: bool
    skew: float | None
    """Seconds that the gateway's clock is ahead of ours, to a second."""
    error: str = ""


async def probe(session: aiohttp.ClientSession, large: asyncio.Lock, gateway: Gateway, call: Call) -> Probe:
    skew, reachable = None, False
    try:
        async with asyncio.timeout(gateway.deadline) as timer:
            turn = Turn(large)
            try:
                reply = await once(session, turn, timer, gateway, call)
                skew, reachable = reply.skew, True
                records(reply, gateway)
            finally:
                turn.release()
    except TimeoutError:
        return Probe(reachable, accepted=False, skew=skew, error=f"no answer within {gateway.deadline:g} s")
    except GatewayError as error:
        return Probe(reachable, accepted=False, skew=skew, error=str(error))
    return Probe(reachable, accepted=True, skew=skew)
