"""Each fault of the sandbox does what its line in the registry says, to its dealer and to nobody else."""

import http.client
import json
import urllib.request
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus
from itertools import pairwise
from typing import Any

import pytest

from ingestion.sandbox import faults_of_connections
from ingestion.sandbox.faults import FAULTS, chosen
from ingestion.sandbox.modules import MODULES
from ingestion.sandbox.server import running
from tests.ingestion.sandbox_calls import CONFIG, LOCAL_NOW, NOW, Sandbox, body, call, headers, send, switch, text

DEALER, NEIGHBOUR = "08138", "08139"
WEEK = {"fromTime": text(LOCAL_NOW - timedelta(days=7))}

Records = list[dict[str, Any]]


@pytest.fixture(scope="module")
def served() -> Iterator[Sandbox]:
    with running(CONFIG) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(served: Sandbox) -> Iterator[Sandbox]:
    """The served sandbox; its faults are put back afterwards."""
    yield served
    served[1].faults.by_dealer.clear()


def befall(sandbox: Sandbox, fault: str | None, dealer: str | None = DEALER) -> None:
    status, answer = switch(sandbox, "faults", {"dealer": dealer, "fault": fault})
    assert status == HTTPStatus.OK, answer


def answer(sandbox: Sandbox, module: str = "pkb", dealer: str = DEALER) -> tuple[int, Any, bytes]:
    content = json.dumps(body(**WEEK, dealerId=dealer)).encode()
    return send(f"{sandbox[0]}/{module}/read", content, headers())


def records(sandbox: Sandbox, module: str = "pkb", dealer: str = DEALER) -> Records:
    return list(call(sandbox, module, body(**WEEK, dealerId=dealer))["data"])


def lines(found: Records) -> Records:
    return [line for record in found for value in record.values() if isinstance(value, list) for line in value]


STATUSES: dict[str, tuple[int, bytes]] = {
    "html": (200, b"<!DOCTYPE html>"),
    "badgateway": (502, b"<!DOCTYPE html>"),
    "empty": (200, b""),
    "nothing": (200, b'{"status":1,"message":null,"data":[]}'),
    "error500": (500, b"Internal"),
    "flaky": (500, b"Internal"),
    "busy429": (429, b'{"http_status_code"'),
    "busy_date": (429, b'{"http_status_code"'),
    "unauthorized": (401, b'{"error"'),
    "expired_token": (200, b'{"status":0,"message":{"message1":"Invalid token: token is expired"}'),
    "clock_fast": (200, b'{"status":0,"message":{"message1":"X-Request-Time differs by 600 seconds"}'),
    "clock_slow": (200, b'{"status":0,"message":{"message1":"X-Request-Time differs by 600 seconds"}'),
}
"""What each of the faults says instead of an answer."""


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_hits_its_dealer_and_nobody_else(sandbox: Sandbox, fault: str) -> None:
    sound, neighbours = answer(sandbox)[2], answer(sandbox, dealer=NEIGHBOUR)[2]
    befall(sandbox, fault)
    assert answer(sandbox, dealer=NEIGHBOUR)[2] == neighbours
    try:
        status, _, said = answer(sandbox)
    except (OSError, http.client.HTTPException):
        status, said = 0, b""
    expected, start = STATUSES.get(fault, (status, b""))
    assert status == expected
    assert said.startswith(start)
    assert (said != sound) == (fault not in ("stall", "drip", "wrong_type"))
    befall(sandbox, None)
    assert answer(sandbox)[2] == sound


def test_every_fault_is_named_with_what_it_does_and_an_unknown_one_is_refused(sandbox: Sandbox) -> None:
    url = sandbox[0].replace("/dgi-api/v1.3", "/sandbox/faults")
    befall(sandbox, "html", None)
    assert json.loads(send(url, None)[2]) == {
        "on": [{"dealer": None, "fault": "html"}],
        "known": {name: fault.about for name, fault in FAULTS.items()},
    }
    assert all(fault.about for fault in FAULTS.values())
    assert switch(sandbox, "faults", {"dealer": None, "fault": "flood"})[0] == HTTPStatus.BAD_REQUEST


def test_a_dealers_own_fault_goes_before_that_of_all(sandbox: Sandbox) -> None:
    befall(sandbox, "html", None)
    befall(sandbox, "error500", DEALER)
    assert answer(sandbox)[0] == HTTPStatus.INTERNAL_SERVER_ERROR
    assert answer(sandbox, dealer=NEIGHBOUR)[0] == HTTPStatus.OK


