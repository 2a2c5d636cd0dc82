"""When a gateway counts as down, and what a call does about it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ingestion import answer, client
from ingestion.answer import GatewayError
from ingestion.circuit import FAILURES, Circuit
from ingestion.client import Fetcher
from tests.ingestion.scripted import RECORDS, Reply, http, scripted
from tests.ingestion.test_client import CALL, gateway

DOWN = "; the gateway fails again and again, so it is left alone for a minute"
BROKEN = http(500, b"Oops")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "FIRST_PAUSE", 0.001)


@pytest.fixture
def fetcher() -> Iterator[Fetcher]:
    with Fetcher() as opened:
        yield opened


def circuit_after(*dealerships: int, alone: bool = False) -> Circuit:
    """A circuit after a failed call of each."""
    made = Circuit(alone=alone)
    for each in dealerships:
        made.failed(each)
    return made


def told(fetcher: Fetcher, wire: bytes | Reply, circuit: Circuit, dealership_id: int = 1, **changes: Any) -> str:
    """What a call fails with."""
    with scripted(wire) as script, pytest.raises(GatewayError) as caught:
        fetcher.submit(gateway(script, circuit=circuit, **changes), replace(CALL, dealership_id=dealership_id)).result(
            30
        )
    assert caught.value.calls == len(script.requests)
    return str(caught.value)


def test_it_opens_after_five_failures_in_a_row_from_two_dealerships() -> None:
    assert FAILURES == 5
    assert not circuit_after(1, 2, 1, 2).is_open
    assert circuit_after(1, 1, 1, 1, 2).is_open


def test_one_failing_dealership_does_not_open_it_for_its_neighbours() -> None:
    circuit = circuit_after(*[1] * 20)
    assert not circuit.is_open
    circuit.failed(2)
    assert circuit.is_open


def test_a_connection_of_one_dealership_opens_after_five_failures() -> None:
    assert not circuit_after(*[1] * 4, alone=True).is_open
    assert circuit_after(*[1] * 5, alone=True).is_open


def test_a_success_closes_it_and_ends_the_row() -> None:
    circuit = circuit_after(1, 2, 1, 2, 1)
    circuit.succeeded()
    assert not circuit.is_open
    for each in (1, 2, 1, 2):
        circuit.failed(each)
    assert not circuit.is_open


def test_no_failure_is_lost_between_threads() -> None:
    circuit = Circuit()
    threads = [threading.Thread(target=lambda: [circuit.failed(1) for _ in range(5000)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert circuit.failures == 20_000


@pytest.mark.parametrize(
    ("kind", "counts"),
    [
        (answer.Unreachable, True),
        (answer.GatewayFault, True),
        (answer.UnreadableAnswer, True),
        (answer.CredentialRefused, True),
        (answer.ClockSkew, True),
        (answer.TooLarge, False),
        (answer.Refused, False),
        (answer.Busy, None),
        (answer.NotCalled, None),
    ],
)
def test_what_each_failure_says_of_the_gateways_health(kind: type[GatewayError], counts: bool | None) -> None:
    assert kind("words").counts is counts


@pytest.mark.parametrize(
    ("wire", "failures"),
    [
        (RECORDS, 0),
        (http(400, b"no"), 0),
        (http(200, b'{"status":1,"data":[%s]}' % (b"1," * 50_000 + b"1")), 0),
        (http(429, b"slow"), 3),
        (http(503, b"down"), 5),
        (http(401, b"who?"), 4),
        (http(200, b"<p>"), 4),
        (Reply(b"", reset=True), 5),
    ],
)
def test_every_try_of_a_call_counts(fetcher: Fetcher, wire: bytes | Reply, failures: int) -> None:
    circuit = circuit_after(1, 1, 1)
    with scripted(wire) as script:
        fetcher.submit(gateway(script, circuit=circuit), CALL).exception(30)
    assert circuit.failures == failures


def test_a_call_that_was_not_made_says_nothing_of_the_gateway(fetcher: Fetcher, settings: Any) -> None:
    settings.DGI_ALLOW_LOOPBACK = False
    circuit = circuit_after(1, 2, 1)
    assert "DGI_ALLOW_LOOPBACK" in told(fetcher, RECORDS, circuit)
    assert circuit.failures == 3


def test_a_call_beyond_its_deadline_counts_as_a_failure(fetcher: Fetcher) -> None:
    circuit = Circuit()
    told(fetcher, Reply(RECORDS, wait=60), circuit, deadline=0.2)
    assert circuit.failures == 1


def test_the_failure_that_opens_it_says_so(fetcher: Fetcher) -> None:
    circuit = circuit_after(1, 1, 1, 1)
    assert told(fetcher, BROKEN, circuit).endswith("(after 5 tries)")
    assert told(fetcher, BROKEN, circuit, dealership_id=2) == f"the gateway failed (500): Oops{DOWN}"


def test_while_it_is_open_a_call_is_made_but_not_tried_again(fetcher: Fetcher) -> None:
    circuit = circuit_after(1, 2, 1, 2, 1)
    assert told(fetcher, BROKEN, circuit) == f"the gateway failed (500): Oops{DOWN}"
    assert told(fetcher, http(429, b"slow"), circuit).startswith("the gateway asks to slow down")
    with scripted(RECORDS) as script:
        assert fetcher.submit(gateway(script, circuit=circuit), CALL).result(30).calls == 1
    assert not circuit.is_open


def test_a_call_under_way_stops_trying_when_it_opens(fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    circuit = circuit_after(1, 2, 1, 2)
    read = client.once

    async def fifth_failure_elsewhere(*args: Any) -> Any:
        circuit.failed(3)
        return await read(*args)

    monkeypatch.setattr(client, "once", fifth_failure_elsewhere)
    assert told(fetcher, BROKEN, circuit) == f"the gateway failed (500): Oops{DOWN}"


def test_a_gateway_may_be_tried_less_often(fetcher: Fetcher) -> None:
    assert told(fetcher, BROKEN, Circuit(), tries=1) == "the gateway failed (500): Oops"
    assert told(fetcher, BROKEN, Circuit(), tries=3).endswith("(after 3 tries)")


def test_an_answer_knows_its_tries_and_its_size(fetcher: Fetcher) -> None:
    with scripted(BROKEN, BROKEN, RECORDS) as script:
        found = fetcher.submit(gateway(script), CALL).result(30)
    assert (found.calls, found.size, len(found.records)) == (3, len(RECORDS.partition(b"\r\n\r\n")[2]), 1)


def test_gateways_are_alike_whatever_their_circuits_say() -> None:
    with scripted(RECORDS) as script:
        one = gateway(script)
        other = replace(one, circuit=circuit_after(1, 2, 3))
    assert one == other
    assert len({one, other}) == 1
    assert gateway(script).circuit is not one.circuit
