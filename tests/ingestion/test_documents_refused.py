"""What a document keeps beside its columns, and the records that are refused."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingestion import rows
from ingestion.documents import shape
from ingestion.rows import NEXT_COLUMN, Misread
from tests.ingestion.document_road import KEY, LINE, ORDER, column, extra, one, refused
from tests.ingestion.roads import PKB, documents_of, sample, unhurried

# -- unknown fields


def test_unknown_fields_of_header_and_lines_are_kept_and_counted() -> None:
    document = one(ORDER | {"Warna ": " merah ", "asal": {"b": [1, None], "a": True}, "parts": [LINE | {"rak": 2}]})
    assert document.unknown_fields == 3
    assert extra(document) == {"Warna": "merah", "asal": {"a": True, "b": [1, None]}}
    assert document.lines["parts"][0].endswith('{"rak":2}')


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        (b'"a\\u0000b"', "ab"),
        (b'"a\\u001d\\u001e\\u001fb"', "ab"),
        (b"1E+5", 100000),
        (b"1E+100000", "1E+100000"),
        (b"18181.50", 18181.5),
        (b"9" * 30, int("9" * 30)),
        (b'"\\\\N\\t\\""', '\\N\t"'),
    ],
)
def test_an_unknown_value_is_kept_as_far_as_the_database_can(value: bytes, kept: object) -> None:
    document = one(KEY + b'"rak":' + value + b"}")
    text = column(document, "extra") or ""
    assert json.loads(text) == {"rak": kept}


@pytest.mark.parametrize("again", [b'"rak ":2', b'" rak":"x"', b'"r\\u0000ak":null'])
def test_unknown_fields_that_would_share_a_name_are_rejected(again: bytes) -> None:
    assert refused(KEY + b'"rak":1,' + again + b"}").field == "rak"


# -- what is refused


@pytest.mark.parametrize(
    ("record", "what"), [(b"null", "null"), (b"5", "a number"), (b'"x"', "text"), (b"[]", "a list")]
)
def test_a_record_that_is_no_object_is_rejected(record: bytes, what: str) -> None:
    reject = refused(record)
    assert reject.reason == f"{what} stands where a record is expected"
    assert reject.raw == record.decode()


@pytest.mark.parametrize(
    "fields",
    [
        b'"namaPemilik":"x","namaPemilik":"y"',
        b'"namaPemilik" :"x","namaPemilik":"y"',
        b'"namaPemilik":"x","namaPemilik"\n :"y"',
        b'"namaPemilik":"x","nama\\u0050emilik":"y"',
        b'"namaPemilik":"x","namaPemilik":"y","alamatPemilik" :1',
        b'"namaPemilik":"x","namaPemilik":"\\":"',
        b'"rak":1,"rak":1',
        b'"parts":[],"parts":[{}]',
        b'"parts":[{"idJob":"A","idJob":"B"}]',
        b'"rak":{"a":1,"a":2}',
    ],
)
def test_a_key_that_stands_twice_is_rejected(fields: bytes) -> None:
    assert "given twice" in refused(KEY + fields + b"}").reason


def test_text_that_looks_like_keys_is_no_key() -> None:
    assert column(one(KEY + b'"namaPemilik":"\\"a\\":1,\\"a\\" :2"}'), "nama_pemilik") == '"a":1,"a" :2'


def test_a_field_in_two_spellings_is_taken_if_they_agree_and_rejected_if_not() -> None:
    assert column(one(ORDER | {"NAMAPEMILIK": " Amir", "NamaPemilik": ""}), "nama_pemilik") == "Amir"
    assert column(one({"namapemilik": None} | ORDER), "nama_pemilik") == "Amir"
    assert refused(ORDER | {"NAMAPEMILIK": "Budi"}).field == "NAMAPEMILIK"


@pytest.mark.parametrize("depth", [100, 200, 500, 800])
@pytest.mark.parametrize("form", [(b"[", b"]"), (b'{"a":', b"}")])
def test_a_record_nested_too_deeply_is_rejected(depth: int, form: tuple[bytes, bytes]) -> None:
    inner = form[0] * depth + b"1" + form[1] * depth
    assert refused(KEY + b'"rak":' + inner + b"}").reason == "the record is nested too deeply"


def test_a_number_beyond_all_arithmetic_is_rejected() -> None:
    for field in (b"kmTerakhir", b"rak"):
        assert refused(KEY + b'"' + field + b'":1E+1000000000000000000000}').reason
        assert refused(KEY + b'"' + field + b'":' + b"9" * 5000 + b"}").reason
    assert refused(b'{"noWorkOrder":1E+1000000000000000000000}').reason


def test_a_bare_nan_is_rejected_with_its_record() -> None:
    with pytest.raises(Misread, match="NaN is no number"):
        rows.parse(msgspec.Raw(KEY + b'"kmTerakhir":NaN}'))


@pytest.mark.parametrize("nama", [b"Am\\ud800ir", b"\\udfffAmir", b"Am\\u0000ir"])
def test_what_no_text_column_holds_drops_out_of_the_text(nama: bytes) -> None:
    record = rows.parse(msgspec.Raw(KEY + b'"namaPemilik":"' + nama + b'"}'))
    read = shape(PKB, ZoneInfo("UTC")).header.read(record)
    assert "Amir" in read.values


def test_bytes_that_are_no_utf8_are_replaced() -> None:
    document = one(KEY + b'"namaPemilik":"Am\xffir","rak":"\xff"}')
    assert column(document, "nama_pemilik") == "Am\ufffdir"
    assert extra(document) == {"rak": "\ufffd"}
    assert "\ufffd" in document.raw


def test_right_to_left_marks_and_emoji_stay() -> None:
    assert column(one(ORDER | {"namaPemilik": "\u200fأحمد 😀"}), "nama_pemilik") == "\u200fأحمد 😀"


# -- anything at all

SCALAR = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
JSON = st.recursive(SCALAR, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
KNOWN = st.sampled_from(["noWorkOrder", "NoWorkOrder ", "dealerId", "tanggalServis", "kmTerakhir", "parts", "services"])
LINES = st.lists(st.dictionaries(st.sampled_from(["idJob", "IDJOB", "kuantitas", "x"]), JSON), max_size=3)
ANYTHING = (
    JSON | st.dictionaries(KNOWN, JSON | LINES) | st.fixed_dictionaries({"noWorkOrder": st.just("A"), "parts": LINES})
)


@unhurried
@given(st.lists(ANYTHING, max_size=4))
@example([{"noWorkOrder": 1, "x": 10**40, "\x00": -0.0, " ": 1e308}])
@example([sample(PKB)[0], ORDER])
def test_any_json_is_documents_and_rejects_and_nothing_else(records: list[object]) -> None:
    found, rejects = documents_of(PKB, *(json.dumps(each).replace("\\ud", "\\u0").encode() for each in records))
    assert len(found) + len(rejects) <= len(records)
    assert bool(found or rejects) == bool(records)
    assert all(reject.reason and "\x00" not in reject.raw for reject in rejects)
    for document in found:
        assert document.row.count(NEXT_COLUMN) == len(shape(PKB, ZoneInfo("UTC")).columns) - 1
        assert "\x00" not in document.row + document.raw
