"""From the records of an answer to documents and rejects: identity, spelling, lines."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from ingestion import documents
from ingestion.documents import Shape
from tests.ingestion.document_road import LINE, ORDER, one, refused
from tests.ingestion.roads import DEALER, PKB, Data, in_json

# -- identity


@pytest.mark.parametrize("key", ["noWorkOrder", "NOWORKORDER", "noworkorder", " NoWorkOrder ", "no_work_order"])
def test_the_natural_key_is_found_under_any_spelling(key: str) -> None:
    assert one({key: "\t WO/1 ", "dealerId": DEALER}).key == "WO/1"


def test_spellings_may_change_from_record_to_record() -> None:
    spelled = [{"noWorkOrder": "1", "dealerId": "a"}, {"NOWORKORDER": "2", "DEALERID": "b"}, {"noWorkOrder": "3"}]
    identities = [Shape(PKB, ZoneInfo("UTC")).identity(msgspec.Raw(in_json(each)), "asked") for each in spelled]
    assert identities == [("a", "1"), ("b", "2"), ("asked", "3")]


def test_a_key_that_is_a_number_is_its_decimal_text() -> None:
    assert one({"noWorkOrder": 4711}).key == one({"noWorkOrder": "4711"}).key == "4711"


def test_characters_that_cannot_be_stored_drop_out_of_a_key() -> None:
    assert one(b'{"noWorkOrder":"WO\\u0000/1"}').key == "WO/1"


@pytest.mark.parametrize("record", [{}, {"noWorkOrder": ""}, {"noWorkOrder": None}, {"noWorkOrder": " \x00\t"}])
def test_a_record_without_a_natural_key_is_rejected(record: Data) -> None:
    assert refused(record).reason == "the record has no natural key"


@pytest.mark.parametrize(("record", "field"), [({"NoWorkOrder ": ""}, "NoWorkOrder"), ({}, "no_work_order")])
def test_a_missing_natural_key_is_named_as_the_gateway_spells_it_if_it_does(record: Data, field: str) -> None:
    assert refused(record).field == field


def test_a_natural_key_too_long_for_the_index_is_rejected_and_one_below_is_not() -> None:
    assert one({"noWorkOrder": "ü" * documents.LONGEST_KEY})
    assert "is longer than 500" in refused({"noWorkOrder": "x" * (documents.LONGEST_KEY + 1)}).reason


@pytest.mark.parametrize("value", [{}, [], ["WO/1"]])
@pytest.mark.parametrize("field", ["noWorkOrder", "dealerId"])
def test_a_key_or_dealer_that_is_no_text_is_rejected_by_name(field: str, value: object) -> None:
    reject = refused(ORDER | {field: value})
    assert reject.field == field
    assert "stands where text is expected" in reject.reason


@pytest.mark.parametrize("order", [("WO/1", ""), ("", "WO/1"), (None, "WO/1"), ("WO/1", "WO/1 ")])
def test_a_key_given_in_two_spellings_counts_where_it_says_something(order: tuple[str | None, str]) -> None:
    twice = {"noWorkOrder": order[0], "NOWORKORDER": order[1], "dealerId": "", "DEALERID": "08139"}
    assert Shape(PKB, ZoneInfo("UTC")).identity(msgspec.Raw(in_json(twice)), DEALER) == ("08139", "WO/1")
    assert one(twice).key == "WO/1"


# -- the same substance


@pytest.mark.parametrize(
    "respelled",
    [
        {key.upper(): value for key, value in ORDER.items()},
        {f" {key}\t": value for key, value in ORDER.items()},
        dict(reversed(ORDER.items())),
        {key: f" {value} " if isinstance(value, str) else value for key, value in ORDER.items()},
        ORDER | {"totalBiayaService": "5"},
        ORDER | {"totalBiayaService": "5,00"},
        ORDER | {"totalBiayaService": 5.0},
        ORDER | {"totalBiayaService": " 0,5E+1"},
        ORDER | {"parts": None, "services": "", "modifiedTime": "", "createdTime": None},
        {key: value for key, value in ORDER.items() if key != "parts"},
    ],
)
def test_another_spelling_of_the_same_substance_has_the_same_content(respelled: Data) -> None:
    assert one(respelled).content_hash == one(ORDER).content_hash
    assert one(respelled).raw_hash != one(ORDER).raw_hash


@pytest.mark.parametrize(
    "other",
    [
        {"totalBiayaService": "5,01"},
        {"totalBiayaService": None},
        {"totalBiayaService": 0},
        {"namaPemilik": "amir"},
        {"namaPemilik": "Amir\\N"},
        {"namaPembawa": "Amir"},
        {"parts": [{}]},
        {"parts": [LINE]},
        {"services": [{"idJob": "A"}]},
        {"statusDiGudang": "x"},
        {"modifiedTime": "01/01/2026 00:00:00"},
    ],
)
def test_another_substance_has_another_content(other: Data) -> None:
    assert one(ORDER | other).content_hash != one(ORDER).content_hash


def test_a_value_that_moves_to_the_next_column_or_array_is_another_content() -> None:
    contents = [
        {"parts": [{"idJob": "A"}]},
        {"services": [{"idJob": "A"}]},
        {"parts": [{"partsNumber": "A"}]},
        {"parts": [{"idJob": "A"}, {}]},
        {"parts": [{}, {"idJob": "A"}]},
        {"parts": [{"idJob": "A\tB"}]},
        {"parts": [{"idJob": "A", "partsNumber": "B"}]},
    ]
    assert len({one(ORDER | each).content_hash for each in contents}) == len(contents)


# -- lines


@pytest.mark.parametrize("lines", [None, "", "  ", []])
def test_an_array_that_says_nothing_is_no_lines(lines: object) -> None:
    assert one(ORDER | {"parts": lines}).lines == {"services": [], "parts": []}


@pytest.mark.parametrize(
    ("lines", "what"), [({}, "an object"), ("x", "text"), (0, "a number"), (False, "a truth value")]
)
def test_anything_but_a_list_is_no_lines_array(lines: object, what: str) -> None:
    reject = refused(ORDER | {"parts": lines})
    assert (reject.field, reject.reason) == ("parts", f"{what} stands where a list of lines is expected")


@pytest.mark.parametrize(("line", "what"), [(None, "null"), ("x", "text"), ([], "a list"), (1, "a number")])
def test_a_line_that_is_no_object_rejects_the_document(line: object, what: str) -> None:
    reject = refused(ORDER | {"parts": [LINE, line]})
    assert (reject.field, reject.reason) == ("parts[1]", f"{what} stands where a line is expected")


def test_one_bad_value_in_a_line_rejects_the_document_by_name() -> None:
    reject = refused(ORDER | {"parts": [LINE, LINE | {"Kuantitas ": "12x"} | {"kuantitas": None}]})
    assert (reject.key, reject.field, reject.reason) == ("WO/1", "parts[1].Kuantitas", "'12x' is no number")


def test_an_array_given_in_two_spellings_is_rejected_unless_one_is_empty() -> None:
    assert len(one(ORDER | {"parts": [], "Parts": [LINE]}).lines["parts"]) == 1
    assert refused(ORDER | {"parts": [LINE], "Parts": [LINE]}).reason == "the array is given twice"


@pytest.mark.parametrize("respelled", [{"FOOBAR": " 5 "}, {"foo_bar": 5}, {"fooBar": "5,0", "empty": ""}])
def test_unknown_fields_in_another_spelling_are_the_same_content(respelled: dict[str, Any]) -> None:
    first = one(ORDER | {"fooBar": "5", "services": [{"idJob": "A", "fooBar": "5"}]})
    second = one(ORDER | respelled | {"services": [{"idJob": "A"} | respelled]})
    assert second.content_hash == first.content_hash
    other = one(ORDER | {"fooBar": "6", "services": [{"idJob": "A", "fooBar": "5"}]})
    assert other.content_hash != first.content_hash
