"""Replays: the same road again, in the order in which things were received."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import example, given
from hypothesis import strategies as st

from ingestion import quarantine, replays
from ingestion.models import QuarantinedRecord, Run
from ingestion.replays import Replayed
from tests.factories import FeedFactory, QuarantineFactory, RunFactory
from tests.ingestion.before_the_fix import before_the_fix, order
from tests.ingestion.roads import (
    DEALER,
    NEIGHBOUR,
    STRANGER,
    Data,
    Road,
    counts,
    dealership,
    in_json,
    road_for,
    unhurried,
)
from tests.ingestion.test_store import side_by_side

pytestmark = pytest.mark.django_db
ALICE = "alice@dealer.example"


@pytest.fixture
def road() -> Road:
    return road_for("pkb")


def arrived_too_early(road: Road, *answers: object) -> None:
    """Answers of one record or a list of them, each met by the defect."""
    with before_the_fix():
        for records in answers:
            road.arrive(*(records if isinstance(records, list) else [records]))


def replay(**chosen: Any) -> list[Replayed]:
    done = list(replays.replay(QuarantinedRecord.objects.filter(**chosen), by=ALICE))
    for replayed in done:
        run = Run.objects.get(pk=replayed.run.pk)
        assert run.received == sum(getattr(run, name) for name in Run.COUNTS[1:])
        assert (run.kind, run.started_by, run.finished_at is not None) == ("replay", ALICE, True)
        assert (run.state, run.error) == ("partial" if replayed.waiting else "succeeded", "")
    return done


def states() -> list[str]:
    return list(QuarantinedRecord.objects.order_by("pk").values_list("state", flat=True))


# -- after a fix


def test_after_a_fix_a_replay_stores_what_waits(road: Road) -> None:
    sent = order(1, parts=[{"idJob": "A"}, {"idJob": "B"}])
    arrived_too_early(road, sent)
    [replayed] = replay()
    assert (replayed.stored, replayed.waiting) == (1, 0)
    assert counts(replayed.run) == {"received": 1, "created": 1}
    assert [line.id_job for line in road.lines("parts")] == ["A", "B"]
    [version] = road.versions()
    assert (version.run_id, version.raw) == (replayed.run.pk, in_json(sent).decode())
    entry = road.quarantined()
    assert (entry.state, entry.settled_by) == ("stored", ALICE)
    assert entry.settled_at is not None


def test_a_replay_leaves_the_feed_as_it_is(road: Road) -> None:
    arrived_too_early(road, order(1))
    feed_before = type(road.feed).objects.filter(pk=road.feed.pk).values().get()
    replay()
    assert type(road.feed).objects.filter(pk=road.feed.pk).values().get() == feed_before


def test_what_is_still_bad_waits_on_with_its_fresh_reason(road: Road) -> None:
    arrived_too_early(road, order(1, kmTerakhir="x"), order(2))
    before = QuarantinedRecord.objects.get(natural_key="1")
    assert before.field == "namaPemilik"
    [replayed] = replay()
    assert (replayed.stored, replayed.waiting) == (1, 1)
    assert counts(replayed.run) == {"received": 2, "created": 1, "quarantined": 1}
    after = QuarantinedRecord.objects.get(natural_key="1")
    assert (after.state, after.field, after.reason) == ("waiting", "kmTerakhir", "'x' is no number")
    assert after.cause == "… is no number"
    kept = ("raw", "raw_hash", "run_id", "quarantined_at", "received_at", "dealership_id")
    assert [getattr(after, name) for name in kept] == [getattr(before, name) for name in kept]
    assert QuarantinedRecord.objects.count() == 2


def test_a_second_replay_is_harmless(road: Road) -> None:
    arrived_too_early(road, order(1), order(2, kmTerakhir="x"))
    replay()
    before = road.dump()
    [again] = replay()
    assert (again.stored, again.waiting) == (0, 1)
    assert road.dump() == before
    quarantine.ignore(QuarantinedRecord.objects.all(), by=ALICE, why="a test")
    assert replay() == []
    assert states() == ["stored", "ignored"]


def test_only_what_is_chosen_is_replayed(road: Road) -> None:
    arrived_too_early(road, order(1), order(2))
    replay(natural_key="2")
    assert states() == ["waiting", "stored"]


def test_each_feed_has_a_run_of_its_own(road: Road) -> None:
    arrived_too_early(road, [order(1), order(2, dealerId=NEIGHBOUR)])
    done = replay()
    assert {replayed.run.dealership.code for replayed in done} == {DEALER, NEIGHBOUR}
    assert [counts(replayed.run) for replayed in done] == [{"received": 1, "created": 1}] * 2
    assert {(record.dealership.code, record.no_work_order) for record in road.records()} == {
        (DEALER, "1"),
        (NEIGHBOUR, "2"),
    }


def test_a_document_of_several_elements_is_replayed_as_one(road: Road) -> None:
    arrived_too_early(road, [order(1, parts=[{"idJob": "A"}]), order(1, parts=[{"idJob": "B"}])])
    assert road.quarantined().raw.startswith("[{")
    [replayed] = replay()
    assert counts(replayed.run) == {"received": 1, "created": 1}
    assert [line.id_job for line in road.lines("parts")] == ["A", "B"]


def test_what_cannot_be_text_is_one_entry_however_often_it_is_tried(road: Road) -> None:
    road.arrive(b'{"noWorkOrder":"1","kmTerakhir":"\xff"}')
    for _ in range(2):
        replay()
    assert states() == ["waiting"]
    road.arrive(b'{"noWorkOrder":"1","kmTerakhir":"\xff"}')
    assert states() == ["waiting"]


def test_a_dealer_code_that_is_known_now_is_stored_there(road: Road) -> None:
    road.arrive(order(1, dealerId=STRANGER), order(2, dealerId=STRANGER, kmTerakhir="x"))
    [replayed] = replay()
    assert (replayed.stored, replayed.waiting) == (0, 2)
    FeedFactory(connection=road.feed.connection, dealership=dealership(STRANGER), job_type="pkb")
    replay()
    assert states() == ["stored", "waiting"]
    assert road.record().dealership.code == STRANGER
    left = QuarantinedRecord.objects.get(state="waiting")
    assert (left.dealership.code, left.field, left.dealer_code) == (DEALER, "kmTerakhir", STRANGER)
    road.arrive(order(2, dealerId=STRANGER))
    assert states() == ["stored", "stored"]


# -- without a natural key


@pytest.fixture
def nameless(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Answers that a reader met which knew only short keys."""

    def arrive(road: Road, *answers: list[Data]) -> None:
        with monkeypatch.context() as before:
            before.setattr("ingestion.documents.LONGEST_KEY", 3)
            for records in answers:
                road.arrive(*records)
        assert set(QuarantinedRecord.objects.values_list("natural_key", flat=True)) == {""}

    return arrive


