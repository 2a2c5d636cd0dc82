"""A call to a gateway: how it is signed, what it asks, how long it may take and how large its answer may be."""

from __future__ import annotations

import time
import tracemalloc
import zlib
from collections.abc import Iterator
from concurrent.futures import CancelledError
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from ingestion import body, client
from ingestion.answer import CredentialRefused, GatewayError, Refused, Unreachable, UnreadableAnswer
from ingestion.client import Call, Fetcher, Gateway
from ingestion.secrets import Secret
from ingestion.signing import token
from tests.ingestion.scripted import RECORDS, Reply, Script, http, scripted

KEY, SECRET = "dgi-key-live:h3oiu8b54que", "dgi-secret-live:dTvCnLh58A"
SINCE = datetime(2026, 1, 14, 17, 0, tzinfo=UTC)
CALL = Call("pkb", "08138", SINCE, SINCE + timedelta(days=1), ("noWorkOrder",))


def gateway(script: Script, **changes: Any) -> Gateway:
    settled = {"joiner": "", "zone": ZoneInfo("Asia/Jakarta"), "deadline": 20.0, "clock_tolerance": 10}
    secrets = {"api_key": Secret.of(KEY, "key"), "secret_key": Secret.of(SECRET, "secret")}
    return Gateway(script.base_url, **{**settled, **secrets, **changes})


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.001)


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with Fetcher() as opened:
        yield opened


def fetch(fetcher: Fetcher, script: Script, call: Call = CALL, **changes: Any) -> list[bytes]:
    with fetcher.submit(gateway(script, **{"tries": 2, **changes}), call).result(30) as answer:
        return [bytes(raw) for raw in answer.records]


def test_the_published_example_of_a_token_holds() -> None:
    assert token(KEY, SECRET, 1567645682) == "67b89654150621abb8f9fbb13c296ca0b368d86f76966698f22e59786b134c9a"


def test_a_joiner_stands_between_the_parts_of_the_token() -> None:
    assert token("a", "b", 1, ":") == token("a:", "b:", 1) != token("a", "b", 1)


def test_a_call_is_signed_with_the_time_it_is_made(fetcher: Fetcher) -> None:
    with scripted(RECORDS) as script, time_machine.travel(1567645682.9, tick=False):
        assert fetch(fetcher, script) == [b'{"a": 1}']
    sent = script.requests[0].headers
    assert sent["x-request-time"] == "1567645682"
    assert sent["dgi-api-key"] == KEY
    assert sent["dgi-api-token"] == token(KEY, SECRET, 1567645682)
    assert sent["content-type"] == sent["accept"] == "application/json"


def test_the_connections_joiner_is_used(fetcher: Fetcher) -> None:
    with scripted(RECORDS) as script:
        fetch(fetcher, script, joiner=":")
    sent = script.requests[0].headers
    assert sent["dgi-api-token"] == token(KEY, SECRET, int(sent["x-request-time"]), ":")


@pytest.mark.parametrize(
    ("zone", "begin"), [("Asia/Jakarta", "2026-01-15 00:00:00"), ("Asia/Jayapura", "2026-01-15 02:00:00")]
)
def test_the_window_is_asked_in_the_main_dealers_time_and_filters_are_blank(
    fetcher: Fetcher, zone: str, begin: str
) -> None:
    with scripted(RECORDS) as script:
        fetch(fetcher, script, zone=ZoneInfo(zone))
    asked = script.requests[0]
    assert asked.path == "/dgi-api/v1.3/pkb/read"
    end = begin.replace("-15", "-16")
    assert asked.body == {"fromTime": begin, "toTime": end, "dealerId": "08138", "noWorkOrder": ""}


def test_a_slash_at_the_end_of_the_address_does_not_matter(fetcher: Fetcher) -> None:
    with scripted(RECORDS) as script:
        fetcher.submit(Gateway(**{**vars(gateway(script)), "base_url": f"{script.base_url}/"}), CALL).result(10)
    assert script.requests[0].path == "/dgi-api/v1.3/pkb/read"


