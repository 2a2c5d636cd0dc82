"""What holds for every job type: the newest version stands, and nothing wrong comes in."""

from __future__ import annotations

from typing import Any

import pytest

from ingestion.job_types import JOB_TYPES
from ingestion.models import QuarantinedRecord
from tests.ingestion.expectation import column_of, differences, key_of, text_field
from tests.ingestion.roads import DEALER, NEIGHBOUR, STRANGER, Data, Road, counts, in_json, road_for, sample, spelled

pytestmark = pytest.mark.django_db


@pytest.fixture(params=JOB_TYPES.values(), ids=str)
def road(request: pytest.FixtureRequest) -> Road:
    return road_for(request.param)


@pytest.fixture
def documents(road: Road) -> list[Data]:
    return sample(road.feed.kind)


def dated(document: Data, created: str, modified: str = "", **changed: Any) -> Data:
    return {**document, **changed, "createdTime": created, "modifiedTime": modified}


# -- versions


def test_a_newer_version_is_taken_over_and_the_others_stay_untouched(road: Road, documents: list[Data]) -> None:
    first, *others = documents
    name = text_field(road.feed.kind, first)
    road.arrive(dated(first, "01/01/2026 10:00:00"), *others)
    key = key_of(road.feed.kind, first)
    record_id, before = road.record(key).pk, road.dump()[road.model._meta.db_table]
    newer = dated(first, "01/01/2026 10:00:00", "02/01/2026 10:00:00", **{name: "changed"})
    run = road.arrive(newer, *others)
    assert counts(run) == {"received": len(documents), "updated": 1, "unchanged": len(others)}
    assert list(differences(road.record(key), newer)) == []
    assert road.record(key).pk == record_id
    assert len(set(before) - set(road.dump()[road.model._meta.db_table])) == 1
    version = road.versions()[-1]
    assert (version.history_type, version.raw, version.run) == ("~", in_json(newer).decode(), run)
    assert len(road.versions()) == len(documents) + 1


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        (("01/12/2025 10:00:00", "03/01/2026 09:00:00"), ("01/12/2025 10:00:00", "02/02/2026 08:00:00")),
        (("31/01/2026 10:00:00", ""), ("01/01/2026 10:00:00", "01/02/2026 00:00:00")),
        (("01/01/2026 10:00:00", ""), ("2026/01/02 09:00:00", "")),
        (("01/01/2026", ""), ("01/01/2026 00:00:01", "")),
    ],
)
def test_an_older_version_never_overwrites_a_newer_one(
    road: Road, documents: list[Data], older: tuple[str, str], newer: tuple[str, str]
) -> None:
    document = documents[0]
    road.arrive(dated(document, *newer, **{text_field(road.feed.kind, document): "new"}))
    before = road.dump()
    late = dated(document, *older, **{text_field(road.feed.kind, document): "late"})
    assert counts(road.arrive(late)) == {"received": 1, "unchanged": 1}
    assert road.dump() == before


def test_versions_in_any_order_end_with_the_newest(road: Road, documents: list[Data]) -> None:
    name = text_field(road.feed.kind, documents[0])
    column = column_of(road.model, name)
    for day in (2, 1, 4, 3, 4):
        road.arrive(dated(documents[0], "01/01/2026", f"{day:02}/01/2026", **{name: f"of day {day}"}))
    assert [getattr(version, column) for version in road.versions()] == ["of day 2", "of day 4"]
    assert getattr(road.record(), column) == "of day 4"


def test_a_change_within_the_same_second_is_taken_over(road: Road, documents: list[Data]) -> None:
    name = text_field(road.feed.kind, documents[0])
    for value in ("one", "two"):
        run = road.arrive(dated(documents[0], "01/01/2026", "02/01/2026", **{name: value}))
    assert counts(run) == {"received": 1, "updated": 1}


def test_lines_are_replaced_as_a_whole_when_they_change(road: Road, documents: list[Data]) -> None:
    road.arrive(*documents)
    for array in road.feed.kind.lines:
        name = spelled(documents[0], array)
        lines = [*reversed(documents[0][name]), documents[0][name][0]]
        run = road.arrive({**documents[0], name: lines}, *documents[1:])
        assert counts(run) == {"received": len(documents), "updated": 1, "unchanged": len(documents) - 1}
        stored = road.lines(array, key_of(road.feed.kind, documents[0]))
        assert [line.position for line in stored] == list(range(1, len(lines) + 1))
        assert [list(differences(*pair)) for pair in zip(stored, lines, strict=True)] == [[]] * len(lines)
        documents[0] = {**documents[0], name: []}
        assert counts(road.arrive(documents[0])) == {"received": 1, "updated": 1}
        assert road.lines(array, key_of(road.feed.kind, documents[0])) == []


# -- what cannot come in


def test_one_bad_record_quarantines_only_itself(road: Road, documents: list[Data]) -> None:
    bad = {**documents[0], "createdTime": "31/02/2026 10:00:00"}
    run = road.arrive(bad, *documents[1:])
    assert counts(run) == {"received": len(documents), "created": len(documents) - 1, "quarantined": 1}
    assert run.state == "partial"
    entry = road.quarantined()
    assert (entry.natural_key, entry.field) == (key_of(road.feed.kind, bad), "createdTime")
    assert "31/02/2026" in entry.reason
    assert (entry.raw, entry.run, entry.dealership.code) == (in_json(bad).decode(), run, DEALER)
    assert not road.model.objects.filter(**{road.feed.kind.key: entry.natural_key}).exists()


def test_a_bad_version_leaves_the_stored_one_as_it_is_and_a_good_one_follows(road: Road, documents: list[Data]) -> None:
    road.arrive(documents[0])
    before = road.dump()
    assert counts(road.arrive({**documents[0], "modifiedTime": {}})) == {"received": 1, "quarantined": 1}
    assert road.dump() == before
    assert counts(road.arrive(dated(documents[0], "02/01/2026"))) == {"received": 1, "updated": 1}


def test_a_record_without_natural_key_is_quarantined(road: Road, documents: list[Data]) -> None:
    name = spelled(documents[0], road.feed.kind.key)
    assert counts(road.arrive({**documents[0], name: " "})) == {"received": 1, "quarantined": 1}
    assert (road.quarantined().field, road.quarantined().reason) == (name, "the record has no natural key")


def test_a_record_of_another_dealership_of_the_connection_is_stored_there(road: Road, documents: list[Data]) -> None:
    road.arrive({**documents[0], "dealerId": NEIGHBOUR}, documents[0])
    assert {record.dealership.code for record in road.records()} == {DEALER, NEIGHBOUR}
    for line in road.feed.kind.lines.values():
        assert all(row.dealership_id == row.record.dealership_id for row in line.objects.select_related("record"))


def test_a_record_that_names_no_dealer_is_that_of_the_dealership_asked(road: Road, documents: list[Data]) -> None:
    nameless = [
        {key: value for key, value in documents[0].items() if key != "dealerId"},
        documents[1] | {"dealerId": ""},
    ]
    road.arrive(*nameless)
    assert [(record.dealership.code, record.dealer_id) for record in road.records()] == [(DEALER, None)] * 2


def test_a_record_of_an_unknown_dealer_is_quarantined(road: Road, documents: list[Data]) -> None:
    run = road.arrive({**documents[0], "dealerId": STRANGER}, *documents[1:])
    assert counts(run) == {"received": len(documents), "created": len(documents) - 1, "quarantined": 1}
    entry = QuarantinedRecord.objects.get()
    assert (entry.field, entry.natural_key) == ("dealerId", key_of(road.feed.kind, documents[0]))
    assert STRANGER in entry.reason
