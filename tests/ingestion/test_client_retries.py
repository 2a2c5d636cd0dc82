"""When a call is tried again, how long it waits, and when it is not."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ingestion import client
from ingestion.answer import Busy, CredentialRefused, GatewayError, GatewayFault, Unreachable, UnreadableAnswer
from ingestion.client import Fetcher, pause_after
from ingestion.reply import seconds_until
from tests.ingestion.scripted import RECORDS, Reply, Script, http, scripted
from tests.ingestion.test_client import CALL, gateway

NOW = datetime(2026, 1, 15, 3, 0, tzinfo=UTC)
BUSY = {"http_status_code": 429, "message": "Too Many Requests"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.002)
    monkeypatch.setattr(client.random, "uniform", lambda low, _high: low)


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with Fetcher() as opened:
        yield opened


def fetch(fetcher: Fetcher, script: Script, **changes: Any) -> int:
    """How many records came."""
    with fetcher.submit(gateway(script, **changes), CALL).result(30) as answer:
        return len(answer.records)


def told(fetcher: Fetcher, script: Script, **changes: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        fetch(fetcher, script, **changes)
    return caught.value


PASSING = {
    "reset before the answer": Reply(b"", reset=True),
    "closed before the answer": Reply(b""),
    "reset within the body": Reply(http(200, b'{"status":1,"data":[{"a":1}]}')[:-9], reset=True),
    "truncated body": Reply(RECORDS[:-9]),
    "truncated headers": Reply(b"HTTP/1.1 200 OK\r\nContent-Le"),
    "no HTTP at all": Reply(b"hello\r\n\r\n"),
    "server error": Reply(http(500, b"Internal Server Error")),
    "unavailable, as a page": Reply(http(503, b"<title>Down</title>")),
    "server error inside an answer": Reply(http(200, {"http_status_code": 502, "message": "Bad gateway"})),
    "busy": Reply(http(429, BUSY, Retry_After="0")),
    "busy inside an answer": Reply(http(200, BUSY)),
    "broken packing": Reply(http(200, b"no gzip", Content_Encoding="gzip")),
}


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING)
def test_trouble_that_may_pass_is_tried_again(fetcher: Fetcher, trouble: Reply) -> None:
    with scripted(trouble, trouble, RECORDS) as script:
        assert fetch(fetcher, script) == 1
    assert len(script.requests) == 3


@pytest.mark.parametrize("trouble", PASSING.values(), ids=PASSING)
def test_trouble_that_stays_is_told_after_five_tries(fetcher: Fetcher, trouble: Reply) -> None:
    with scripted(trouble) as script:
        error = told(fetcher, script)
    assert len(script.requests) == 5
    assert str(error).endswith("(after 5 tries)")


STAYING = {
    "refused credential": http(401, {"error": "invalid_token", "error_description": "credential is not valid"}),
    "forbidden": http(403, b"<title>Forbidden</title>"),
    "refused credential inside an answer": http(200, {"status": 0, "message": "Token tidak valid"}),
    "bad request": http(400, {"status": 400, "title": "fromTime is mandatory", "errors": {}}),
    "not found": http(404, b""),
    "range too long": http(200, {"status": 0, "message": {"m": "range over 7 days"}}),
    "a page with 200": http(200, b"<html><title>Maintenance</title></html>"),
    "half an answer, whole on the wire": http(200, b'{"status":1,"data":[{"a"'),
    "empty body": http(200, b""),
    "redirect": http(307, b"", Location="https://elsewhere.example/"),
}


@pytest.mark.parametrize("reply", STAYING.values(), ids=STAYING)
def test_what_another_try_would_not_change_is_asked_once(fetcher: Fetcher, reply: bytes) -> None:
    with scripted(reply, RECORDS) as script:
        error = told(fetcher, script)
    assert len(script.requests) == 1
    assert "tries" not in str(error)


def test_the_words_name_what_happened(fetcher: Fetcher) -> None:
    expected: list[tuple[Reply | bytes, type[GatewayError], str]] = [
        (PASSING["truncated body"], Unreachable, "the answer broke off"),
        (PASSING["unavailable, as a page"], GatewayFault, "the gateway failed (503): Down"),
        (PASSING["busy"], Busy, "the gateway asks to slow down (429): Too Many Requests"),
        (STAYING["refused credential"], CredentialRefused, "credential (401): invalid_token credential is not valid"),
        (STAYING["a page with 200"], UnreadableAnswer, "a web page instead of data: Maintenance"),
    ]
    for reply, kind, words in expected:
        with scripted(reply) as script:
            error = told(fetcher, script)
        assert type(error) is kind
        assert words in str(error)


def test_every_try_has_a_token_of_its_own(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 2.2)
    with scripted(http(500), RECORDS) as script:
        fetch(fetcher, script)
    first, second = ((sent.headers["x-request-time"], sent.headers["dgi-api-token"]) for sent in script.requests)
    assert first[0] < second[0]
    assert first[1] != second[1]


def test_a_gateway_that_does_not_listen_is_told_as_such(fetcher: Fetcher) -> None:
    with scripted(RECORDS) as script:
        pass
    assert "no connection to the gateway: Connect" in str(told(fetcher, script))


def test_a_connection_that_is_not_taken_ends_after_the_time_to_connect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "CONNECT_SECONDS", 0.2)
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(deaf.getsockname())
        with Fetcher() as fetcher:
            error = told(fetcher, Script([], f"http://127.0.0.1:{deaf.getsockname()[1]}"), tries=1)
        for one in waiting:
            one.close()
    assert str(error) == "no connection to the gateway within 0.2 s"


def own_certificate(folder: Path) -> ssl.SSLContext:
    """A server's context with a certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    draft = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
    draft = draft.not_valid_before(NOW - timedelta(days=1)).not_valid_after(NOW + timedelta(days=36500))
    pem = draft.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    pem += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    (folder / "server.pem").write_bytes(pem)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    return context


