"""The sandbox as a server: what it checks, what it answers, what can be switched."""

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from ingestion.sandbox.admission import token
from ingestion.sandbox.config import DEMO_API_KEY, SandboxConfig
from ingestion.sandbox.modules import MODULES
from ingestion.sandbox.server import make_app, run, running, switches_only_from_here
from tests.ingestion.sandbox_calls import CONFIG, LOCAL_NOW, NOW, Sandbox, body, call, headers, send, switch, text

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with running(CONFIG) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    """The served sandbox, with its quirks put back afterwards."""
    yield served
    served[1].quirks = CONFIG.quirks


@pytest.mark.parametrize("module", MODULES)
def test_every_module_answers(sandbox: Sandbox, module: str) -> None:
    answer = call(sandbox, module, body(fromTime=text(LOCAL_NOW - timedelta(days=7))))
    assert answer["status"] == 1
    assert answer["message"] is None
    assert answer["data"]


def test_the_token_is_that_of_the_published_vector() -> None:
    config = SandboxConfig(api_key="dgi-key-live:h3oiu8b54que", secret_key="dgi-secret-live:dTvCnLh58A")
    assert token(config, "1567645682") == "67b89654150621abb8f9fbb13c296ca0b368d86f76966698f22e59786b134c9a"


def test_a_joiner_of_the_credential_is_part_of_the_token() -> None:
    config = SandboxConfig(now=lambda: NOW, joiner=":")
    with running(config) as sandbox:
        url, content = f"{sandbox[0]}/prsp/read", json.dumps(body()).encode()
        assert json.loads(send(url, content, headers(config=config))[2])["status"] == 1
        assert json.loads(send(url, content, headers())[2])["status"] == 0


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"Content-Type": "text/plain"}, "Content-Type"),
        ({"X-Request-Time": "soon"}, "X-Request-Time"),
        ({"X-Request-Time": str(int(NOW.timestamp()) - 11)}, "differs by 11 seconds"),
        ({"DGI-API-Key": "dgi-key-live:other"}, "DGI-API-Key"),
        ({"DGI-API-Token": "0" * 64}, "DGI-API-Token"),
        ({"DGI-API-Token": ""}, "DGI-API-Token"),
    ],
)
def test_wrong_headers_are_refused(sandbox: Sandbox, changed: dict[str, str], reason: str) -> None:
    answer = call(sandbox, "prsp", body(), **changed)
    assert (answer["status"], answer["data"]) == (0, None)
    assert reason in answer["message"]["message1"]


