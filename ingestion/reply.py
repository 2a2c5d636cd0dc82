"""What a gateway sent back, judged: raw records, or a GatewayError that never quotes our credential."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

import msgspec

from ingestion import answer
from ingestion.answer import ClockSkew, CredentialRefused, GatewayError, UnreadableAnswer

if TYPE_CHECKING:
    from ingestion.client import Gateway

TOKEN = re.compile(rb"\b[0-9a-fA-F]{64}\b")


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    body: bytes | bytearray
    date: str | None
    retry_after: str | None
    at: float
    """Our clock when it was made, in Unix seconds."""

    @property
    def skew(self) -> float | None:
        """Seconds that the gateway's clock is ahead of ours; None if it shows none."""
        at = moment(self.date) if self.date else None
        return round(at.timestamp() - self.at, 1) if at else None

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
    """The reply's records, or what is wrong in words without our credential, even where the gateway repeats it."""
    try:
        return unquoted(reply, gateway)
    except CredentialRefused as error:
        if reply.skew is None or abs(reply.skew) <= gateway.clock_tolerance:
            raise
        raise ClockSkew(clock_words(reply.skew, gateway.clock_tolerance, str(error))) from None


def unquoted(reply: Reply, gateway: Gateway) -> list[msgspec.Raw]:
    try:
        return reply.records()
    except GatewayError:
        clean = without_credential(reply.body, gateway)
        if clean is reply.body:
            raise
    return replace(reply, body=clean).records()


def without_credential(text: bytes | bytearray, gateway: Gateway) -> bytes | bytearray:
    """`text` itself if nothing has to be hidden in it, for it may be large."""
    for secret in (gateway.api_key.reveal(), gateway.secret_key.reveal()):
        for spelled in (secret, json.dumps(secret)[1:-1], secret.replace("/", "\\/")):
            if spelled.encode() in text:
                text = text.replace(spelled.encode(), b"********")
    return TOKEN.sub(b"********", text) if TOKEN.search(text) else text


def without_quote(error: Exception, gateway: Gateway) -> str:
    """aiohttp's words for what it could not read, without the bytes of the gateway that it shows below them."""
    shown = " ".join(str(error).partition("\n\n")[0].split()) or type(error).__name__
    return without_credential(shown.encode(), gateway).decode("utf-8", "replace")[:300]


def clock_words(skew: float, tolerance: int, words: str) -> str:
    side = "ahead of" if skew > 0 else "behind"
    return (
        f"the gateway's clock is {abs(skew):.0f} s {side} ours and it tolerates {tolerance} s;"
        f" compare both with a time server and set the one that is wrong ({words})"
    )


def words(body: bytes | bytearray) -> str:
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