def test_calls_wait_for_their_answers_at_the_same_time(fetcher: Fetcher) -> None:
    with scripted(Reply(RECORDS, wait=0.5)) as script:
        calls = [fetcher.submit(gateway(script), CALL) for _ in range(20)]
        assert all(len(call.result(10).records) == 1 for call in calls)
    assert script.most_waiting == 20


def test_leaving_abandons_what_is_under_way() -> None:
    with scripted(Reply(RECORDS, wait=60)) as script:
        began = time.monotonic()
        with Fetcher() as fetcher:
            call = fetcher.submit(gateway(script), CALL)
            time.sleep(0.1)
        assert time.monotonic() - began < 5
    with pytest.raises(CancelledError):
        call.result(1)


def test_a_redirect_is_not_followed(fetcher: Fetcher) -> None:
    with scripted(http(302, Location="/elsewhere")) as script, pytest.raises(Refused, match=r"redirects \(302\)"):
        fetch(fetcher, script)
    assert len(script.requests) == 1


def test_an_address_that_is_not_allowed_any_more_is_not_called(fetcher: Fetcher, settings: Any) -> None:
    settings.DGI_ALLOW_LOOPBACK = False
    with scripted(RECORDS) as script, pytest.raises(Refused, match="DGI_ALLOW_LOOPBACK"):
        fetch(fetcher, script)
    assert script.requests == []


def test_a_stalled_answer_ends_after_the_time_to_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "READ_SECONDS", 0.2)
    with scripted(Reply(RECORDS, wait=60)) as script, Fetcher() as fetcher, pytest.raises(Unreachable) as caught:
        fetch(fetcher, script)
    assert str(caught.value) == "the gateway sent nothing for 0.2 s (after 2 tries)"


def test_the_deadline_is_for_the_whole_call(fetcher: Fetcher) -> None:
    began = time.monotonic()
    with scripted(Reply(RECORDS, wait=60)) as script, pytest.raises(Unreachable, match=r"the deadline of 0\.3 s"):
        fetch(fetcher, script, deadline=0.3)
    assert time.monotonic() - began < 3


def test_an_answer_of_more_than_20_mb_is_refused(fetcher: Fetcher) -> None:
    with (
        scripted(http(200, b" " * (20 * 2**20 + 1))) as script,
        pytest.raises(UnreadableAnswer, match="larger than 20 MB"),
    ):
        fetch(fetcher, script)
    assert len(script.requests) == 1


def test_an_answer_of_20_mb_is_taken(fetcher: Fetcher) -> None:
    nothing = b'{"status":1,"data":[]}'
    with scripted(http(200, nothing + b" " * (20 * 2**20 - len(nothing)))) as script:
        assert fetch(fetcher, script) == []


