"""Calls a gateway: a token for each request, time limits, retries that wait; then raw records or a GatewayError."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import random
import re
import threading
import time
from collections.abc import Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self
from zoneinfo import ZoneInfo

import aiohttp
import msgspec
from django.core.exceptions import ImproperlyConfigured, ValidationError

from ingestion import answer
from ingestion.addresses import validate_base_url
from ingestion.answer import GatewayError, Unreachable, UnreadableAnswer
from ingestion.circuit import Circuit
from ingestion.secrets import Secret

CONNECT_SECONDS, READ_SECONDS = 5, 30
TRIES = 5
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 20.0
LARGEST_ANSWER = 20 * 2**20
"""Bytes, unpacked."""
TOKEN = re.compile(rb"\b[0-9a-fA-F]{64}\b")
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
    clock_tolerance: int = 10
    circuit: Circuit = field(default_factory=Circuit)
    tries: int = 5


@dataclass(frozen=True)
class Call:
    """One window of one job type for one dealership."""

    module: str
    dealer: str
    since: datetime
    until: datetime
    filters: tuple[str, ...] = ()
    dealership_id: int = 0

    def body(self, zone: ZoneInfo) -> dict[str, str]:
        """The request's body; its times are local to the main dealer, to the second."""
        return {
            "fromTime": self.since.astimezone(zone).strftime(WIRE_MOMENT),
            "toTime": self.until.astimezone(zone).strftime(WIRE_MOMENT),
            "dealerId": self.dealer,
            **dict.fromkeys(self.filters, ""),
        }


def token(api_key: str, secret_key: str, at: int, joiner: str = "") -> str:
    """The DGI-API-Token of a request at `at` (Unix seconds)."""
    return hashlib.sha256(joiner.join((api_key, secret_key, str(at))).encode()).hexdigest()


def headers(gateway: Gateway) -> dict[str, str]:
    """Signed for this very second. Raises GatewayError if the credential cannot be opened."""
    try:
        api_key, secret_key = gateway.api_key.reveal(), gateway.secret_key.reveal()
    except (ImproperlyConfigured, ValueError) as error:
        raise GatewayError(f"no call was made: {error}") from None
    at = int(time.time())
    return {
        "Content-Type": "application/json",
        "Accept": "application/json",
        "X-Request-Time": str(at),
        "DGI-API-Key": api_key,
        "DGI-API-Token": token(api_key, secret_key, at, gateway.joiner),
    }


@dataclass
class Answer:
    records: list[msgspec.Raw]
    calls: int = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass


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
        limits = aiohttp.ClientTimeout(total=None, connect=None, sock_connect=CONNECT_SECONDS, sock_read=READ_SECONDS)
        return aiohttp.ClientSession(timeout=limits, connector=aiohttp.TCPConnector(limit=self.at_once))

    async def close(self) -> None:
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        await self.session.close()

    def submit(self, gateway: Gateway, call: Call) -> Future[Answer]:
        """The call's raw records, in the future; it raises a GatewayError when there are none to be had."""
        return asyncio.run_coroutine_threadsafe(answered(self.session, gateway, call), self.loop)

    def probe(self, gateway: Gateway, call: Call) -> Probe:
        """Make `call` once, without retries, and tell how it went."""
        return self.wait(probe(self.session, gateway, call))


async def answered(session: aiohttp.ClientSession, gateway: Gateway, call: Call) -> Answer:
    try:
        found = Answer(await read(session, gateway, call))
        gateway.circuit.succeeded()
        return found
    except GatewayError as error:
        if error.counts:
            gateway.circuit.failed(call.dealership_id)
        raise


async def read(session: aiohttp.ClientSession, gateway: Gateway, call: Call) -> list[msgspec.Raw]:
    """Call, and call again where that may help, until the deadline."""
    end = time.monotonic() + gateway.deadline
    attempt = 1
    while True:
        try:
            async with asyncio.timeout(max(end - time.monotonic(), 0.001)):
                return records(await once(session, gateway, call), gateway)
        except TimeoutError:
            raise Unreachable(f"the gateway did not answer within the deadline of {gateway.deadline:g} s") from None
        except GatewayError as error:
            pause = pause_after(error, attempt)
            if not error.retry or attempt == TRIES or time.monotonic() + pause > end:
                raise with_tries(error, attempt) from None
        await asyncio.sleep(pause)
        attempt += 1


def pause_after(error: GatewayError, attempt: int) -> float:
    """Seconds until the next try: as long as the gateway asks, else doubling, with jitter against choirs."""
    if error.wait is not None:
        return error.wait + random.uniform(0, 0.5)
    return min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE) * random.uniform(0.5, 1)


