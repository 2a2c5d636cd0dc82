"""The envelope of a gateway's answer: the raw records in it, or a typed error with words that a person understands."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import count
from typing import Any

import msgspec

NO_DATA = re.compile(
    r"(?!.*\b(older|lebih|more than|maks|max|limit|range))"
    r".*(tidak ada data|data tidak (di)?temukan|no data|data not found|no records?( found)?\b)",
    re.IGNORECASE | re.DOTALL,
)
"""How gateways say with status 0 that nothing matched; "no data older than 30 days" is a refusal."""
CREDENTIAL = re.compile(
    r"token|api.?key|secret|credential|unauthori[sz]ed|authenticat|invalid_client|forbidden|signature|expired",
    re.IGNORECASE,
)
CLOCK = re.compile(r"request.?time(?!d|.?out)|time.?stamp|clock|waktu", re.IGNORECASE)
HTTP_STATUS = re.compile(r"[1-9][0-9]{2}")
HALF_PAIR = re.compile(rb"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]..", re.DOTALL)
CONTROLS = bytes.maketrans(bytes(range(32)), b" " * 32)
START = re.compile(rb"(?:\xef\xbb\xbf)?\s*")
MOST_RECORDS = 50_000
MOST_VALUES = 1_000_000
"""Commas in an answer: what bounds the memory that its pieces take before anybody can count the records."""
MOST_KEYS = 1000
"""Of the outer object, which has a handful."""
LONGEST_WORDS = 2**16
"""Bytes; a longer message is shown by its start."""


class GatewayError(Exception):
    """A call that brought no records; the text says what happened and what to do."""

    retry = False
    """Whether the same call may succeed in a moment."""
    wait: float | None = None
    """Seconds that the gateway asks to wait before."""
    counts: bool | None = None
    """What it says of the gateway's health: True a failure, False that the gateway is up, None nothing."""
    calls = 0
    """Requests made, retries included."""


class Unreachable(GatewayError):
    """No connection, no answer in time, or one that broke off."""

    retry = True
    counts = True


class Refused(GatewayError):
    """The gateway did not take the request as it is: another try would not change its mind."""

    counts: bool | None = False


class NotCalled(Refused):
    """We did not call: the address may not be called, or the credential cannot be used."""

    counts = None


class CredentialRefused(Refused):
    """The gateway did not accept the key, the token or the time of the request."""

    counts = True


class ClockSkew(CredentialRefused):
    """The same, while its clock and ours are further apart than it tolerates."""


class Busy(GatewayError):
    """The gateway asks for patience."""

    retry = True


class GatewayFault(GatewayError):
    """The gateway failed by itself."""

    retry = True
    counts = True


class UnreadableAnswer(GatewayError):
    """What came is not what the interface promises."""

    counts = True


class TooLarge(UnreadableAnswer):
    """More than we take in at once: a shorter window would bring less."""

    counts = False


def records(body: bytes | bytearray) -> list[msgspec.Raw]:
    """The raw records of an answer with HTTP status 200. Raises a GatewayError for everything but a list of records."""
    envelope = open_envelope(body)
    status = unquote(envelope.get("status"))
    if status not in ("1", "true"):
        raise_refusal(envelope, status)
    return split(envelope.get("data"))