def test_a_text_without_a_key_is_found_again_by_itself(road: Road, nameless: Callable[..., None]) -> None:
    nameless(road, [order("long"), order("longer", kmTerakhir="x")])
    [replayed] = replay()
    assert (replayed.stored, replayed.waiting) == (1, 1)
    assert road.record().no_work_order == "long"
    left = QuarantinedRecord.objects.get(state="waiting")
    assert (left.natural_key, left.field) == ("longer", "kmTerakhir")
    road.arrive(order("longer"))
    assert set(states()) == {"stored"}


def test_the_elements_of_one_answer_become_one_document(road: Road, nameless: Callable[..., None]) -> None:
    nameless(road, [order("long", parts=[{"idJob": job}]) for job in "ABC"])
    [replayed] = replay()
    assert counts(replayed.run) == {"received": 1, "created": 1}
    assert replayed.stored == 3
    assert [line.id_job for line in road.lines("parts")] == ["A", "B", "C"]


def test_they_do_so_whatever_lies_between_them(
    road: Road, nameless: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replays, "MOST_TEXTS", 3)
    nameless(road, [order(f"long {n}", parts=[{"idJob": job}]) for job in "ABC" for n in range(4)])
    [replayed] = replay()
    assert counts(replayed.run) == {"received": 4, "created": 4}
    assert {len(road.lines("parts", f"long {n}")) for n in range(4)} == {3}


