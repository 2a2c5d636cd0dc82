"""What holds for every job type: its sample comes in whole, in order, and once."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from ingestion import fields
from ingestion.job_types import JOB_TYPES, JobType
from tests.ingestion.expectation import differences, key_of
from tests.ingestion.roads import DEALER, Data, Road, counts, in_json, road_for, sample, spelled

pytestmark = pytest.mark.django_db


@pytest.fixture(params=JOB_TYPES.values(), ids=str)
def road(request: pytest.FixtureRequest) -> Road:
    return road_for(request.param)


@pytest.fixture
def documents(road: Road) -> list[Data]:
    return sample(road.feed.kind)


# -- arriving


def test_every_value_of_the_sample_stands_in_its_column(road: Road, documents: list[Data]) -> None:
    run = road.arrive(*documents)
    assert counts(run) == {"received": len(documents), "created": len(documents)}
    assert run.state == "succeeded"
    for document in documents:
        record = road.record(key_of(road.feed.kind, document))
        assert list(differences(record, document)) == []
        assert (record.dealership.code, record.extra) == (DEALER, None)
    assert len(road.records()) == len(documents)


def test_every_line_of_the_sample_stands_in_its_place(road: Road, documents: list[Data]) -> None:
    road.arrive(*documents)
    for document in documents:
        for array in road.feed.kind.lines:
            lines = road.lines(array, key_of(road.feed.kind, document))
            sent = document[spelled(document, array)]
            assert [line.position for line in lines] == list(range(1, len(sent) + 1))
            for line, one in zip(lines, sent, strict=True):
                assert list(differences(line, one)) == []
                assert line.dealership.code == DEALER


def test_every_version_has_its_text_as_received_and_its_run(road: Road, documents: list[Data]) -> None:
    run = road.arrive(*documents)
    for document, version in zip(documents, road.versions(), strict=True):
        assert (version.raw, version.run, version.history_type) == (in_json(document).decode(), run, "+")
        assert list(differences(version, document)) == []
        assert version.history_object.content_hash == road.record(key_of(road.feed.kind, document)).content_hash


# -- arriving again


def test_the_same_answer_again_changes_not_one_row(road: Road, documents: list[Data]) -> None:
    road.arrive(*documents)
    before = road.dump()
    assert counts(road.arrive(*documents)) == {"received": len(documents), "unchanged": len(documents)}
    assert counts(road.arrive(*reversed(documents))) == {"received": len(documents), "unchanged": len(documents)}
    assert road.dump() == before


def respelled(value: Any) -> Any:
    """The same in another spelling: keys, order of keys, blanks, numbers."""
    if isinstance(value, dict):
        return {f" {key.swapcase()}": respelled(item) for key, item in reversed(value.items())}
    if isinstance(value, list):
        return [respelled(item) for item in value]
    if isinstance(value, float):
        return f"{value}".replace(".", ",")
    return f"\t{value} " if isinstance(value, int | str) else value


def test_the_same_substance_in_another_spelling_changes_not_one_row(road: Road, documents: list[Data]) -> None:
    road.arrive(*documents)
    before = road.dump()
    run = road.arrive(*map(respelled, documents))
    assert counts(run) == {"received": len(documents), "unchanged": len(documents)}
    assert road.dump() == before


def elements_of(kind: JobType, document: Data) -> list[Data]:
    """The document as one element for each line; whole if equal lines in it would be taken for copies."""
    arrays = {name: document[name] for name in (spelled(document, array) for array in kind.lines)}
    if any(lines.count(line) > 1 for lines in arrays.values() for line in lines):
        return [document]
    longest = max(map(len, arrays.values()), default=1) or 1
    return [{**document, **{name: lines[at : at + 1] for name, lines in arrays.items()}} for at in range(longest)]


def test_one_element_per_line_is_the_same_substance_too(road: Road, documents: list[Data]) -> None:
    road.arrive(*documents)
    before = road.dump()
    elements = [element for document in documents for element in elements_of(road.feed.kind, document)]
    run = road.arrive(*elements)
    assert counts(run) == {"received": len(documents), "unchanged": len(documents)}
    assert road.dump() == before


def test_nothing_is_deleted_when_a_record_stops_coming(road: Road, documents: list[Data]) -> None:
    road.arrive(*documents)
    before = road.dump()
    assert counts(road.arrive()) == {}
    assert counts(road.arrive(documents[0])) == {"received": 1, "unchanged": 1}
    assert road.dump() == before


def test_dates_are_dates_and_numbers_are_exact(road: Road, documents: list[Data]) -> None:
    road.arrive(*documents)
    kinds = {
        type(getattr(record, column.name)) for record in road.records() for column in fields.wire_fields(road.model)
    }
    assert kinds <= {str, type(None), int, Decimal, date, time, datetime}
