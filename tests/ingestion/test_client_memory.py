"""What an answer may cost: bombs are refused before they fill the memory, and large answers come one at a time."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, wait
from pathlib import Path

import pytest

from ingestion import client
from ingestion.answer import GatewayFault, TooLarge, Unreachable, UnreadableAnswer, records
from ingestion.client import Fetcher
from tests.ingestion.scripted import RECORDS, Reply, http, scripted
from tests.ingestion.test_client import CALL, gateway

MB = 2**20
ROOT = Path(__file__).parents[2]


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with Fetcher() as opened:
        yield opened


def packed(size: int, wbits: int) -> bytes:
    """`size` zeros, made from one packed block over and over."""
    pack, block = zlib.compressobj(9, wbits=wbits), 64 * MB
    first = pack.compress(bytes(block)) + pack.flush(zlib.Z_FULL_FLUSH)
    again = pack.compress(bytes(block)) + pack.flush(zlib.Z_FULL_FLUSH)
    return first + again * (size // block - 1)


def bomb(size: int = 10 * 2**30, wbits: int = 31, status: int = 200) -> bytes:
    encoding = "gzip" if wbits > 15 else "deflate"
    return http(status, packed(size, wbits), Content_Encoding=encoding, Content_Type="application/json")


def chunked(wire: bytes) -> bytes:
    """The same answer with its body in chunks."""
    head, _, content = wire.partition(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
    pieces = (content[at : at + 60_000] for at in range(0, len(content), 60_000))
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    return b"\r\n".join([*lines, b"Transfer-Encoding: chunked", b"", chunks + b"0\r\n\r\n"])


def nested_lists() -> bytes:
    return http(200, b'{"status":1,"data":' + b"[" * 19 * MB)


COSTLY: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "gzip": (bomb, "TooLarge", "larger than 20 MB"),
    "gzip in chunks": (lambda: chunked(bomb()), "TooLarge", "larger than 20 MB"),
    "deflate": (lambda: bomb(wbits=15), "TooLarge", "larger than 20 MB"),
    "deflate without its header": (lambda: bomb(wbits=-15), "TooLarge", "larger than 20 MB"),
    "gzip in gzip": (
        lambda: http(200, gzip.compress(packed(10 * 2**30, 31)), Content_Encoding="gzip"),
        "UnreadableAnswer",
        "no complete JSON",
    ),
    "gzip in gzip, told": (
        lambda: http(200, gzip.compress(packed(10 * 2**30, 31)), Content_Encoding="gzip, gzip"),
        "UnreadableAnswer",
        "no complete JSON",
    ),
    "beside an error": (lambda: bomb(status=503), "GatewayFault", "the gateway failed (503)"),
    "small records": (
        lambda: http(200, b'{"status":1,"data":[%s]}' % (b"1," * 9 * MB + b"1")),
        "TooLarge",
        "more than 1,000,000 values",
    ),
    "escapes to mend": (
        lambda: http(200, b'{"status":1,"data":["%s\0"]}' % (rb"\n" * 9 * MB)),
        "Answer",
        "",
    ),
    "a long message": (
        lambda: http(200, b'{"status":0,"message":[%s""]}' % (b'{"":""},' * 9 * 10**5)),
        "Refused",
        "the gateway refused the request",
    ),
    "many keys": (
        lambda: http(200, b"{%s}" % b",".join(b'"%d":1' % number for number in range(9 * 10**5))),
        "UnreadableAnswer",
        "no object with status and data",
    ),
    "depth": (nested_lists, "UnreadableAnswer", "nested deeper than"),
}


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the memory of a process is read from /proc")
@pytest.mark.parametrize("kind", COSTLY)
def test_an_answer_made_to_cost_memory_costs_less_than_100_mb(kind: str) -> None:
    make, outcome, words = COSTLY[kind]
    with scripted(make()) as script:
        done = subprocess.run(
            [sys.executable, "-m", "tests.ingestion.one_call", script.base_url],
            cwd=ROOT,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings"},
            capture_output=True,
            text=True,
            check=True,
            timeout=100,
        )
    found = json.loads(done.stdout)
    assert found["outcome"] == outcome, found
    assert words in found["words"]
    assert found["growth"] < 100 * 10**6


def large(records: int = 1, size: int = 3 * MB) -> bytes:
    """An answer of `size` bytes and more."""
    return http(200, b'{"status":1,"data":[%s]}' % b",".join([b'"%s"' % (b"x" * (size // records))] * records))


def test_large_answers_come_one_at_a_time_and_small_ones_pass_by(fetcher: Fetcher) -> None:
    with scripted(large()) as script, scripted(RECORDS) as small:
        calls = {fetcher.submit(gateway(script), CALL) for _ in range(4)}
        while calls:
            done, calls = wait(calls, timeout=20, return_when=FIRST_COMPLETED)
            [here] = done
            assert fetcher.submit(gateway(small), CALL).result(10).size < MB
            assert not wait(calls, timeout=0.1, return_when=FIRST_COMPLETED).done
            with here.result() as answer:
                assert answer.size > 3 * MB
    assert len(script.requests) == 4


def test_an_answer_that_waits_its_turn_may_take_longer_than_any_time_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "READ_SECONDS", 0.8)
    with scripted(large(size=15 * MB)) as script, Fetcher() as fetcher:
        first = fetcher.submit(gateway(script), CALL).result(20)
        second = fetcher.submit(gateway(script, deadline=2.5), CALL)
        with pytest.raises(TimeoutError):
            second.result(3)
        first.release()
        assert (second.result(20).calls, len(second.result().records)) == (1, 1)


def test_a_gateway_that_stalls_while_its_answer_waits_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "READ_SECONDS", 0.3)
    half = Reply(large()[: MB + 10_000], linger=60)
    with scripted(large()) as script, scripted(half) as stalling, Fetcher() as fetcher:
        with fetcher.submit(gateway(script), CALL).result(20):
            second = fetcher.submit(gateway(stalling, tries=1), CALL)
            with pytest.raises(TimeoutError):
                second.result(1)
        with pytest.raises(Unreachable, match="sent nothing for"):
            second.result(20)
        fetcher.submit(gateway(script), CALL).result(20).release()


@pytest.mark.parametrize(
    ("wire", "kind"),
    [
        (large(size=21 * MB), TooLarge),
        (http(200, b"[" + b"1," * MB), UnreadableAnswer),
        (large()[: 2 * MB], Unreachable),
    ],
)
def test_an_answer_that_fails_lets_the_next_one_in(fetcher: Fetcher, wire: bytes, kind: type[Exception]) -> None:
    with scripted(wire) as script, scripted(large()) as fine:
        with pytest.raises(kind):
            fetcher.submit(gateway(script, tries=2), CALL).result(20)
        assert fetcher.submit(gateway(fine), CALL).result(20).size > 3 * MB


def test_an_answer_that_nobody_keeps_lets_the_next_one_in(fetcher: Fetcher) -> None:
    with scripted(large()) as script:
        for _ in range(3):
            assert fetcher.submit(gateway(script), CALL).result(20).size > 3 * MB


def test_a_cancelled_call_lets_the_next_one_in(fetcher: Fetcher) -> None:
    with scripted(large()) as script:
        first = fetcher.submit(gateway(script), CALL).result(20)
        waiting = [fetcher.submit(gateway(script), CALL) for _ in range(2)]
        while script.most_waiting < 1 or len(script.requests) < 3:
            wait(waiting, timeout=0.05)
        waiting[0].cancel()
        first.release()
        waiting[1].result(20).release()


def test_an_answer_is_released_once_whoever_says_so_how_often(fetcher: Fetcher) -> None:
    with scripted(large()) as script:
        first = fetcher.submit(gateway(script), CALL).result(20)
        for _ in range(3):
            first.release()
        assert first.records == []
        with fetcher.submit(gateway(script), CALL).result(20):
            first.release()
            third = fetcher.submit(gateway(script), CALL)
            with pytest.raises(TimeoutError):
                third.result(0.3)
        third.result(20).release()


def test_an_answer_outlives_its_fetcher() -> None:
    with scripted(large()) as script:
        with Fetcher() as fetcher:
            found = fetcher.submit(gateway(script), CALL).result(20)
        assert len(found.records) == 1
        found.release()


def test_an_error_does_not_keep_the_answer_it_tells_of(fetcher: Fetcher) -> None:
    wires = [large(size=21 * MB), http(200, b'{"status":0,"data":"%s"' % (b"x" * 15 * MB))]
    tracemalloc.start()
    try:
        for wire in wires:
            with scripted(wire) as script:
                calls = [fetcher.submit(gateway(script), CALL) for _ in range(4)]
                assert all(isinstance(call.exception(30), UnreadableAnswer) for call in calls)
                del script
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < 5 * MB


def test_records_are_views_of_the_answer_and_no_copies() -> None:
    content = bytearray(b'{"status":1,"data":["%s"]}' % (b"x" * 15 * MB))
    tracemalloc.start()
    try:
        found = records(content)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found[0]) == 15 * MB + 2
    assert peak < MB


def test_the_most_records_are_taken_and_one_more_is_refused(fetcher: Fetcher) -> None:
    with scripted(http(200, b'{"status":1,"data":[%s1]}' % (b"1," * 49_999))) as script:
        assert len(fetcher.submit(gateway(script), CALL).result(20).records) == 50_000
    with (
        scripted(http(200, b'{"status":1,"data":[%s1]}' % (b"1," * 50_000))) as script,
        pytest.raises(TooLarge, match="50,001 records, more than 50,000; ask for shorter windows"),
    ):
        fetcher.submit(gateway(script), CALL).result(20)


def test_of_a_refusal_no_more_is_read_than_its_words(fetcher: Fetcher) -> None:
    page = b"<title>Down</title>" + b" " * 30 * MB
    with scripted(http(503, page)) as script, pytest.raises(GatewayFault, match=r"\(503\): Down"):
        fetcher.submit(gateway(script, tries=1), CALL).result(20)