def test_the_elements_of_two_answers_do_not(road: Road, nameless: Callable[..., None]) -> None:
    nameless(road, *([order("long", parts=[{"idJob": job}])] for job in "AB"))
    [replayed] = replay()
    assert counts(replayed.run) == {"received": 2, "created": 1, "updated": 1}
    assert [line.id_job for line in road.lines("parts")] == ["B"]


# -- what is newer wins


def test_texts_of_one_record_are_stored_in_the_order_they_were_received(road: Road) -> None:
    arrived_too_early(road, *(order(1, kmTerakhir=km) for km in (1, 2, 1)))
    [replayed] = replay()
    assert counts(replayed.run) == {"received": 2, "created": 1, "updated": 1}
    assert road.record().km_terakhir == 1


def test_an_older_version_never_beats_a_newer_one_and_is_settled(road: Road) -> None:
    with before_the_fix():
        road.arrive(order(1, modifiedTime="01/01/2026", kmTerakhir=1))
        quarantine.ignore(QuarantinedRecord.objects.all(), by=ALICE, why="a test")
        road.arrive(order(1, modifiedTime="02/01/2026", kmTerakhir=2, namaPemilik="Amir"))
    quarantine.wait_again(QuarantinedRecord.objects.all())
    [replayed] = replay()
    assert (replayed.stored, counts(replayed.run)) == (1, {"received": 1, "unchanged": 1})
    assert (states(), road.record().km_terakhir) == (["stored"], 2)


@pytest.mark.parametrize(("first", "second"), [(None, None), ("02/01/2026", None), (None, "02/01/2026")])
def test_where_no_times_tell_what_came_later_wins(road: Road, first: str | None, second: str | None) -> None:
    with before_the_fix():
        road.arrive(order(1, modifiedTime=first, kmTerakhir=1))
        quarantine.ignore(QuarantinedRecord.objects.all(), by=ALICE, why="a test")
        road.arrive(order(1, modifiedTime=second, kmTerakhir=2, namaPemilik="Amir"))
    quarantine.wait_again(QuarantinedRecord.objects.all())
    replay()
    assert (states(), road.record().km_terakhir) == (["stored"], 2)


def test_a_newer_version_wins_although_an_older_one_came_later(road: Road) -> None:
    with before_the_fix():
        road.arrive(order(1, modifiedTime="02/01/2026", kmTerakhir=2))
        quarantine.ignore(QuarantinedRecord.objects.all(), by=ALICE, why="a test")
        road.arrive(order(1, modifiedTime="01/01/2026", kmTerakhir=1, namaPemilik="Amir"))
    quarantine.wait_again(QuarantinedRecord.objects.all())
    replay()
    assert (states(), road.record().km_terakhir) == (["stored"], 2)


def test_what_is_stored_closes_older_texts_of_its_record_but_no_newer_ones(road: Road) -> None:
    arrived_too_early(road, *(order(1, kmTerakhir=km) for km in (1, 2, 3)))
    chosen = QuarantinedRecord.objects.order_by("pk")[1]
    replay(pk=chosen.pk)
    assert (states(), road.record().km_terakhir) == (["stored", "stored", "waiting"], 2)
    replay()
    assert (states(), road.record().km_terakhir) == (["stored"] * 3, 3)


def test_a_newer_text_is_not_lost_in_a_later_batch(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "MOST_TEXTS", 1)
    arrived_too_early(road, *(order(1, kmTerakhir=km) for km in (1, 2, 3)))
    [replayed] = replay()
    assert counts(replayed.run) == {"received": 3, "created": 1, "updated": 2}
    assert (states(), road.record().km_terakhir) == (["stored"] * 3, 3)


def test_a_newer_text_that_is_still_bad_waits_on(road: Road) -> None:
    arrived_too_early(road, order(1), order(1, kmTerakhir="x"))
    replay()
    assert states() == ["stored", "waiting"]


