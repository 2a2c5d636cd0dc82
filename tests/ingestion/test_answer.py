"""The envelope of an answer: records, or an error in words that a person understands."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingestion.answer import (
    Busy,
    CredentialRefused,
    GatewayError,
    GatewayFault,
    Refused,
    UnreadableAnswer,
    records,
    refusal,
)

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def envelope(**content: Any) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode("utf-8", "surrogatepass")


def told(body: bytes) -> GatewayError:
    """The error that `body` is."""
    with pytest.raises(GatewayError) as caught:
        records(body)
    return caught.value


@pytest.mark.parametrize("status", [1, "1", " 1 ", True, "true", 1.0, "1.0"])
def test_success_is_a_one_in_any_spelling(status: Any) -> None:
    raws = records(envelope(status=status, message=None, data=[{"a": 1}, {"a": 2}]))
    assert [bytes(raw) for raw in raws] == [b'{"a": 1}', b'{"a": 2}']


@pytest.mark.parametrize(
    "body", [b'{"STATUS":1,"Data":[1]}', b'{"Status ":"1","DATA":[1]}', b'\n{"data":[1],"status":1}\n']
)
def test_keys_are_found_in_any_case_and_order(body: bytes) -> None:
    assert len(records(body)) == 1


def test_a_byte_order_mark_does_not_matter() -> None:
    assert records(b"\xef\xbb\xbf" + envelope(status=1, data=[])) == []


@pytest.mark.parametrize("data", [None, [], ""])
def test_success_without_data_is_no_records(data: Any) -> None:
    assert records(envelope(status=1, message=None, data=data)) == []


def test_success_whose_data_is_missing_is_no_records() -> None:
    assert records(envelope(status=1)) == []


@pytest.mark.parametrize("status", [0, "0", False, 0.0, "0.0"])
@pytest.mark.parametrize(
    "message",
    ["Tidak Ada Data Pada Periode ini", "Data tidak ditemukan", {"message1": "No data found"}, '{"m":"no records"}'],
)
def test_nothing_matched_told_as_a_failure_is_no_records(status: Any, message: Any) -> None:
    assert records(envelope(status=status, message=message, data=None)) == []


@pytest.mark.parametrize("message", ["No data older than 30 days", "Tidak ada data lebih dari 30 hari"])
def test_a_window_too_old_is_a_refusal_and_not_an_empty_answer(message: str) -> None:
    assert isinstance(told(envelope(status=0, message=message, data=None)), Refused)


def test_nothing_matched_beside_an_object_is_not_believed() -> None:
    assert isinstance(told(envelope(status=0, message="no data", data={"a": 1})), UnreadableAnswer)


@pytest.mark.parametrize("data", [{"a": 1}, {}, "text", 5, True])
def test_data_that_is_no_list_is_unreadable(data: Any) -> None:
    error = told(envelope(status=1, data=data))
    assert isinstance(error, UnreadableAnswer)
    assert "data is no list of records" in str(error)


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (
            {"status": 401, "title": "Unauthorized", "errors": {"key": ["Key is wrong"]}},
            CredentialRefused,
            "Key is wrong",
        ),
        (
            {"status": 400, "title": "Bad Request", "errors": None},
            Refused,
            "did not take the request (400): Bad Request",
        ),
        ({"http_status_code": 500, "message": "Oops"}, GatewayFault, "failed (500): Oops"),
        ({"http_status_code": "429", "message": "Too many"}, Busy, "slow down (429): Too many"),
        ({"error": "invalid_token", "error_description": "It is old"}, CredentialRefused, "invalid_token It is old"),
        ({"status": 0, "message": '{"message1": "range is over 30 days"}'}, Refused, "request: range is over 30 days"),
    ],
)
def test_the_error_shapes_seen_live_are_told_in_the_words_they_carry(
    content: dict[str, Any], kind: type[GatewayError], words: str
) -> None:
    error = told(envelope(**content))
    assert type(error) is kind
    assert words in str(error)
    assert "{" not in str(error)


@pytest.mark.parametrize("message", ["Token tidak valid", {"message1": "API key expired"}, "Unauthorized"])
def test_a_credential_refused_in_words_is_known_as_such(message: Any) -> None:
    assert isinstance(told(envelope(status=0, message=message)), CredentialRefused)


@pytest.mark.parametrize("message", ["X-Request-Time differs by 60 seconds", "Timestamp di luar batas"])
def test_a_clock_refused_in_words_names_the_command_that_compares(message: str) -> None:
    assert "dgi_check" in str(told(envelope(status=0, message=message)))


@pytest.mark.parametrize("message", ["Request timeout", "Request Time-out", "Request timed out"])
def test_a_timeout_told_in_words_is_no_matter_of_clocks(message: str) -> None:
    assert "clock" not in str(told(envelope(status=0, message=message)))


@pytest.mark.parametrize("message", [None, "", {}, []])
def test_a_failure_without_words_says_so(message: Any) -> None:
    assert "no reason given" in str(told(envelope(status=0, message=message)))


@pytest.mark.parametrize("content", [{}, {"data": [1]}, {"status": None, "data": [1]}, {"status": "", "data": []}])
def test_an_answer_without_status_is_unreadable(content: dict[str, Any]) -> None:
    error = told(envelope(**content))
    assert isinstance(error, UnreadableAnswer)
    assert "no status" in str(error)


@pytest.mark.parametrize("status", [[], {"a": 1}, "yes", "²", "9" * 5000, -1, 2, "NaN"])
def test_a_status_of_no_meaning_is_a_failure(status: Any) -> None:
    told(envelope(status=status, data=[{"a": 1}]))


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty body"),
        (b" \r\n", "empty body"),
        (b"\xef\xbb\xbf", "empty body"),
        (b"<html><head><title>Sedang\n perbaikan</title>", "a web page instead of data: Sedang perbaikan"),
        (b"<p>Down</p>", "a web page instead of data: Down"),
        (b"<>", "a web page instead of data: (empty)"),
        (b'{"status":1,"data":[{"a":', "no complete JSON"),
        (b'{"status":1,"data":[]}}', "no complete JSON"),
        (b"OK", "no complete JSON"),
        (b"[1]", "no object with status and data but: [1]"),
        (b'"text"', "no object with status and data"),
        (b"null", "no object with status and data"),
        (b'{"status":1,"data":[NaN]}', "no complete JSON"),
    ],
)
def test_what_is_no_answer_is_unreadable_and_shown_in_part(body: bytes, words: str) -> None:
    error = told(body)
    assert isinstance(error, UnreadableAnswer)
    assert words in str(error)
    assert not error.retry


def test_the_words_of_an_error_stay_short() -> None:
    assert len(str(told(envelope(status=0, message="x" * 10_000)))) < 600
    assert len(str(told(b"[" + b"1," * 10_000))) < 300


@pytest.mark.parametrize(
    ("code", "retry"), [(400, False), (401, False), (403, False), (404, False), (429, True), (500, True), (503, True)]
)
def test_only_a_busy_or_failing_gateway_is_worth_another_try(code: int, retry: bool) -> None:
    assert refusal(code, "words").retry is retry


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(["status", "Status", "message", "data", "title", "errors", "error", "http_status_code"])


def only_known_outcomes(body: bytes) -> None:
    try:
        outcome: object = records(body)
    except GatewayError as error:
        outcome = str(error)
    assert isinstance(outcome, list) or outcome


@pytest.mark.parametrize("before", [b'{"status":0,"message":', b'{"status":0,"message":"', b'{"status":1,"data":'])
@pytest.mark.parametrize("depth", range(100, 1100, 100))
def test_nesting_of_any_depth_is_a_list_or_a_gateway_error(before: bytes, depth: int) -> None:
    end = b'"}' if before.endswith(b'"') else b"}"
    only_known_outcomes(before + b"[" * depth + b"]" * depth + end)


@pytest.mark.parametrize("made", [bytes, bytearray])
@pytest.mark.parametrize("body", [b'{"status":1,"data":' + b"[" * 5000, b'{"status":1,"data":[' + b'{"a":' * 5000])
def test_what_is_nested_too_deep_is_told_as_that(made: Any, body: bytes) -> None:
    error = told(made(body))
    assert type(error) is UnreadableAnswer
    assert "nested deeper than" in str(error)


@pytest.mark.parametrize(
    "content", [b'"\\ud800"', b'"\\\\\\udc00x"', b'"\\ud83d\\ude00\\ud83d"', b'"\\udc00\\ud83d\\ude00"']
)
def test_half_a_surrogate_pair_is_mended_and_a_whole_one_is_kept(content: bytes) -> None:
    [raw] = records(b'{"status":1,"data":[%s]}' % content)
    whole = json.loads(content).encode("utf-8", "replace").decode().replace("?", "\ufffd")
    assert json.loads(bytes(raw)) == whole


def test_an_escaped_backslash_before_a_u_is_no_escape() -> None:
    [raw] = records(b'{"status":1,"data":["\\\\ud800 \0"]}')
    assert json.loads(bytes(raw)) == r"\ud800 "


@settings(unhurried, max_examples=2000)
@given(st.binary(max_size=200))
@example(b'{"a":' * 100_000)
@example(b'{"status":"\xff","message":"\xff\xfe"}')
def test_any_bytes_are_a_list_or_a_gateway_error(body: bytes) -> None:
    only_known_outcomes(body)


@unhurried
@given(st.dictionaries(KEYS, JSON, max_size=5))
def test_any_envelope_is_a_list_or_a_gateway_error(content: dict[str, Any]) -> None:
    only_known_outcomes(envelope(**content))
