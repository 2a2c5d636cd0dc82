"""A parent that arrives in several elements of an answer is one document."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.rows import NEXT_COLUMN
from tests.ingestion.document_road import ORDER, column, one, refused
from tests.ingestion.roads import PKB, Data, documents_of, unhurried

A, B, C = ({"idJob": name} for name in "ABC")
OLD, NEW = "01/02/2026 10:00:00", "02/01/2027 09:00:00"


def order(services: list[Data], parts: list[Data] | None = None, **fields: Any) -> Data:
    return ORDER | {"services": services, "parts": parts or []} | fields


def jobs(*records: Data) -> list[str]:
    """The jobs of the one document's services, in order."""
    return [line.split(NEXT_COLUMN)[0] for line in one(*records).lines["services"]]


def test_one_element_per_line_is_one_document_with_all_lines_in_order() -> None:
    assert jobs(order([B]), order([A]), order([C])) == ["B", "A", "C"]


def test_the_elements_need_not_stand_side_by_side() -> None:
    found, _ = documents_of(PKB, order([A]), order([C], noWorkOrder="WO/2"), order([B]))
    assert {document.key: len(document.lines["services"]) for document in found} == {"WO/1": 2, "WO/2": 1}


def test_the_copies_of_a_cross_product_count_once() -> None:
    whole = order([A, B], [A, B, C])
    rows = [order([service], [part]) for service, part in product([A, B], [A, B, C])]
    assert one(*rows).lines == one(whole).lines


def test_repeated_per_line_or_nested_is_the_same_content() -> None:
    assert one(order([A]), order([B])).content_hash == one(order([A, B])).content_hash


def test_equal_lines_inside_one_array_are_all_kept() -> None:
    assert jobs(order([A, A, B])) == ["A", "A", "B"]
    assert jobs(order([A, A]), order([A]), order([A, B])) == ["A", "A", "B"]
    assert jobs(order([A]), order([A, A])) == ["A", "A"]


def test_equal_in_another_spelling_is_equal_when_copies_are_told_apart() -> None:
    assert jobs(order([{"idJob": "A", "biayaService": 5}]), order([{"BiayaService": "5,0", "idJob": " A "}])) == ["A"]


def test_an_element_without_lines_adds_none_and_takes_none() -> None:
    assert jobs(order([]), order([A]), ORDER) == ["A"]


def test_an_element_that_is_there_twice_counts_once() -> None:
    assert one(order([A, A]), order([A, A])).content_hash == one(order([A, A])).content_hash


def test_gaps_of_the_first_element_are_filled_from_the_others() -> None:
    document = one(order([A], namaPemilik="", noMesin="M1"), order([B], namaPemilik="Budi", noMesin="M2"))
    assert (column(document, "nama_pemilik"), column(document, "no_mesin")) == ("Budi", "M1")


@pytest.mark.parametrize("turn", [1, -1])
def test_of_two_versions_in_one_answer_the_newest_speaks(turn: int) -> None:
    versions = [
        order([A], namaPemilik="old", modifiedTime=OLD),
        order([B], namaPemilik="new", modifiedTime=NEW),
    ]
    document = one(*versions[::turn])
    assert column(document, "nama_pemilik") == "new"
    assert document.version == "2027-01-02 02:00:00+00"


def test_the_time_of_creation_stands_in_for_a_blank_time_of_modification() -> None:
    versions = [order([A], namaPemilik="old", createdTime=NEW, modifiedTime=""), order([B], createdTime=OLD)]
    assert column(one(*versions), "nama_pemilik") == "old"
    assert one(ORDER).version == ""


def test_one_element_that_cannot_be_read_rejects_the_whole_document_as_received() -> None:
    reject = refused(order([A]), order([{"idJob": "B", "biayaService": "x"}]), order([C]))
    assert (reject.key, reject.field) == ("WO/1", "services[0].biayaService")
    assert reject.raw.startswith("[{")
    assert all(f'"idJob": "{job}"' in reject.raw for job in "ABC")


def test_two_elements_without_a_key_are_two_rejects() -> None:
    found, rejects = documents_of(PKB, {"namaPemilik": "a"}, {"namaPemilik": "b"})
    assert (len(found), len(rejects)) == (0, 2)


def test_the_raw_text_of_a_merged_document_has_every_element() -> None:
    document = one(order([A]), order([B]))
    assert document.raw.startswith("[{")
    assert document.raw.count("noWorkOrder") == 2


LINES = st.lists(st.sampled_from([A, B, C]), min_size=1, max_size=4)


@unhurried
@given(services=LINES, parts=LINES, turn=st.randoms())
def test_any_cross_product_in_any_order_has_every_different_line_once(services: Any, parts: Any, turn: Any) -> None:
    rows = [order([service], [part]) for service, part in product(services, parts)]
    turn.shuffle(rows)
    merged = one(*rows).lines
    for array, lines in (("services", services), ("parts", parts)):
        assert {line.split(NEXT_COLUMN)[0] for line in merged[array]} == {line["idJob"] for line in lines}
        assert len(set(merged[array])) == len(merged[array])


@unhurried
@given(st.lists(LINES, min_size=1, max_size=4))
def test_a_line_is_kept_as_often_as_the_element_that_has_it_most_often(elements: list[list[Data]]) -> None:
    merged = jobs(*(order(lines) for lines in elements))
    for job in "ABC":
        assert merged.count(job) == max(sum(line["idJob"] == job for line in lines) for lines in elements)