def test_a_fault_is_chosen_by_its_name_and_perhaps_a_dealer() -> None:
    assert chosen("html") == (None, "html")
    assert chosen("html:08138") == ("08138", "html")
    with pytest.raises(ValueError, match="unknown fault 'flood'"):
        chosen("flood")
    with pytest.raises(ValueError, match="names no dealer"):
        chosen("html:")


def test_a_fault_that_answers_nothing_is_counted_as_a_call(sandbox: Sandbox) -> None:
    befall(sandbox, "hangup")
    stats = sandbox[1].stats
    before, of_dealer = stats.calls["pkb"], stats.calls_by_dealer[DEALER]
    with pytest.raises(http.client.RemoteDisconnected):
        answer(sandbox)
    assert (stats.calls["pkb"], stats.calls_by_dealer[DEALER]) == (before + 1, of_dealer + 1)


def test_a_reset_comes_after_half_of_the_answer(sandbox: Sandbox) -> None:
    befall(sandbox, "reset")
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        answer(sandbox)


@pytest.mark.parametrize("fault", ["stall", "drip"])
def test_an_answer_that_is_waited_for_comes_at_last(sandbox: Sandbox, fault: str) -> None:
    sound = answer(sandbox)[2]
    befall(sandbox, fault)
    assert answer(sandbox)[2] == sound


