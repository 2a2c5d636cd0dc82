"""What a gateway sent back, whatever it is: records or a GatewayError with words, and clocks told as such."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import time_machine
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingestion.answer import ClockSkew, CredentialRefused, GatewayError, NotCalled, Refused, Unreachable
from ingestion.client import Fetcher, Probe
from ingestion.reply import Reply, records
from ingestion.secrets import Secret
from tests.ingestion.scripted import RECORDS, Script, http, scripted
from tests.ingestion.scripted import Reply as Late
from tests.ingestion.test_client import CALL, KEY, SECRET, gateway

NOW = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)
BODIES = (
    st.binary(max_size=300)
    | st.text(max_size=100).map(str.encode)
    | st.tuples(st.binary(max_size=20), st.sampled_from([b"", KEY.encode(), SECRET.encode()])).map(
        lambda parts: b'{"status":0,"message":"%s%s"}' % parts
    )
)
HOLDER = gateway(Script([], "https://gateway.example"))
LATIN = st.text(st.characters(codec="latin-1"), max_size=40)


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with Fetcher() as opened:
        yield opened


def told(fetcher: Fetcher, wire: bytes, **changes: Any) -> GatewayError:
    with scripted(wire) as script, pytest.raises(GatewayError) as caught:
        fetcher.submit(gateway(script, **{"tries": 1, **changes}), CALL).result(30)
    return caught.value


def dated(seconds: float) -> str:
    """What a gateway's Date says whose clock is `seconds` ahead."""
    return format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)


REFUSALS: list[tuple[int, object]] = [
    (401, {"error": "invalid_token"}),
    (403, b"<title>Forbidden</title>"),
    (200, {"status": 0, "message": "Token tidak valid"}),
    (200, {"status": 0, "message": "X-Request-Time differs"}),
]


@pytest.mark.parametrize(("status", "content"), REFUSALS)
@pytest.mark.parametrize(("ahead", "side"), [(11, "11 s ahead of"), (-75, "75 s behind"), (86400, "86400 s ahead of")])
def test_a_refusal_beside_a_clock_too_far_apart_is_told_as_that(
    fetcher: Fetcher, status: int, content: object, ahead: int, side: str
) -> None:
    with time_machine.travel(NOW, tick=False):
        error = told(fetcher, http(status, content, Date=dated(ahead)))
    assert type(error) is ClockSkew
    assert str(error).startswith(
        f"the gateway's clock is {side} ours and it tolerates 10 s;"
        " compare both with a time server and set the one that is wrong (the gateway refused "
    )


@pytest.mark.parametrize(("status", "content"), REFUSALS)
@pytest.mark.parametrize(("ahead", "tolerance"), [(10, 10), (-10, 10), (0, 10), (59, 60)])
def test_a_refusal_within_the_tolerance_is_a_refusal(
    fetcher: Fetcher, status: int, content: object, ahead: int, tolerance: int
) -> None:
    with time_machine.travel(NOW, tick=False):
        error = told(fetcher, http(status, content, Date=dated(ahead)), clock_tolerance=tolerance)
    assert type(error) is CredentialRefused


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 15 Jan 2026 03:00:25 +99999999999999999999"])
def test_a_refusal_without_a_readable_clock_is_a_refusal(fetcher: Fetcher, date: str) -> None:
    assert type(told(fetcher, http(401, b"no", Date=date))) is CredentialRefused


def test_clocks_apart_do_not_matter_to_an_answer_nor_to_another_refusal(fetcher: Fetcher) -> None:
    with time_machine.travel(NOW, tick=False):
        assert type(told(fetcher, http(400, b"no", Date=dated(3600)))) is Refused
        with scripted(http(200, {"status": 1, "data": [1]}, Date=dated(3600))) as script:
            assert len(fetcher.submit(gateway(script), CALL).result(30).records) == 1


def test_a_probe_tells_clocks_apart_too(fetcher: Fetcher) -> None:
    with time_machine.travel(NOW, tick=False), scripted(http(401, b"no", Date=dated(-60))) as script:
        found = fetcher.probe(gateway(script), CALL)
    assert (found.reachable, found.accepted, found.skew) == (True, False, -60.0)
    assert "60 s behind" in found.error


def test_a_probe_ends_at_its_deadline(fetcher: Fetcher) -> None:
    with scripted(Late(RECORDS[:-5], linger=60)) as script:
        found = fetcher.probe(gateway(script, deadline=0.3), CALL)
    assert found == Probe(reachable=False, accepted=False, skew=None, error="no answer within 0.3 s")


@pytest.mark.parametrize(
    "wire",
    [
        f"{KEY} {SECRET}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nX-Bad {SECRET}{KEY}\r\n\r\n".encode(),
        f"HTTP/1.1 200 {SECRET}\r\nContent-Length: {KEY}\r\n\r\n".encode(),
        f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{SECRET} {KEY}\r\n".encode(),
        f"HTTP/1.1 200 {SECRET}\r\nX-Key: {KEY}\r\nContent-Length: 10\r\n".encode(),
    ],
)
def test_a_gateway_that_repeats_our_credential_outside_of_a_body_is_not_quoted(fetcher: Fetcher, wire: bytes) -> None:
    error = told(fetcher, wire)
    assert isinstance(error, Unreachable)
    assert not any(secret[:8] in str(error) for secret in (KEY, SECRET))


@pytest.mark.parametrize("key", ["key\n", "a\r\nHost: elsewhere.example", "\0"])
def test_a_key_that_no_header_can_hold_is_told_and_nothing_is_sent(fetcher: Fetcher, key: str) -> None:
    with scripted(RECORDS) as script, pytest.raises(NotCalled, match="the API key holds a line break"):
        fetcher.submit(gateway(script, api_key=Secret.of(key, "key")), CALL).result(30)
    assert script.connections == 0


@settings(max_examples=2000, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(100, 999), BODIES, st.none() | LATIN, st.none() | LATIN, st.integers(0, 100))
@example(200, b'{"status":1,"data":' + b"[" * 100_000, None, None, 10)
@example(500, b'{"a":' * 100_000, None, None, 10)
@example(401, b"\xff\xfe", "Thu, 15 Jan 2026 03:00:25 +99999999999999999999", "1e999", 10)
def test_any_reply_is_a_list_or_a_gateway_error_that_does_not_quote_us(
    status: int, body: bytes, date: str | None, retry_after: str | None, tolerance: int
) -> None:
    reply = Reply(status, body, date, retry_after, NOW.timestamp())
    try:
        outcome: object = records(reply, replace(HOLDER, clock_tolerance=tolerance))
    except GatewayError as error:
        outcome = str(error)
    assert isinstance(outcome, list) or (outcome and not any(secret in outcome for secret in (KEY, SECRET)))


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    status=st.integers(100, 999).map(str) | LATIN,
    headers=st.dictionaries(
        st.sampled_from(
            ["Content-Type", "Content-Length", "Content-Encoding", "Transfer-Encoding", "Date", "Set-Cookie"]
        ),
        st.sampled_from(["gzip", "deflate", "chunked", "application/json", "text/html; charset=x", "5", "-1"]) | LATIN,
        max_size=3,
    ),
    body=BODIES,
)
def test_anything_on_the_wire_is_an_answer_or_a_gateway_error(
    fetcher: Fetcher, status: str, headers: dict[str, str], body: bytes
) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    wire = f"HTTP/1.1 {status} Words\r\n{head}\r\n".encode("latin-1") + body
    with scripted(wire) as script:
        error = fetcher.submit(gateway(script, tries=1, deadline=5.0), CALL).exception(30)
    assert error is None or isinstance(error, GatewayError)