def test_a_clock_ten_seconds_off_is_accepted(sandbox: Sandbox) -> None:
    sent_at = int(NOW.timestamp()) + 10
    answer = send(f"{sandbox[0]}/prsp/read", json.dumps(body()).encode(), headers(sent_at=sent_at))[2]
    assert json.loads(answer)["status"] == 1


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"fromTime": ""}, "mandatory"),
        ({"fromTime": None}, "mandatory"),
        ({"fromTime": 20251119}, "must be text"),
        ({"fromTime": "19/11/2025 00:00:00"}, "YYYY-MM-DD HH:MM:SS"),
        ({"toTime": "2025-11-20"}, "YYYY-MM-DD HH:MM:SS"),
        ({"toTime": "2025-11-18 00:00:00"}, "before fromTime"),
        ({"fromTime": "2025-11-10 00:00:00", "toTime": "2025-11-17 00:00:01"}, "over 7 days"),
        ({"fromTime": "2025-10-20 00:00:00", "toTime": "2025-10-21 00:00:00"}, "over 30 days ago"),
        ({"dealerId": "99999"}, "99999"),
    ],
)
def test_wrong_bodies_are_refused(sandbox: Sandbox, fields: dict[str, Any], reason: str) -> None:
    answer = call(sandbox, "prsp", body(**fields))
    assert answer["status"] == 0
    assert reason in answer["message"]["message1"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(sandbox: Sandbox, content: bytes) -> None:
    assert json.loads(send(f"{sandbox[0]}/prsp/read", content, headers())[2])["status"] == 0


def test_the_longest_window_and_the_oldest_moment_are_allowed(sandbox: Sandbox) -> None:
    oldest = LOCAL_NOW - timedelta(days=30)
    answer = call(sandbox, "pkb", body(fromTime=text(oldest), toTime=text(oldest + timedelta(days=7))))
    assert answer["status"] == 1


def test_a_week_without_an_end_is_allowed_although_the_request_took_its_time(sandbox: Sandbox) -> None:
    assert call(sandbox, "pkb", body(fromTime=text(LOCAL_NOW - timedelta(days=7, seconds=9))))["status"] == 1


@pytest.mark.parametrize("path", ["/prsp/add", "/nothing/read"])
def test_an_unknown_endpoint_is_refused(sandbox: Sandbox, path: str) -> None:
    answer = json.loads(send(sandbox[0] + path, json.dumps(body()).encode(), headers())[2])
    assert "Unknown endpoint" in answer["message"]["message1"]


def test_reading_by_get_is_refused(sandbox: Sandbox) -> None:
    assert json.loads(send(f"{sandbox[0]}/prsp/read", None, headers())[2])["status"] == 0


@pytest.mark.parametrize(
    ("shape", "status", "key"),
    [("text", 200, "message"), ("problem", 401, "errors"), ("code", 401, "http_status_code"), ("oauth", 401, "error")],
)
def test_refusals_have_the_shape_of_the_configuration(shape: Any, status: int, key: str) -> None:
    with running(SandboxConfig(now=lambda: NOW, error_shape=shape)) as sandbox:
        content = json.dumps(body()).encode()
        answer = send(f"{sandbox[0]}/prsp/read", content, headers({"DGI-API-Token": "no"}))
    assert answer[0] == status
    assert key in json.loads(answer[2])


def test_no_match_is_a_success_without_data(sandbox: Sandbox) -> None:
    assert call(sandbox, "prsp", body(idProspect="none")) == {"status": 1, "message": None, "data": []}


def test_without_a_dealer_the_answer_covers_all_of_the_credential(sandbox: Sandbox) -> None:
    found = {record["dealerId"] for record in call(sandbox, "prsp", body(dealerId=""))["data"]}
    assert found == set(CONFIG.dealers)


def test_the_window_is_local_time_and_ends_now_by_default(sandbox: Sandbox) -> None:
    records = call(sandbox, "prsp", body())["data"]
    assert records == call(sandbox, "prsp", body(toTime=text(LOCAL_NOW)))["data"]
    for record in records:
        times = [record["createdTime"], record["modifiedTime"] or record["createdTime"]]
        moments = [datetime.strptime(time, "%d/%m/%Y %H:%M:%S") for time in times]
        assert any(LOCAL_NOW - timedelta(days=1) <= moment <= LOCAL_NOW for moment in moments)


@pytest.mark.parametrize("module", MODULES)
def test_a_blank_filter_filters_nothing(sandbox: Sandbox, module: str) -> None:
    blank = dict.fromkeys(MODULES[module].filters, "")
    assert call(sandbox, module, body(**blank)) == call(sandbox, module, body())


@pytest.mark.parametrize(
    ("module", "name", "path"),
    [
        ("prsp", "idSalesPeople", ("idSalesPeople",)),
        ("pkb", "noWorkOrder", ("noWorkOrder",)),
        ("pinb", "noPO", ("po", "noPO")),
        ("uinb", "poId", ("unit", "poId")),
        ("bast", "idCustomer", ("detail", "idCustomer")),
        ("prsl", "noPO", ("noSO",)),
        ("prsl", "noSO", ("noSO",)),
        ("mdinvh3", "noPO", ("parts", "noPO")),
        ("spk", "idProspect ", ("idProspect",)),
    ],
)
def test_a_filter_finds_what_it_names(sandbox: Sandbox, module: str, name: str, path: tuple[str, ...]) -> None:
    def values(record: dict[str, Any]) -> list[str]:
        return [line[path[1]] for line in record[path[0]]] if len(path) > 1 else [record[path[0]]]

    window = {"fromTime": text(LOCAL_NOW - timedelta(days=6))}
    everything = call(sandbox, module, body(**window))["data"]
    wanted = values(everything[0])[0]
    found = call(sandbox, module, body(**window, **{name: wanted}))["data"]
    assert found == [record for record in everything if wanted in values(record)]


def test_filters_know_what_the_record_does_not_show(sandbox: Sandbox) -> None:
    window = {"fromTime": text(LOCAL_NOW - timedelta(days=6))}
    receipts = call(sandbox, "uinb", body(**window))["data"]
    wanted = receipts[-1]
    invoices = call(sandbox, "mdinvh1", body(**window, noShippingList=wanted["noShippingList"]))["data"]
    assert [invoice["noInvoice"] for invoice in invoices] == [wanted["noInvoice"]]


def test_quirks_are_switched_at_run_time(sandbox: Sandbox) -> None:
    assert switch(sandbox, "quirks", {"on": ["Q11"], "off": ["Q4"]})[0] == HTTPStatus.OK
    assert {"Q11"} <= sandbox[1].quirks
    assert "Q4" not in sandbox[1].quirks
    keys = [record["noWorkOrder"] for record in call(sandbox, "pkb", body())["data"]]
    assert len(keys) > len(set(keys))
    status, answer = switch(sandbox, "quirks", {"on": ["Q99"]})
    assert (status, answer) == (HTTPStatus.BAD_REQUEST, b"unknown quirks: Q99")


@pytest.mark.parametrize("content", [[], {"on": 1}, {"on": [[]]}])
def test_a_switch_that_makes_no_sense_is_a_bad_request(sandbox: Sandbox, content: object) -> None:
    assert switch(sandbox, "quirks", content)[0] == HTTPStatus.BAD_REQUEST


def test_stats_count_calls_and_records(sandbox: Sandbox) -> None:
    url = sandbox[0].replace("/dgi-api/v1.3", "/sandbox/stats")
    before = json.loads(send(url, None)[2])
    count = len(call(sandbox, "lsng", body())["data"])
    after = json.loads(send(url, None)[2])
    assert after["calls"]["lsng"] == before["calls"].get("lsng", 0) + 1
    assert after["records"]["lsng"] == before["records"].get("lsng", 0) + count


@pytest.mark.parametrize("address", ["10.0.0.7", "2001:db8::1", ""])
def test_the_switches_are_for_this_machine_only(address: str) -> None:
    async def switched(_request: web.Request) -> web.StreamResponse:
        return web.Response()

    here = make_mocked_request("POST", "/sandbox/quirks").clone(remote="127.0.0.1")
    assert asyncio.run(switches_only_from_here(here, switched)).status == HTTPStatus.OK
    with pytest.raises(web.HTTPForbidden):
        asyncio.run(switches_only_from_here(here.clone(remote=address), switched))


def test_answers_carry_the_date_of_the_gateways_own_clock(sandbox: Sandbox) -> None:
    status, sent, _ = send(sandbox[0].replace("/dgi-api/v1.3", "/livez"), None)
    assert status == HTTPStatus.OK
    assert sent["Date"] == "Thu, 20 Nov 2025 07:30:00 GMT"


def test_a_call_is_told_in_one_line() -> None:
    said: list[tuple[dict[str, object], str]] = []
    with running(SandboxConfig(now=lambda: NOW), lambda *told: said.append(told)) as sandbox:
        call(sandbox, "prsp", body())
        call(sandbox, "prsp", body(dealerId="99999"))
    (first, line), (second, refusal) = said
    outcome = str(second["outcome"])
    assert line.startswith("14:30:00 prsp      08138  19 Nov 14:30 to 20 Nov 14:30  ")
    assert outcome.startswith("refused: dealerId 99999")
    assert outcome in refusal
    assert (first["module"], first["dealer"]) == ("prsp", "08138")


def test_the_secret_is_never_shown() -> None:
    assert "dgi-secret" not in repr(SandboxConfig())
    assert DEMO_API_KEY in repr(SandboxConfig())


def test_an_unknown_quirk_or_fault_stops_the_start() -> None:
    with pytest.raises(ValueError, match="Q77"):
        make_app(SandboxConfig(quirks=frozenset({"Q77"})))
    with pytest.raises(ValueError, match="flood"):
        make_app(SandboxConfig(faults=((None, "flood"),)))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_even_in_the_middle_of_a_stalled_call(number: signal.Signals) -> None:
    port = free_port()
    program = (
        "from ingestion.sandbox.config import SandboxConfig; from ingestion.sandbox.server import run\n"
        f"run(SandboxConfig(faults=((None, 'stall'),)), port={port})"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"DGI sandbox of H2Z" in process.stdout.readline()
        stalled = _stalled_call(port)
        started = time.perf_counter()
        process.send_signal(number)
        assert process.wait(5) == 0
        assert time.perf_counter() - started < 4
        stalled.close()


def _stalled_call(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=5)
    connection.sendall(b"POST /dgi-api/v1.3/prsp/read HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 2\r\n\r\n{}")
    time.sleep(0.1)
    return connection


def test_a_taken_port_is_an_error_and_nothing_is_announced() -> None:
    said: list[str] = []
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="address already in use"):
            run(CONFIG, port=taken.getsockname()[1], say=lambda _event, line: said.append(line))
    assert said == []


def test_it_needs_neither_django_nor_the_rest_of_the_project() -> None:
    program = (
        "import sys; import ingestion.sandbox.server\n"
        "ours = [name for name in sys.modules if name.startswith('ingestion.')]\n"
        "strangers = [name for name in ours if not name.startswith('ingestion.sandbox')]\n"
        "strangers += {'django', 'config', 'dealers', 'celery'} & set(sys.modules)\n"
        "sys.exit(', '.join(strangers) or 0)"
    )
    finished = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stderr) == (0, "")