# -- many, and side by side


def test_thousands_are_replayed_in_batches(
    road: Road, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    monkeypatch.setattr(replays, "MOST_TEXTS", 500)
    arrived_too_early(road, [order(n, kmTerakhir="x" if n % 100 == 0 else n) for n in range(2000)])
    steps: list[int] = []
    with django_assert_max_num_queries(4 * 40):
        [replayed] = replays.replay(QuarantinedRecord.objects.all(), by=ALICE, step=steps.append)
    assert counts(replayed.run) == {"received": 2000, "created": 1980, "quarantined": 20}
    assert (replayed.stored, replayed.waiting, sum(steps)) == (1980, 20, 2000)
    assert len(steps) == 4
    assert road.model.objects.count() == 1980


def test_large_texts_are_few_to_a_batch(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "MOST_CHARACTERS", 1000)
    arrived_too_early(road, [order(n, rak="x" * 600) for n in range(3)])
    steps: list[int] = []
    list(replays.replay(QuarantinedRecord.objects.all(), by=ALICE, step=steps.append))
    assert steps == [1, 1, 1]


def test_a_replay_that_breaks_off_says_so_and_keeps_its_batches(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "MOST_TEXTS", 1)
    arrived_too_early(road, order(1), order(2))

    def breaks_off(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(replays.replay(QuarantinedRecord.objects.all(), by=ALICE, step=breaks_off))
    run = Run.objects.get(kind="replay")
    assert (run.state, run.error, counts(run)) == ("partial", "stopped before its end", {"received": 1, "created": 1})
    assert states() == ["stored", "waiting"]
    replay()
    assert states() == ["stored", "stored"]


@pytest.mark.django_db(transaction=True)
def test_replays_side_by_side_and_beside_live_runs_store_everything_once() -> None:
    road = road_for("pkb")
    arrived_too_early(road, [order(n) for n in range(60)])
    side_by_side(replay, replay, lambda: road.arrive(*(order(n) for n in range(59, -1, -1))))
    assert set(states()) == {"stored"}
    assert road.model.objects.count() == len(road.versions()) == 60


@pytest.mark.django_db(transaction=True)
def test_an_entry_that_is_settled_while_the_replay_waits_is_passed_over() -> None:
    road = road_for("pkb")
    arrived_too_early(road, order(1, kmTerakhir=1))
    found = replays.arrivals(road.feed, QuarantinedRecord.objects.all())
    with transaction.atomic():
        road.arrive(order(1, kmTerakhir=2))
    replayed = Replayed(replays.errands.begin(road.feed, Run.Kind.REPLAY, by=ALICE))
    replays.replay_batch(replayed, found, ends=True)
    assert (replayed.stored, replayed.waiting, counts(replayed.run)) == (0, 0, {})
    assert road.record().km_terakhir == 2


# -- anything at all

anything = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=60)
json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | anything,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["noWorkOrder", "dealerId", "kmTerakhir", "parts", "x"]) | anything, inner)
    ),
    max_leaves=8,
)
raws = st.one_of(anything, json_like.map(lambda value: in_json(value).decode()))


@unhurried
@example([('[null,{"noWorkOrder":"1"}]', "1")])
@example([('[{"noWorkOrder":"1"},{"noWorkOrder":"1"}]', "1"), ("[]", "2")])
@given(st.lists(st.tuples(raws, st.sampled_from(["", "1", "2"])), min_size=1, max_size=4))
def test_any_text_in_quarantine_is_stored_or_waits_on(texts: list[tuple[str, str]]) -> None:
    with transaction.atomic():
        road = road_for("pkb")
        run = RunFactory(feed=road.feed)
        for raw, key in texts:
            QuarantineFactory(run=run, raw=raw, natural_key=key)
        [replayed] = replay()
        assert replayed.stored + replayed.waiting == len(texts)
        assert sorted(states()) == ["stored"] * replayed.stored + ["waiting"] * replayed.waiting
        assert road.records() or not replayed.stored
        assert bool(replayed.run.quarantined) == bool(replayed.waiting)
        transaction.set_rollback(True)