def test_a_certificate_that_nobody_vouches_for_is_no_connection(
    fetcher: Fetcher, tmp_path: Path, settings: Any
) -> None:
    settings.DGI_ALLOWED_HOSTS = ["127.0.0.1"]
    with scripted(RECORDS, tls=own_certificate(tmp_path)) as script:
        error = told(fetcher, script)
    assert script.requests == []
    assert "certificate verify failed" in str(error)


def test_the_deadline_ends_the_tries(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.8)
    with scripted(http(500)) as script:
        error = told(fetcher, script, deadline=1.0)
    assert len(script.requests) == 2
    assert isinstance(error, GatewayFault)


def test_a_wait_that_is_longer_than_the_deadline_is_not_begun(fetcher: Fetcher) -> None:
    with scripted(http(429, BUSY, Retry_After="3600"), RECORDS) as script:
        error = told(fetcher, script)
    assert isinstance(error, Busy)
    assert "it asks to wait 3600 s" in str(error)
    assert len(script.requests) == 1


def test_a_failing_gateways_wait_is_kept_too(fetcher: Fetcher) -> None:
    with scripted(http(503, b"", Retry_After="3600"), RECORDS) as script:
        assert "it asks to wait 3600 s" in str(told(fetcher, script))
    assert len(script.requests) == 1


def test_the_gateways_wait_is_kept(fetcher: Fetcher) -> None:
    in_a_moment = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    with scripted(http(429, BUSY, Retry_After=in_a_moment), http(429, BUSY, Retry_After="1"), RECORDS) as script:
        fetch(fetcher, script)
    first, second, third = (int(sent.headers["x-request-time"]) for sent in script.requests)
    assert second - first >= 1
    assert third - second >= 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        ("0", 0.0),
        ("-5", 0.0),
        ("Thu, 15 Jan 2026 03:00:30 GMT", 30.0),
        ("Thu, 15 Jan 2026 10:00:30 +0700", 30.0),
        ("Thu, 15 Jan 2026 03:00:30", 30.0),
        ("Thu, 15 Jan 2026 03:00:30 -0000", 30.0),
        ("Thu, 15 Jan 2026 02:00:00 GMT", 0.0),
        ("", None),
        (None, None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Thu, 15 Jan 2026 03:00:30 +99999999999999999999", None),
    ],
)
def test_how_long_to_wait_is_read_as_seconds_or_as_a_date(text: str | None, seconds: float | None) -> None:
    with time_machine.travel(NOW, tick=False):
        assert seconds_until(text) == seconds


def test_pauses_double_up_to_the_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 1.0)
    monkeypatch.setattr(client, "LONGEST_PAUSE", 5.0)
    monkeypatch.setattr(client.random, "uniform", lambda _low, high: high)
    assert [pause_after(GatewayFault("words"), attempt) for attempt in (1, 2, 3, 4, 5)] == [1, 2, 4, 5, 5]
