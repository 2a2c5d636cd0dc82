"""What two dealerships have in common: an answer to the one may bring the other's records; files and mails of all."""

from __future__ import annotations

from typing import Any

import pytest

from ingestion.job_types import JOB_TYPES
from ingestion.models import QuarantinedRecord
from tests.ingestion.commands import called
from tests.tenancy.asking import Visitor
from tests.tenancy.world import CANARY, OTHER_CODE, OWN_CODE, World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def brought(world: World) -> QuarantinedRecord:
    """An entry and a version of our own that came with the other dealership's run."""
    theirs = world.other.rows["ingestion.run"]
    entry = QuarantinedRecord.objects.get(dealership=world.own.dealership)
    QuarantinedRecord.objects.filter(pk=entry.pk).update(run=theirs, natural_key="brought by a neighbour")
    for job in JOB_TYPES.values():
        job.record.history.filter(dealership=world.own.dealership).update(run=theirs)
    return entry


@pytest.mark.parametrize(
    "address",
    ["/admin/ingestion/quarantinedrecord/", "/admin/ingestion/quarantinedrecord/{id}/change/"],
    ids=["list", "page"],
)
def test_an_entry_that_a_neighbours_answer_brought_is_seen_without_its_run(
    world: World, brought: QuarantinedRecord, address: str
) -> None:
    answer = Visitor(world.own.people["owner"]).ask("GET", address.replace("{id}", str(brought.pk)))
    assert answer.status == 200
    assert "brought by a neighbour" in answer.body
    assert answer.shows() == []


def test_the_api_and_histories_show_what_a_neighbours_answer_brought(
    world: World, brought: QuarantinedRecord, tally: Any
) -> None:
    visitor, leaks, asked = Visitor(world.own.people["owner"]), [], 1
    answer = visitor.ask("GET", f"/api/v1/dgi/quarantine/{brought.pk}/", bearer=True)
    assert answer.status == 200
    leaks += answer.shows()
    for job in JOB_TYPES.values():
        pk, name = world.own.rows[job.record._meta.label_lower], job.record._meta.model_name
        for address in (f"/api/v1/dgi/{job.code}/{pk}/history/", f"/admin/ingestion/{name}/{pk}/history/"):
            answer = visitor.ask("GET", address, bearer=address.startswith("/api/"))
            assert answer.status == 200, address
            assert "as received" in answer.body, address
            asked, leaks = asked + 1, leaks + [f"{address} shows {mark}" for mark in answer.shows()]
    tally(asked, leaks)


@pytest.mark.parametrize("job", JOB_TYPES)
def test_an_export_for_a_dealership_has_nobody_elses_records(world: World, tally: Any, job: str) -> None:
    status, lines = called("dgi_export", "--job", job, "--dealer", OWN_CODE)
    assert status == 0
    assert [line["dealer"] for line in lines] == [OWN_CODE]
    tally(1, [job] if CANARY in str(lines) or OTHER_CODE in str(lines) else [])
