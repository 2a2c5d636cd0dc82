"""Quarantine: one entry for a text, closed when its record arrives whole, and nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from ingestion import intake, quarantine
from ingestion.models import Feed, QuarantinedRecord, Run
from tests.factories import FeedFactory, QuarantineFactory, RunFactory
from tests.ingestion.roads import DEALER, NEIGHBOUR, STRANGER, Data, Road, counts, dealership, in_json, road_for
from tests.ingestion.test_store import side_by_side

pytestmark = pytest.mark.django_db


def order(number: object, **fields: Any) -> Data:
    return {"noWorkOrder": str(number), "dealerId": DEALER, "namaPemilik": "Amir", **fields}


def bad(number: object, **fields: Any) -> Data:
    return order(number, kmTerakhir="x", **fields)


def states() -> dict[str, str]:
    return dict(QuarantinedRecord.objects.values_list("natural_key", "state"))


@pytest.fixture
def road() -> Road:
    return road_for("pkb")


@pytest.fixture
def next_door(road: Road) -> Road:
    """The neighbour's feed of the same connection."""
    return Road(road.feed.connection.feeds.get(dealership__code=NEIGHBOUR))


# -- a record that arrives whole


def test_a_record_that_arrives_whole_closes_its_entry(road: Road) -> None:
    road.arrive(bad(1), bad(2))
    run = road.arrive(order(1))
    assert states() == {"1": "stored", "2": "waiting"}
    entry = QuarantinedRecord.objects.get(natural_key="1")
    assert entry.settled_by == f"run {run.pk}"
    assert entry.settled_at is not None


def test_it_closes_every_entry_of_its_record(road: Road) -> None:
    for text in "xyz":
        road.arrive(order(1, kmTerakhir=text))
    road.arrive(order(1))
    assert set(QuarantinedRecord.objects.values_list("state", flat=True)) == {"stored"}


def test_a_record_that_arrives_unchanged_closes_its_entry_too(road: Road) -> None:
    road.arrive(order(1))
    road.arrive(bad(1))
    assert states() == {"1": "waiting"}
    assert counts(road.arrive(order(1))) == {"received": 1, "unchanged": 1}
    assert states() == {"1": "stored"}


def test_another_record_closes_nothing(road: Road) -> None:
    road.arrive(bad(1))
    road.arrive(order(2), order("1 "[:1] + "0"))
    assert states() == {"1": "waiting"}


def test_a_record_that_is_still_bad_closes_nothing_whatever_else_arrives(road: Road) -> None:
    road.arrive(bad(1))
    road.arrive(order(2), order(1, kmTerakhir="y"))
    assert set(QuarantinedRecord.objects.values_list("state", flat=True)) == {"waiting"}


def test_an_entry_of_the_neighbour_is_closed_by_the_neighbours_record(road: Road, next_door: Road) -> None:
    road.arrive(bad(1, dealerId=NEIGHBOUR))
    assert QuarantinedRecord.objects.get().dealership == next_door.feed.dealership
    road.arrive(order(1, dealerId=NEIGHBOUR))
    assert states() == {"1": "stored"}


def test_the_same_key_of_a_neighbour_closes_nothing(road: Road, next_door: Road) -> None:
    road.arrive(bad(1))
    next_door.arrive(order(1, dealerId=NEIGHBOUR))
    road.arrive(order(1, dealerId=NEIGHBOUR))
    assert states() == {"1": "waiting"}


def test_a_bad_record_of_the_neighbour_does_not_keep_ours_open(road: Road) -> None:
    road.arrive(bad(1), bad(1, dealerId=NEIGHBOUR))
    road.arrive(order(1), order(1, kmTerakhir="y", dealerId=NEIGHBOUR))
    found = set(QuarantinedRecord.objects.values_list("dealership__code", "state"))
    assert found == {(DEALER, "stored"), (NEIGHBOUR, "waiting")}


def test_the_same_key_of_another_job_type_closes_nothing(road: Road) -> None:
    other = road_for("inv2_read")
    other.arrive({"noWorkOrder": "1", "totalHargaNJB": "x"})
    road.arrive(order(1))
    assert states() == {"1": "waiting"}


