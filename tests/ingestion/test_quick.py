"""Records are answered as Django REST framework would by itself, and pages of a search as without a short way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from django.utils import translation
from rest_framework.renderers import JSONRenderer

from config.backoffice.filters import asked_for
from dealers.models import Dealership, User
from dealers.roles import Role
from dealers.tenancy import acting_for, nobody, platform
from ingestion import fields, identity, search
from ingestion.api.quick import QuickSerializer
from ingestion.api.records import record_serializer
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.resources import RECORDS
from tests.factories import DealershipFactory, MembershipFactory, record_of
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db
PKB = JOB_TYPES["pkb"]
LIST = "/api/v1/dgi/pkb/"


def rows_of(job: JobType, dealership: Dealership) -> list[Any]:
    """A full record with lines, one of nothing but its key, and one with codes that no table knows."""
    optional = [each for each in fields.wire_fields(job.record) if each.null]
    record_of(job, dealership)
    record_of(job, dealership, lines=0, **{each.name: None for each in optional})
    record_of(job, dealership, **{each.name: "?" for each in optional if isinstance(each, fields.Code)})
    job.record.objects.update(extra={"more": [1, None]})
    found = identity.telling(job.record.objects.all(), User(is_superuser=True))
    return list(found.select_related("dealership").prefetch_related(*job.lines))


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("job", JOB_TYPES.values(), ids=JOB_TYPES)
def test_an_answer_is_that_of_the_fields_themselves(
    job: JobType, language: str, dealership_a: Dealership, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = rows_of(job, dealership_a)
    with translation.override(language):
        quick = JSONRenderer().render(record_serializer(job)(rows, many=True).data)
        monkeypatch.delattr(QuickSerializer, "to_representation")
        slow = JSONRenderer().render(record_serializer(job)(rows, many=True).data)
    assert quick == slow
    assert len(json.loads(quick)) == 3


def test_a_label_is_in_the_language_of_who_asks(dealership_a: Dealership) -> None:
    [*_, row] = rows_of(PKB, dealership_a)
    column = next(each for each in fields.wire_fields(PKB.record) if isinstance(each, fields.Code) and each.table)
    label = next(iter(column.table.values()))
    for language in ("en", "id", "en"):
        with translation.override(language):
            assert record_serializer(PKB)(row).data[f"{column.name}_label"] == str(label)


# -- filters


def test_a_request_makes_the_filters_that_it_asks_for_and_no_others(
    alice: User, dealership_a: Dealership, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[set[str]] = []

    def watched(filterset: Any, **options: Any) -> Any:
        found = asked_for(filterset, **options)
        made.append(set(found.filters))
        return found

    monkeypatch.setattr("config.backoffice.filters.asked_for", watched)
    record = record_of(PKB, dealership_a)
    client = api_of(alice)
    assert [each["id"] for each in client.get(LIST, {"no_polisi": record.no_polisi}).json()["results"]] == [record.pk]
    assert client.get(LIST, {"no_polisi": "another", "dealer": "08138"}).json()["results"] == []
    assert client.get(LIST, {"page_size": 1}).status_code == 200
    assert made == [{"no_polisi"}, {"no_polisi", "dealer"}, set()]


# -- pages of a search


@pytest.fixture
def many(alice: User) -> list[int]:
    """The ids of 12 work orders of a word, the newest first, among others of another dealership."""
    here, elsewhere = alice.memberships.get().dealership, DealershipFactory()
    with_role(alice, Role.OWNER)
    found = []
    for number in range(12):
        found.append(record_of(PKB, here, lines=0, nama_pemilik=f"Amir {chr(65 + number) * 4}").pk)
        record_of(PKB, elsewhere, lines=0, nama_pemilik="Amir elsewhere")
    return found[::-1]


def pages(user: User, address: str) -> list[list[int]]:
    """The ids of each page, forwards to the last and then backwards to the first."""
    client, found, link = api_of(user), list[list[int]](), address
    for way in ("next", "previous"):
        while link:
            answer = client.get(link)
            assert answer.status_code == 200, answer.content
            found.append([each["id"] for each in answer.json()["results"]])
            link = answer.json()[way]
        link = answer.json()["previous"] if way == "next" else None
    return found


@pytest.mark.parametrize("ordering", ["-id", "id"])
@pytest.mark.parametrize("words", ["amir", "Amir LLLL", "nowhere"])
@pytest.mark.parametrize("everywhere", [False, True])
def test_the_short_way_leads_through_the_same_pages(
    alice: User, many: list[int], ordering: str, words: str, everywhere: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if everywhere:
        MembershipFactory(user=alice, dealership=Dealership.objects.exclude(memberships__user=alice).get())
    address = f"{LIST}?search={words}&page_size=3&ordering={ordering}"
    quick = pages(alice, address)
    monkeypatch.setattr(search, "near", lambda *_, **__: None)
    assert quick == pages(alice, address)


def test_every_record_of_the_word_is_on_some_page_and_nobody_elses(alice: User, many: list[int]) -> None:
    forwards = pages(alice, f"{LIST}?search=amir&page_size=5")[:3]
    assert [pk for page in forwards for pk in page] == many


def test_the_short_way_is_taken_where_a_word_is_frequent_and_left_where_it_is_rare(
    alice: User, many: list[int]
) -> None:
    here = alice.memberships.get().dealership_id
    with acting_for([here]):
        assert search.near(PKB, "amir", beyond=None, descending=True, wanted=3) == many[:3]
        assert search.near(PKB, "amir", beyond=many[3], descending=True, wanted=3) == many[4:7]
        assert search.near(PKB, "amir", beyond=many[3], descending=False, wanted=3) == many[2::-1]
        assert search.near(PKB, "Amir LLLL", beyond=None, descending=True, wanted=3) is None


def test_in_several_dealerships_the_next_records_of_all_are_looked_at(alice: User, many: list[int]) -> None:
    every = list(Dealership.objects.values_list("pk", flat=True))
    with platform("the answer wanted"):
        newest = list(PKB.record.objects.order_by("-pk").values_list("pk", flat=True))
    assert len(newest) == 2 * len(many)
    with acting_for(every):
        assert search.near(PKB, "amir", beyond=None, descending=True, wanted=5) == newest[:5]
        assert search.near(PKB, "amir", beyond=newest[4], descending=True, wanted=4) == newest[5:9]
        assert search.near(PKB, "amir", beyond=newest[4], descending=False, wanted=3) == newest[3:0:-1]


def test_records_that_a_role_does_not_show_take_no_places_on_a_page(alice: User, many: list[int]) -> None:
    """In the other dealership Alice may work, but not see work orders: a page was short of what it left out."""
    there = Dealership.objects.exclude(memberships__user=alice).get()
    MembershipFactory(user=alice, dealership=there, role=Role.SALESPERSON)
    forwards = pages(alice, f"{LIST}?search=amir&page_size=5")[:3]
    assert [pk for page in forwards for pk in page] == many
    browser = Client()
    browser.force_login(alice)
    rows = RECORDS["pkb"]
    shown = [row.pk for row in browser.get(rows.list_address, {"search": "amir"}).context["page"].rows]
    assert shown == many


def test_for_nobody_and_for_the_platform_there_is_no_short_way(alice: User, many: list[int]) -> None:
    for scope in (platform("a test"), nobody()):
        with scope:
            assert search.near(PKB, "amir", beyond=None, descending=True, wanted=3) is None


def test_beside_another_filter_all_that_have_the_word_are_asked_for(alice: User, many: list[int]) -> None:
    plate = PKB.record.objects.get(pk=many[-1]).no_polisi
    answer = api_of(alice).get(LIST, {"search": "amir", "no_polisi": plate, "page_size": 2})
    assert [each["id"] for each in answer.json()["results"]] == many[-1:]
