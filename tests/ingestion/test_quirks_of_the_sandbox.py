"""Every job type takes in what the sandbox says, with every quirk switched on."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingestion.job_types import JOB_TYPES
from ingestion.models import QuarantinedRecord, Run
from ingestion.sandbox.admission import Query
from ingestion.sandbox.answers import records_for, success
from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import Record
from ingestion.sandbox.modules import MODULES
from ingestion.sandbox.quirks import QUIRKS
from ingestion.sandbox.world import World
from tests.ingestion.roads import DEALER, NEIGHBOUR, Road, counts, road_for

CONFIG = SandboxConfig(now=lambda: datetime(2025, 11, 20, 7, 30, tzinfo=UTC), dealers=(DEALER, NEIGHBOUR))
WORLD = World(CONFIG)
OF_SPELLING = ("Q1", "Q4", "Q6", "Q9", "Q10")
"""Quirks that leave the substance of every record as it is."""

pytestmark = pytest.mark.django_db


@pytest.fixture(params=JOB_TYPES.values(), ids=str)
def road(request: pytest.FixtureRequest) -> Road:
    return road_for(request.param)


def said(road: Road, *quirks: str) -> list[Record]:
    """The sandbox's records of three days for both dealers."""
    now = CONFIG.local_now()
    query = Query(MODULES[road.feed.kind.module], CONFIG.dealers, now - timedelta(days=3), now, {})
    return records_for(query, WORLD, CONFIG, frozenset(quirks))


def body(road: Road, *quirks: str) -> bytes:
    found = success(said(road, *quirks), frozenset(quirks)).body
    assert isinstance(found, bytes)
    return found


def content(road: Road) -> dict[tuple[str, str], list[Any]]:
    """The columns of every record and its lines, by dealer and key."""
    models = road.feed.kind.lines.values()
    return {
        (record.dealership.code, getattr(record, road.feed.kind.key)): [
            values([record]),
            *(values(model.objects.filter(record=record).order_by("position")) for model in models),
        ]
        for record in road.records()
    }


def values(rows: Iterable[Any]) -> list[dict[str, Any]]:
    aside = {"id", "record_id", "raw_hash", "content_hash", "_state"}
    return [{name: value for name, value in vars(row).items() if name not in aside} for row in rows]


def test_with_every_quirk_all_is_stored_but_what_is_of_unknown_dealers(road: Road) -> None:
    run = road.arrive_body(body(road, *QUIRKS))
    assert run.created + run.quarantined == run.received > 0
    assert run.state == (Run.State.PARTIAL if run.quarantined else Run.State.SUCCEEDED)
    assert {entry.field for entry in QuarantinedRecord.objects.all()} <= {"dealerId"}
    before = road.dump()
    again = road.arrive_body(body(road, *QUIRKS))
    assert (again.received, again.unchanged, again.quarantined) == (run.received, run.created, run.quarantined)
    assert road.dump() == before


def test_quirks_of_spelling_change_not_one_row(road: Road) -> None:
    run = road.arrive_body(body(road))
    before = road.dump()
    for quirks in (*((quirk,) for quirk in OF_SPELLING), OF_SPELLING):
        assert counts(road.arrive_body(body(road, *quirks))) == {"received": run.created, "unchanged": run.created}
        assert road.dump() == before


def equal_lines(record: Record) -> bool:
    return any(lines.count(line) > 1 for lines in record.values() if isinstance(lines, list) for line in lines)


def test_a_parent_repeated_per_line_changes_no_record_whose_lines_differ(road: Road) -> None:
    run = road.arrive_body(body(road))
    again = road.arrive_body(body(road, "Q11"))
    assert (again.received, again.updated) == (run.created, sum(map(equal_lines, said(road))))


def test_records_that_another_dealer_does_not_touch_are_stored_as_without_quirks(road: Road) -> None:
    first = road.arrive_body(body(road, "Q19", *OF_SPELLING))
    quirky = content(road)
    run = road.arrive_body(body(road))
    assert (run.updated, run.quarantined) == (0, 0)
    assert run.unchanged > 0
    assert run.received == first.received
    assert {identity: rows for identity, rows in content(road).items() if identity in quirky} == quirky