def test_half_of_a_dripping_answer_comes_at_once() -> None:
    with running(replace(CONFIG, stall_seconds=60, faults=((None, "drip"),))) as sandbox:
        asked = urllib.request.Request(f"{sandbox[0]}/pkb/read", json.dumps(body()).encode(), headers())
        with urllib.request.urlopen(asked, timeout=10) as response:
            promised = int(response.headers["Content-Length"])
            assert len(response.read(promised // 2)) == promised // 2


def test_a_bomb_begins_like_an_answer_and_goes_on_for_ten_gigabytes(sandbox: Sandbox) -> None:
    befall(sandbox, "gzip_bomb")
    sent, packed = answer(sandbox)[1:]
    assert sent["Content-Encoding"] == "gzip"
    assert len(packed) < 20 * 2**20
    unpacker = zlib.decompressobj(31)
    assert unpacker.decompress(packed, 60).startswith(b'{"status": 1, "message": null, "data": [{"zeros": "000')
    blocks = faults_of_connections.BOMB_BLOCKS * faults_of_connections.BOMB_BLOCK
    assert blocks == 10_000_000_000


@pytest.mark.parametrize("fault", ["busy429", "busy_date"])
def test_a_busy_gateway_says_how_long_to_wait(sandbox: Sandbox, fault: str) -> None:
    befall(sandbox, fault)
    until = NOW + timedelta(seconds=CONFIG.retry_after)
    expected = {"busy429": str(CONFIG.retry_after), "busy_date": format_datetime(until, usegmt=True)}
    assert answer(sandbox)[1]["Retry-After"] == expected[fault]


def test_a_flaky_gateway_answers_every_second_call_of_each_module(sandbox: Sandbox) -> None:
    befall(sandbox, "flaky")
    modules = ("prsl", "prsl", "uinb", "prsl", "uinb")
    assert [answer(sandbox, module)[0] for module in modules] == [500, 200, 500, 500, 200]


def test_a_redirect_leads_where_nobody_should_go(sandbox: Sandbox) -> None:
    befall(sandbox, "redirect")
    status, sent, _ = answer(sandbox)
    assert (status, sent["Location"]) == (HTTPStatus.FOUND, "http://169.254.169.254/")


def test_a_wrong_type_is_one_of_two(sandbox: Sandbox) -> None:
    befall(sandbox, "wrong_type")
    types = {answer(sandbox, module)[1].get_content_type() for module in MODULES}
    assert types == {"text/plain", "application/octet-stream"}


@pytest.mark.parametrize(("fault", "minutes"), [("clock_fast", 10), ("clock_slow", -10)])
def test_the_date_and_the_refusal_are_of_the_same_clock(sandbox: Sandbox, fault: str, minutes: int) -> None:
    befall(sandbox, fault)
    theirs = NOW + timedelta(minutes=minutes)
    assert answer(sandbox)[1]["Date"] == format_datetime(theirs, usegmt=True)
    sent = headers(sent_at=int(theirs.timestamp()))
    assert json.loads(send(f"{sandbox[0]}/pkb/read", json.dumps(body()).encode(), sent)[2])["status"] == 1


def test_too_large_and_too_many_are_more_than_the_limits(sandbox: Sandbox) -> None:
    befall(sandbox, "too_large")
    large = answer(sandbox)[2]
    assert len(large) > 20 * 2**20
    assert json.loads(large)["data"]
    befall(sandbox, "many")
    crowd = records(sandbox)
    assert len({record["noWorkOrder"] for record in crowd}) == len(crowd) > 50_000


def test_a_deep_value_is_well_formed_but_for_its_depth(sandbox: Sandbox) -> None:
    befall(sandbox, "deep")
    said = answer(sandbox)[2]
    assert said.count(b"[") == said.count(b"]") == 100_001


@pytest.mark.parametrize("module", MODULES)
def test_a_huge_string_is_in_the_first_record_of_every_module(sandbox: Sandbox, module: str) -> None:
    befall(sandbox, "huge_string")
    first, *others = records(sandbox, module)
    assert max(len(value) for value in first.values() if isinstance(value, str)) == 10_000_000
    assert len(json.dumps(others)) < 10_000_000


@pytest.mark.parametrize("module", MODULES)
def test_everything_is_changed_with_a_newer_time(sandbox: Sandbox, module: str) -> None:
    sound = records(sandbox, module)
    befall(sandbox, "everything_changed")
    changed = records(sandbox, module)
    key = MODULES[module].key
    assert [record[key] for record in changed] == [record[key] for record in sound]
    for record in [*changed, *lines(changed)]:
        assert record["modifiedTime"] == "20/11/2025 14:30:00"
    amounts = [value for record in [*sound, *lines(sound)] for value in record.values() if isinstance(value, int)]
    more = [value for record in [*changed, *lines(changed)] for value in record.values() if isinstance(value, int)]
    assert more == [amount + 1 for amount in amounts]


def test_repeated_records_stand_side_by_side(sandbox: Sandbox) -> None:
    sound = records(sandbox)
    befall(sandbox, "repeated")
    assert records(sandbox) == [twin for record in sound for twin in (record, record)]


def test_shuffled_records_have_older_versions_beside_and_behind_newer_ones(sandbox: Sandbox) -> None:
    sound = records(sandbox)
    befall(sandbox, "shuffled")
    found = records(sandbox)
    assert [record for record in found if record in sound] != sound
    assert all(record in found for record in sound)
    modified = [record["noWorkOrder"] for record in sound if record["modifiedTime"]]
    assert len(found) == len(sound) + len(modified)
    for key in modified:
        assert [bool(record["modifiedTime"]) for record in found if record["noWorkOrder"] == key] == [True, False]
    assert any(one["noWorkOrder"] != other["noWorkOrder"] for one, other in pairwise(found) if one["modifiedTime"])


def test_a_shifted_window_lacks_its_last_hours_and_has_others(sandbox: Sandbox) -> None:
    sound = {record["noWorkOrder"] for record in records(sandbox)}
    befall(sandbox, "shifted")
    found = {record["noWorkOrder"] for record in records(sandbox)}
    assert sound - found
    assert found - sound
    assert found & sound


def test_unknown_codes_stand_where_a_module_has_codes(sandbox: Sandbox) -> None:
    befall(sandbox, "unknown_code")
    with_codes = {module for module in MODULES if b'"ZZ9"' in answer(sandbox, module)[2]}
    assert set(MODULES) - with_codes == {"lsng", "inv2", "mdinvh1", "prsl", "dphlo"}


@pytest.mark.parametrize("module", MODULES)
def test_missing_fields_are_never_the_key_and_extra_fields_are_everywhere(sandbox: Sandbox, module: str) -> None:
    sound = records(sandbox, module)
    befall(sandbox, "missing_field")
    poorer = records(sandbox, module)
    assert all(MODULES[module].key in record for record in poorer)
    assert sum(map(len, [*poorer, *lines(poorer)])) < sum(map(len, [*sound, *lines(sound)]))
    befall(sandbox, "extra_field")
    richer = records(sandbox, module)
    assert all("kolomBaru" in part for part in [*richer, *lines(richer)])


@pytest.mark.parametrize(
    ("fault", "name", "one_in"), [("null_required", "noWorkOrder", 7), ("bad_rows", "createdTime", 100)]
)
def test_bad_records_are_among_good_ones(sandbox: Sandbox, fault: str, name: str, one_in: int) -> None:
    sound = records(sandbox)
    befall(sandbox, fault)
    spoilt = Counter(theirs[name] for theirs, ours in zip(records(sandbox), sound, strict=True) if theirs != ours)
    bad = {"null_required": None, "bad_rows": "31/02/2026 10:00:00"}[fault]
    assert spoilt == {bad: len(sound[::one_in])}