def packed(size: int) -> bytes:
    """`size` zeros in gzip's spelling."""
    pack = zlib.compressobj(9, wbits=31)
    return b"".join(pack.compress(bytes(2**20)) for _ in range(size // 2**20)) + pack.flush()


def test_an_answer_that_unpacks_beyond_measure_is_refused_before_it_fills_the_memory(
    fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "LARGEST_ANSWER", 2**20)
    bomb = http(200, packed(200 * 2**20), Content_Encoding="gzip")
    with scripted(bomb) as script:
        tracemalloc.start()
        try:
            with pytest.raises(UnreadableAnswer, match="larger than 1 MB"):
                fetch(fetcher, script)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 16 * 2**20


def test_a_packed_answer_is_unpacked(fetcher: Fetcher) -> None:
    pack = zlib.compressobj(wbits=31)
    five = pack.compress(b'{"status":1,"data":[5]}') + pack.flush()
    with scripted(http(200, five, Content_Encoding="gzip")) as script:
        assert fetch(fetcher, script) == [b"5"]


def test_the_words_of_a_refusal_are_those_of_the_gateway_once(fetcher: Fetcher) -> None:
    refusal = {"status": 403, "title": "Forbidden", "errors": {"dealerId": ["Not your dealer"]}}
    with scripted(http(403, refusal)) as script, pytest.raises(CredentialRefused) as caught:
        fetch(fetcher, script)
    assert str(caught.value) == "the gateway refused our credential (403): Forbidden Not your dealer"


def test_a_refusal_by_a_web_page_is_told_by_its_title(fetcher: Fetcher) -> None:
    with (
        scripted(http(404, b"<html><title>Not here</title>")) as script,
        pytest.raises(Refused, match=r"\(404\): Not here$"),
    ):
        fetch(fetcher, script)


def test_a_credential_that_cannot_be_opened_is_told_and_nothing_is_sent(fetcher: Fetcher) -> None:
    sealed = Secret("gAAAAABsomething", "ingestion.connection.api_key")
    with scripted(RECORDS) as script, pytest.raises(GatewayError, match="FIELD_KEYS has no key that opens"):
        fetch(fetcher, script, api_key=sealed)
    assert script.requests == []


def test_neither_key_nor_token_is_in_what_an_error_or_a_gateway_shows(fetcher: Fetcher) -> None:
    with scripted(http(400, b"no")) as script, pytest.raises(GatewayError) as caught:
        fetch(fetcher, script)
    shown = f"{caught.value!r} {caught.value.__dict__} {gateway(script)!r} {gateway(script)}"
    for text in (KEY, SECRET, script.requests[0].headers["dgi-api-token"]):
        assert text not in shown


def probe(fetcher: Fetcher, *replies: Reply | bytes) -> client.Probe:
    with scripted(*replies) as script:
        return fetcher.probe(gateway(script), CALL)


def test_a_probe_of_a_sound_gateway_shows_how_far_its_clock_is(fetcher: Fetcher) -> None:
    with time_machine.travel(datetime(2026, 1, 15, 3, 0, tzinfo=UTC), tick=False):
        date = "Thu, 15 Jan 2026 03:00:25 GMT"
        found = probe(fetcher, http(200, {"status": 1, "data": []}, Date=date))
    assert found == client.Probe(reachable=True, accepted=True, skew=25.0)


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 15 Jan 2026 03:00:25 +99999999999999999999"])
def test_a_probe_lives_without_a_readable_clock(fetcher: Fetcher, date: str) -> None:
    assert probe(fetcher, http(200, {"status": 1}, Date=date)) == client.Probe(reachable=True, accepted=True, skew=None)


def test_a_probe_tells_a_refused_credential_from_an_unreachable_gateway(fetcher: Fetcher) -> None:
    refused = probe(fetcher, http(401, {"error": "invalid_token", "error_description": "old"}))
    assert (refused.reachable, refused.accepted) == (True, False)
    assert "old" in refused.error
    gone = probe(fetcher, Reply(b"", reset=True), RECORDS)
    assert (gone.reachable, gone.accepted) == (False, False)
    assert gone.error


@pytest.mark.parametrize(
    "reply",
    [
        http(401, f'{{"message":"bad key {KEY} and {SECRET}"}}'.encode()),
        http(200, f'{{"status":0,"message":"Token invalid for {KEY} / {SECRET}"}}'.encode()),
        http(403, f"<html><title>{KEY} {SECRET}</title>".encode()),
        http(200, f"not JSON at all: {'x' * 80} {SECRET}".encode()),
    ],
)
def test_a_gateway_that_repeats_our_credential_is_not_quoted(fetcher: Fetcher, reply: bytes) -> None:
    with scripted(reply) as script, pytest.raises(GatewayError) as caught:
        fetch(fetcher, script)
    assert not any(secret[:8] in str(caught.value) for secret in (KEY, SECRET))
    with scripted(reply) as script:
        assert SECRET not in fetcher.probe(gateway(script), CALL).error


def test_a_token_that_a_gateway_repeats_is_not_quoted(fetcher: Fetcher) -> None:
    reply = http(401, b'{"message":"token ' + b"0a" * 32 + b' is old"}')
    with scripted(reply) as script, pytest.raises(GatewayError, match=r"token \*{8} is old"):
        fetch(fetcher, script)