def test_a_record_of_a_dealer_that_was_unknown_closes_its_entry_by_any_road(road: Road, next_door: Road) -> None:
    road.arrive(order(1, dealerId=STRANGER), order(2, dealerId=STRANGER))
    assert set(QuarantinedRecord.objects.values_list("dealership__code", "dealer_code")) == {(DEALER, STRANGER)}
    known = FeedFactory(connection=road.feed.connection, dealership=dealership(STRANGER), job_type="pkb")
    Road(known).arrive(order(1, dealerId=STRANGER, namaPemilik="Budi"))
    assert states() == {"1": "stored", "2": "waiting"}
    next_door.arrive(order(2, dealerId=STRANGER))
    assert states() == {"1": "stored", "2": "stored"}


def test_a_text_without_a_key_is_closed_by_the_same_text(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as before_the_fix:
        before_the_fix.setattr("ingestion.documents.LONGEST_KEY", 3)
        road.arrive(order("long"), order("longer"))
        assert set(QuarantinedRecord.objects.values_list("natural_key", "state")) == {("", "waiting")}
    road.arrive(order("longer"))
    assert sorted(QuarantinedRecord.objects.values_list("state", flat=True)) == ["stored", "waiting"]


# -- the same text again


def test_a_text_that_comes_again_after_its_record_was_stored_waits_again(road: Road) -> None:
    for record in (bad(1), order(1), bad(1)):
        road.arrive(record)
    entry = road.quarantined()
    assert (entry.state, entry.settled_at, entry.settled_by) == ("waiting", None, "")


def test_what_is_ignored_stays_ignored_when_it_comes_again(road: Road) -> None:
    road.arrive(bad(1))
    quarantine.ignore(QuarantinedRecord.objects.all(), by="alice@dealer.example", why="typed by hand")
    for record in (bad(1), order(1), bad(1)):
        road.arrive(record)
    entry = road.quarantined()
    assert (entry.state, entry.why_ignored, entry.settled_by) == ("ignored", "typed by hand", "alice@dealer.example")


def test_the_same_text_of_another_dealership_is_an_entry_of_its_own(road: Road, next_door: Road) -> None:
    text = {"kmTerakhir": "x"}
    road.arrive(text)
    entry = road.quarantined()
    quarantine.close(QuarantinedRecord.objects.all(), by="test")
    next_door.arrive(text)
    entry.refresh_from_db()
    assert entry.state == "stored"
    assert QuarantinedRecord.objects.get(state="waiting").dealership == next_door.feed.dealership


def test_an_entry_knows_when_it_was_last_received(road: Road) -> None:
    road.arrive(bad(1), bad(2))
    first, second = QuarantinedRecord.objects.order_by("natural_key")
    assert first.received_at == first.quarantined_at == second.received_at
    road.arrive(bad(1))
    again = QuarantinedRecord.objects.get(pk=first.pk)
    assert again.received_at > first.received_at
    assert again.quarantined_at == first.quarantined_at


# -- whose it is


def test_a_bad_record_belongs_to_the_dealership_of_its_dealer_code(road: Road) -> None:
    road.arrive(bad(1, dealerId=NEIGHBOUR), {"dealerId": NEIGHBOUR}, bad(2), {"rak": 1}, 5)
    found = QuarantinedRecord.objects.values_list("dealership__code", "natural_key")
    assert sorted(found) == [(DEALER, ""), (DEALER, ""), (DEALER, "2"), (NEIGHBOUR, ""), (NEIGHBOUR, "1")]
    assert set(QuarantinedRecord.objects.values_list("dealer_code", flat=True)) == {""}


def test_a_dealer_code_of_any_length_is_no_obstacle(road: Road) -> None:
    assert counts(road.arrive(order(1, dealerId="7" * 5000))) == {"received": 1, "quarantined": 1}
    assert road.quarantined().dealer_code == "7" * 100


def test_the_cause_is_the_reason_without_its_values(road: Road) -> None:
    road.arrive(order(1, kmTerakhir="x"), order(2, kmTerakhir="it's"))
    assert len(set(QuarantinedRecord.objects.values_list("reason", flat=True))) == 2
    [group] = quarantine.groups(QuarantinedRecord.objects.all())
    newest = QuarantinedRecord.objects.latest("pk")
    assert (group["job_type"], group["field"], group["count"], group["example"]) == ("pkb", "kmTerakhir", 2, newest.pk)


def test_groups_are_counted_the_most_first() -> None:
    for field, number in (("a", 1), ("b", 3), ("c", 2)):
        for _ in range(number):
            QuarantineFactory(field=field, run=Run.objects.first() or RunFactory())
    assert [group["count"] for group in quarantine.groups(QuarantinedRecord.objects.all())] == [3, 2, 1]


# -- ignoring


def test_nothing_is_ignored_without_a_reason() -> None:
    QuarantineFactory()
    for why in ("", " \n"):
        with pytest.raises(quarantine.NoReason):
            quarantine.ignore(QuarantinedRecord.objects.all(), by="test", why=why)
    assert set(QuarantinedRecord.objects.values_list("state", flat=True)) == {"waiting"}
    with pytest.raises(IntegrityError, match="quarantine_ignored_with_a_reason"), transaction.atomic():
        QuarantinedRecord.objects.update(state="ignored", settled_at="2026-01-01T00:00Z")


def test_what_is_ignored_can_wait_again() -> None:
    first, second = QuarantineFactory(), QuarantineFactory()
    assert quarantine.ignore(QuarantinedRecord.objects.all(), by="test", why="a test") == 2
    assert quarantine.ignore(QuarantinedRecord.objects.all(), by="test", why="again") == 0
    assert quarantine.wait_again(QuarantinedRecord.objects.filter(pk=first.pk)) == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.settled_at, first.settled_by, first.why_ignored) == ("waiting", None, "", "")
    assert (second.state, second.why_ignored) == ("ignored", "a test")


