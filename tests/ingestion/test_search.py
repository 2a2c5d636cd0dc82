"""Records are found by their words at once, by nobody else, and whatever the index has taken up so far."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection

from dealers.models import Dealership
from dealers.tenancy import acting_for, nobody, platform
from ingestion import search, tasks
from ingestion.job_types import JOB_TYPES
from ingestion.models import Record, SearchText
from tests.factories import DealershipFactory, record_of
from tests.ingestion.roads import DEALER, Data, Road, road_for

pytestmark = pytest.mark.django_db
PKB, SPK = JOB_TYPES["pkb"], JOB_TYPES["spk_read"]


def order(number: int, **fields: Any) -> Data:
    return {"noWorkOrder": f"PKB/{number}", "dealerId": DEALER, "createdTime": "01/11/2026 08:00:00", **fields}


@pytest.fixture
def road(db: None) -> Road:
    return road_for("pkb")


@pytest.fixture
def here() -> Dealership:
    return DealershipFactory(code="08138")


def found(words: str, job_type: Any = PKB) -> set[int]:
    return set(job_type.record.objects.filter(pk__in=search.containing(job_type, words)).values_list("pk", flat=True))


def test_each_word_stands_somewhere_in_the_record_or_its_lines(here: Dealership) -> None:
    record = record_of(PKB, here, nama_pemilik="Amir Nasution", no_polisi="B 1234 XYZ")
    record_of(PKB, here, nama_pemilik="Amir Hamzah")
    assert found("nasution 1234") == found("1234 AMIR") == {record.pk}
    assert found("hamzah 1234") == set()
    assert found("amir") == {each.pk for each in PKB.record.objects.all()}


def test_what_the_index_has_not_taken_up_is_found_as_well(here: Dealership) -> None:
    first = record_of(PKB, here, nama_pemilik="Amir")
    tasks.index()
    assert not SearchText.objects.filter(indexed=False).exists()
    second = record_of(PKB, here, nama_pemilik="Amir")
    assert found("amir") == {first.pk, second.pk}
    first.nama_pemilik = "Budi"
    first.save()
    search.write(PKB, [first.pk])
    assert (found("amir"), found("budi")) == ({second.pk}, {first.pk})


def test_the_index_takes_up_everything_that_waits_in_more_than_one_go(
    here: Dealership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "AT_ONCE", 2)
    for _ in range(5):
        record_of(PKB, here)
    tasks.index()
    assert set(SearchText.objects.values_list("indexed", flat=True)) == {True}


def test_what_a_run_stores_is_found_and_what_it_changes_is_found_anew(road: Road) -> None:
    road.arrive(order(1, namaPemilik="Amir", parts=[{"partsNumber": "06455-KVB"}]), order(2))
    [record] = PKB.record.objects.filter(nama_pemilik="Amir")
    assert found("amir -kvb") == {record.pk}
    road.arrive(order(1, namaPemilik="Budi", parts=[{"partsNumber": "99999-XYZ"}]))
    assert found("amir") == found("06455") == set()
    assert found("budi 99999-xyz") == {record.pk}


def test_a_search_stays_within_the_dealerships_of_its_scope(here: Dealership) -> None:
    own, other = record_of(PKB, here, nama_pemilik="Amir"), record_of(PKB, DealershipFactory(), nama_pemilik="Amir")
    for _ in ("waiting for the index", "in it"):
        for scope, expected in (
            (acting_for([here.pk]), {own.pk}),
            (platform("test"), {own.pk, other.pk}),
            (nobody(), set()),
        ):
            with scope:
                assert found("amir") == answered("%amir%") == expected
        tasks.index()


def answered(pattern: str) -> set[int]:
    """What the function itself says, without the policies of the records."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT records_with_words('pkb', %s)", [[pattern]])
        return {record_id for (record_id,) in cursor.fetchall()}


@pytest.mark.parametrize("words", ["%", "A_ir", "\\", "'", "' OR true --", "$1", "$body$", "%s", "\n", "ı"])
def test_words_are_words_whatever_stands_in_them(here: Dealership, words: str) -> None:
    record = record_of(PKB, here, nama_pemilik="Amir")
    assert found(words) == (set() if words.strip() else {record.pk})


def test_numbers_of_identity_papers_are_found_by_nobody(here: Dealership) -> None:
    record: Record = record_of(SPK, here, no_ktp="3174012345678901", nama_customer="Amir")
    assert found("3174012345678901", SPK) == set()
    assert found("amir", SPK) == {record.pk}