def open_envelope(body: bytes | bytearray) -> dict[str, msgspec.Raw]:
    """The answer's outer object by lower-case key, its values not read yet: they are views of `body`, no copies."""
    start = START.match(body).end()  # type: ignore[union-attr]  # it matches any bytes
    if start == len(body):
        raise UnreadableAnswer("the gateway answered with an empty body")
    if body.startswith(b"<", start):
        raise UnreadableAnswer(f"the gateway answered with a web page instead of data: {title(body)}")
    if body.count(b",") > MOST_VALUES:
        raise TooLarge(f"the answer holds more than {MOST_VALUES:,} values; ask for shorter windows")
    try:
        found = msgspec.json.decode(memoryview(body)[start:], type=dict[Key, msgspec.Raw], dec_hook=key_counter())
    except RecursionError:
        raise UnreadableAnswer(f"the answer is nested deeper than any record can be: {excerpt(body)}") from None
    except msgspec.ValidationError:
        raise UnreadableAnswer(f"the answer is no object with status and data but: {excerpt(body)}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        if (whole := mended(body)) != body:
            return open_envelope(whole)
        raise UnreadableAnswer(f"the answer is no complete JSON ({error}): {excerpt(body)}") from None
    return {key.strip().lower(): value for key, value in found.items()}


class Key(str):
    """A key of the outer object."""

    __slots__ = ()


def key_counter() -> Callable[[type, str], Key]:
    """A hook that ends the reading, as invalid, beyond MOST_KEYS keys; a million of them would take much memory."""
    numbers = count(1)

    def take(_: type, text: str) -> Key:
        if next(numbers) > MOST_KEYS:
            raise ValueError("too many keys")
        return Key(text)

    return take


def mended(body: bytes | bytearray) -> bytes:
    """`body` without what no JSON holds but gateways send in texts: half a surrogate pair, a NUL, a bare line break."""
    plain = bytes(body.translate(CONTROLS, b"\0"))
    apart = plain.replace(rb"\\", b"\0")  # so that every backslash left begins an escape
    return HALF_PAIR.sub(rb"\\ufffd", apart).replace(b"\0", rb"\\")


def split(data: msgspec.Raw | None) -> list[msgspec.Raw]:
    if data is None or start_of(data).strip() in (b"null", b'""'):
        return []
    try:
        found = msgspec.json.decode(data, type=list[msgspec.Raw])
    except msgspec.DecodeError:
        raise UnreadableAnswer(f"data is no list of records but: {excerpt(start_of(data))}") from None
    if len(found) > MOST_RECORDS:
        raise TooLarge(f"the answer holds {len(found):,} records, more than {MOST_RECORDS:,}; ask for shorter windows")
    return found


def raise_refusal(envelope: dict[str, msgspec.Raw], status: str) -> None:
    """Raise what the gateway said; return only if it said that nothing matched."""
    words = reason(envelope)
    if status in ("0", "false") and NO_DATA.match(words) and not split(envelope.get("data")):
        return
    codes = (unquote(envelope.get(key)) for key in ("http_status_code", "status"))
    code = next((int(text) for text in codes if HTTP_STATUS.fullmatch(text)), 0)
    words = words or "no reason given"
    if code:
        raise refusal(code, words)
    if not status and not words_of_failure(envelope):
        raise UnreadableAnswer("the answer has no status")
    raise classify(words)


def reason(envelope: dict[str, msgspec.Raw]) -> str:
    """What the gateway says, in whichever of its four ways, each text once."""
    keys = ("message", "title", "error", "error_description", "errors")
    return " ".join(dict.fromkeys(filter(None, (spoken(envelope.get(key)) for key in keys))))


def words_of_failure(envelope: dict[str, msgspec.Raw]) -> bool:
    return any(key in envelope for key in ("error", "http_status_code", "title", "errors", "message"))


def refusal(code: int, words: str) -> GatewayError:
    """The error for an HTTP status, whether it came as such or inside an answer."""
    if code == 429:
        return Busy(f"the gateway asks to slow down (429): {words}")
    if code in (401, 403):
        return CredentialRefused(f"the gateway refused our credential ({code}): {words}")
    if code >= 500:
        return GatewayFault(f"the gateway failed ({code}): {words}")
    if code >= 300:
        return Refused(f"the gateway did not take the request ({code}): {words}")
    return classify(words)


def classify(words: str) -> GatewayError:
    """A refusal told in words only."""
    if CLOCK.search(words):
        return CredentialRefused(
            f"the gateway refused the time of our request; compare the clocks with dgi_check: {words}"
        )
    if CREDENTIAL.search(words):
        return CredentialRefused(f"the gateway refused our credential: {words}")
    return Refused(f"the gateway refused the request: {words}")


def spoken(value: msgspec.Raw | None) -> str:
    """The words of a message that is text, JSON in text, or an object of free keys."""
    if value is None:
        return ""
    if len(value) > LONGEST_WORDS:
        return excerpt(start_of(value))
    try:
        found = json.loads(bytes(value))
        if isinstance(found, str) and found.lstrip().startswith(("{", "[")):
            found = json.loads(found)
        return flat(found)[:500]
    except (ValueError, RecursionError):
        return excerpt(bytes(value))


def flat(found: Any) -> str:
    if isinstance(found, dict):
        return ", ".join(filter(None, map(flat, found.values())))
    if isinstance(found, list):
        return ", ".join(filter(None, map(flat, found)))
    return "" if found is None else str(found).strip()


def unquote(value: msgspec.Raw | None) -> str:
    """A status as lower-case text without quotes or idle decimals; empty if there is none."""
    text = "" if value is None else start_of(value).decode("utf-8", "replace").strip().strip('"').strip().lower()
    return "" if text == "null" else re.sub(r"\.0+$", "", text)


def title(body: bytes | bytearray) -> str:
    """A page's title or its first words."""
    page = body[:4000].decode("utf-8", "replace")
    match = re.search(r"<title[^>]*>(.*?)</title>", page, re.IGNORECASE | re.DOTALL)
    return " ".join((match[1] if match else re.sub(r"<[^>]*>", " ", page)).split())[:120] or "(empty)"


def start_of(value: msgspec.Raw) -> bytes:
    """Enough of `value` to know it by."""
    return bytes(memoryview(value)[:200])


def excerpt(body: bytes | bytearray) -> str:
    text = body[:120].decode("utf-8", "replace")
    return text if len(body) <= 120 else f"{text}…"
