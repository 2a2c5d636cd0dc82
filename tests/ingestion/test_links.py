"""What hangs together: the join graph, both ways, as far as a person may see."""

from __future__ import annotations

from typing import Any

import pytest

from dealers.models import Dealership, User
from ingestion import links
from ingestion.job_types import JOB_TYPES
from ingestion.models import Record
from ingestion.naming import is_found
from tests.factories import record_of, values
from tests.people import with_role

pytestmark = pytest.mark.django_db


def stored(code: str, dealership: Dealership, lines: dict[str, dict[str, Any]] | None = None, **columns: Any) -> Record:
    """A record with one line in each of `lines`."""
    job = JOB_TYPES[code]
    record = record_of(job, dealership, lines=0, **columns)
    for array, told in (lines or {}).items():
        model = job.lines[array]
        model.objects.create(record=record, dealership=dealership, position=1, **values(model, **told))
    return record


def found(record: Record, code: str, user: User) -> dict[str, list[Record]]:
    return {group.job.code: group.records for group in links.linked(record, JOB_TYPES[code], user)}


@pytest.mark.parametrize("join", links.JOINS, ids=lambda join: f"{join[0].job}-{join[1].job}")
def test_every_join_leads_there_and_back(
    join: tuple[links.End, links.End], dealership_a: Dealership, admin_user: User
) -> None:
    records = []
    for end in join:
        array, _, column = end.column.rpartition(".")
        told = {"lines": {array: {column: "the name"}}} if array else {column: "the name"}
        records.append(stored(end.job, dealership_a, **told))
    stored(join[0].job, dealership_a)
    one, other = records

    assert other in found(one, join[0].job, admin_user)[join[1].job]
    assert one in found(other, join[1].job, admin_user)[join[0].job]


@pytest.mark.parametrize("end", dict.fromkeys(end for join in links.JOINS for end in join), ids=str)
def test_every_column_that_leads_somewhere_is_indexed(end: links.End) -> None:
    array, _, column = end.column.rpartition(".")
    model = end.job_type.lines[array] if array else end.job_type.record

    assert column == end.job_type.key or is_found(model, column)


def test_a_letter_leads_to_all_of_a_deal(dealership_a: Dealership, admin_user: User) -> None:
    prospect = stored("prospect", dealership_a, id_prospect="P1")
    letter = stored("spk_read", dealership_a, id_spk="S1", id_prospect="P1")
    leasing = stored("leasing", dealership_a, id_spk="S1")
    invoices = [stored("inv1_read", dealership_a, id_spk="S1") for _ in range(2)]
    delivery = stored("bast_read", dealership_a, {"detail": {"id_spk": "S1"}})
    papers = stored("doch_read", dealership_a, id_spk="S1")

    assert found(letter, "spk_read", admin_user) == {
        "prospect": [prospect],
        "leasing": [leasing],
        "inv1_read": invoices[::-1],
        "bast_read": [delivery],
        "doch_read": [papers],
    }
    assert found(delivery, "bast_read", admin_user)["spk_read"] == [letter]


def test_nothing_of_another_dealership_is_linked(
    dealership_a: Dealership, dealership_b: Dealership, admin_user: User
) -> None:
    order = stored("pkb", dealership_a, no_work_order="W1")
    stored("inv2_read", dealership_b, no_work_order="W1")

    assert found(order, "pkb", admin_user) == {}


def test_only_what_a_person_may_see_is_linked(dealership_a: Dealership, alice: User) -> None:
    received = stored("uinb_read", dealership_a, {"unit": {"no_rangka": "F1"}}, no_invoice="I1")
    stored("mdinvh1_read", dealership_a, no_invoice="I1")

    assert set(found(received, "uinb_read", with_role(alice, "sales_manager"))) == {"mdinvh1_read"}
    assert found(received, "uinb_read", with_role(alice, "technician")) == {}


def test_a_record_that_names_nothing_leads_nowhere(
    dealership_a: Dealership, admin_user: User, django_assert_num_queries: Any
) -> None:
    lonely = stored("leasing", dealership_a, id_spk=None)
    stored("leasing", dealership_a, id_spk=None)

    with django_assert_num_queries(0):
        assert links.linked(lonely, JOB_TYPES["leasing"], admin_user) == []


def test_many_links_end_with_a_hint_at_more(
    dealership_a: Dealership, admin_user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(links, "MOST", 2)
    order = stored("pkb", dealership_a, no_work_order="W1")
    deposits = [stored("dphlo_read", dealership_a, no_work_order="W1") for _ in range(3)]

    (group,) = links.linked(order, JOB_TYPES["pkb"], admin_user)

    assert (group.records, group.more) == ([deposits[2], deposits[1]], True)


def test_links_take_few_queries_however_many_lines_there_are(
    dealership_a: Dealership, admin_user: User, django_assert_max_num_queries: Any
) -> None:
    job = JOB_TYPES["bast_read"]
    delivery = record_of(job, dealership_a, lines=30)
    for line in delivery.detail.all():
        stored("spk_read", dealership_a, id_spk=line.id_spk)
        stored("doch_read", dealership_a, {"unit": {"nomor_rangka": line.no_rangka}}, id_spk=line.id_spk)

    with django_assert_max_num_queries(14):
        groups = links.linked(delivery, job, admin_user)

    assert {group.job.code: (len(group.records), group.more) for group in groups} == {
        "spk_read": (20, True),
        "doch_read": (20, True),
    }