def with_tries(error: GatewayError, attempt: int) -> GatewayError:
    """`error` telling how often we tried, and how long the gateway asks to wait."""
    patience = f"; it asks to wait {error.wait:.0f} s" if error.wait else ""
    tries = f" (after {attempt} tries)" if attempt > 1 else ""
    error.args = (f"{error.args[0]}{patience}{tries}",)
    return error


@dataclass(frozen=True)
class Reply:
    """What a gateway sent back."""

    status: int
    body: bytes
    date: str | None
    retry_after: str | None

    def records(self) -> list[msgspec.Raw]:
        if 200 <= self.status < 300:
            return answer.records(self.body)
        if 300 <= self.status < 400:
            raise answer.Refused(f"the gateway redirects ({self.status}); write the final address as the base URL")
        error = answer.refusal(self.status, words(self.body))
        if error.retry:
            error.wait = seconds_until(self.retry_after)
        raise error


def records(reply: Reply, gateway: Gateway) -> list[msgspec.Raw]:
    """The reply's records. What a failure says never holds our credential, even where the gateway repeats it."""
    try:
        return reply.records()
    except GatewayError:
        return replace(reply, body=without_credential(reply.body, gateway)).records()


def without_credential(body: bytes, gateway: Gateway) -> bytes:
    for secret in (gateway.api_key.reveal(), gateway.secret_key.reveal()):
        for spelled in (secret, json.dumps(secret)[1:-1], secret.replace("/", "\\/")):
            body = body.replace(spelled.encode(), b"********")
    return TOKEN.sub(b"********", body)


def words(body: bytes) -> str:
    """What the body of a failed call says, in a line."""
    try:
        found = answer.open_envelope(body)
    except UnreadableAnswer:
        return answer.title(body)
    return answer.reason(found) or " ".join(filter(None, map(answer.spoken, found.values()))) or "no reason given"


def seconds_until(retry_after: str | None) -> float | None:
    """Retry-After as seconds or as an HTTP date; None if it is neither."""
    if not retry_after:
        return None
    try:
        seconds = float(retry_after)
    except ValueError:
        at = moment(retry_after)
        seconds = (at - datetime.now(UTC)).total_seconds() if at else math.nan
    return max(seconds, 0.0) if math.isfinite(seconds) else None


def moment(http_date: str) -> datetime | None:
    """An HTTP date, in UTC unless it says otherwise; None for any other text."""
    try:
        at = parsedate_to_datetime(http_date)
    except (ValueError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


async def once(session: aiohttp.ClientSession, gateway: Gateway, call: Call) -> Reply:
    """One request, without redirects. Raises Unreachable if no whole answer comes."""
    url = f"{gateway.base_url.rstrip('/')}/{call.module}/read"
    try:
        validate_base_url(url)
    except ValidationError as error:  # the allow list may have changed since the connection was made
        raise answer.Refused(" ".join(error.messages)) from None
    try:
        async with session.post(
            url, json=call.body(gateway.zone), headers=headers(gateway), allow_redirects=False
        ) as response:
            body = await limited(response)
            return Reply(response.status, body, response.headers.get("Date"), response.headers.get("Retry-After"))
    except aiohttp.ConnectionTimeoutError:
        raise Unreachable(f"no connection to the gateway within {CONNECT_SECONDS} s") from None
    except aiohttp.ServerTimeoutError:
        raise Unreachable(f"the gateway sent nothing for {READ_SECONDS} s") from None
    except aiohttp.ClientConnectorError as error:
        raise Unreachable(f"no connection to the gateway: {error.os_error.strerror or error}") from None
    except aiohttp.ClientPayloadError:
        raise Unreachable("the answer broke off before its end, or could not be unpacked") from None
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(f"the answer broke off: {error or type(error).__name__}") from None


async def limited(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise UnreadableAnswer(f"the answer is larger than {LARGEST_ANSWER // 2**20} MB; ask for shorter windows")
    return bytes(body)


@dataclass(frozen=True)
class Probe:
    """How one call went."""

    reachable: bool
    accepted: bool
    skew: float | None
    """Seconds that the gateway's clock is ahead of ours, to a second."""
    error: str = ""


async def probe(session: aiohttp.ClientSession, gateway: Gateway, call: Call) -> Probe:
    before = time.time()
    try:
        reply = await once(session, gateway, call)
    except GatewayError as error:
        return Probe(reachable=False, accepted=False, skew=None, error=str(error))
    skew = clock_skew(reply.date, (before + time.time()) / 2)
    try:
        records(reply, gateway)
    except GatewayError as error:
        return Probe(reachable=True, accepted=False, skew=skew, error=str(error))
    return Probe(reachable=True, accepted=True, skew=skew)


def clock_skew(date: str | None, now: float) -> float | None:
    at = moment(date) if date else None
    return round(at.timestamp() - now, 1) if at else None