def test_what_is_stored_is_neither_ignored_nor_made_to_wait() -> None:
    QuarantineFactory(state="stored", settled_at="2026-01-01T00:00Z", settled_by="run 1")
    assert quarantine.ignore(QuarantinedRecord.objects.all(), by="test", why="a test") == 0
    assert quarantine.wait_again(QuarantinedRecord.objects.all()) == 0
    assert QuarantinedRecord.objects.get().state == "stored"


# -- cost, and side by side


def test_unchanged_records_cost_three_queries_where_nothing_waits(
    road: Road, django_assert_num_queries: Callable[..., Any]
) -> None:
    road.arrive(*(order(n) for n in range(20)))
    run = RunFactory(feed=road.feed)
    with django_assert_num_queries(3):
        intake.take_sorted(intake.sort(map(in_json, map(order, range(20))), road.feed), run=run, feed=road.feed)


@pytest.mark.django_db(transaction=True)
def test_a_record_closes_the_entry_of_an_answer_that_it_waited_for() -> None:
    here = road_for("pkb")
    there = Road(here.feed.connection.feeds.get(dealership__code=NEIGHBOUR))

    stored = Event()

    def first() -> None:
        with transaction.atomic():
            here.arrive(bad(1, dealerId=NEIGHBOUR))
            stored.set()
            while not somebody_waits():
                pass

    def second() -> Run:
        stored.wait(10)
        return there.arrive(order(1, dealerId=NEIGHBOUR))

    side_by_side(first, second)
    assert states() == {"1": "stored"}


def somebody_waits() -> bool:
    """Whether a transaction of this database waits for another."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_answers_people_and_entries_side_by_side_end_without_a_deadlock() -> None:
    here = road_for("pkb")
    there = Road(here.feed.connection.feeds.get(dealership__code=NEIGHBOUR))
    records = [order(n, dealerId=dealer) for n in range(40) for dealer in (DEALER, NEIGHBOUR)]
    broken = [{**record, "kmTerakhir": "x"} for record in records]
    entries = QuarantinedRecord.objects.all()

    def arrive(road: Road, backwards: bool) -> None:
        for turn in range(4):
            sent = broken if turn % 2 else records
            road.arrive(*(sent[::-1] if backwards else sent))

    def people() -> None:
        for _ in range(10):
            quarantine.ignore(entries.filter(natural_key="7"), by="test", why="a test")
            quarantine.wait_again(entries)

    side_by_side(lambda: arrive(here, False), lambda: arrive(there, True), people)
    assert Feed.objects.count() == 2
    assert entries.count() == len(records)
