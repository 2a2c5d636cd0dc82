"""Storing: exact text, one row each under any concurrency, counts that add up, quarantine without doubles."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from ingestion import answer, claims, desk, habits, services
from ingestion.models import QuarantinedRecord, Run
from ingestion.store import Table
from tests.ingestion.roads import DEALER, NEIGHBOUR, Data, Road, body_of, counts, in_json, road_for

HOSTILE = [
    "a\tb",
    "a\nb",
    "a\r\nb",
    "\\N",
    "\\.",
    "a\n\\.\nb",
    "\\",
    "\\\\",
    "\\t",
    "a\\\tb",
    "'; DROP TABLE x; --",
    "\"quoted\", 'too'",
    "{}",
    "NULL",
    "😀👩‍👩‍👧",
    "\u200fأحمد\u200e",
    "é e\u0301 ﬁ",
    "a\x01\x08\x0b\x1b\x7fb",
    "a\u0085b\u2028c\u2029d",
    "\U0010ffff\ufffe",
    "x" * 10_000,
]


def order(number: object, **fields: Any) -> Data:
    return {"noWorkOrder": str(number), "dealerId": DEALER, "namaPemilik": "Amir", **fields}


@pytest.fixture
def road(db: None) -> Road:
    return road_for("pkb")


def test_separators_are_dropped_from_columns_and_kept_in_what_was_received(road: Road) -> None:
    assert (
        counts(road.arrive(order("1\x1e2", namaPemilik="a\x1d\x1e\x1fb", parts=[{"idJob": "c\x1fd"}])))["created"] == 1
    )
    assert (road.record("12").nama_pemilik, [line.id_job for line in road.lines("parts", "12")]) == ("ab", ["cd"])
    assert "a\\u001d\\u001e\\u001fb" in road.record("12").history.get().raw


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_stored_exactly_in_header_lines_key_and_extra(road: Road, text: str) -> None:
    key = text[:400]
    sent = order(key, namaPemilik=text, rak={text: [text]}, parts=[{"idJob": text, "rak": text}, {"partsNumber": text}])
    assert counts(road.arrive(sent)) == {"received": 1, "created": 1, "unknown_fields": 2}
    record, (first, second) = road.record(key), road.lines("parts", key)
    assert (record.no_work_order, record.nama_pemilik, record.extra) == (key, text, {"rak": {text: [text]}})
    assert (first.id_job, first.extra, first.parts_number) == (text, {"rak": text}, None)
    assert (second.id_job, second.extra, second.parts_number) == (None, None, text)
    assert road.versions()[0].raw == in_json(sent).decode()
    assert counts(road.arrive(sent)) == {"received": 1, "unchanged": 1, "unknown_fields": 2}
    assert counts(road.arrive({**sent, "namaPemilik": f"{text}!"})) == {
        "received": 1,
        "updated": 1,
        "unknown_fields": 2,
    }
    assert road.record(key).nama_pemilik == f"{text}!"


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_quarantined_exactly(road: Road, text: str) -> None:
    sent = order(1, kmTerakhir=text, rak={text: text})
    assert counts(road.arrive(sent)) == {"received": 1, "quarantined": 1}
    assert road.quarantined().raw == in_json(sent).decode()


def test_names_of_any_form_are_kept_as_unknown_fields(road: Road) -> None:
    names = {f"x{text}x": number for number, text in enumerate(HOSTILE)}
    road.arrive(order(1, **names))
    assert road.record().extra == names


@pytest.mark.parametrize(
    "number", ["0." + "1" * 20_000, "9" * 4000, "1E+1000", "1E-1000", "1E+999999", "-0.0", "1E-999999"]
)
def test_unknown_numbers_of_any_size_are_stored(road: Road, number: str) -> None:
    sent = f'{{"noWorkOrder":"1","rak":{number}}}'.encode()
    assert road.arrive(sent).created == 1
    assert counts(road.arrive(sent)) == {"received": 1, "unchanged": 1, "unknown_fields": 1}


@pytest.mark.parametrize("kind", ["[", '{"a":'])
def test_unknown_fields_are_stored_to_the_depth_that_is_read(road: Road, kind: str) -> None:
    for depth in (50, 98, 99, 100, 500):
        inner = kind * depth + "1" + ("]" if kind == "[" else "}") * depth
        run = road.arrive(f'{{"noWorkOrder":"{depth}","rak":{inner}}}'.encode())
        assert run.created + run.quarantined == 1
    assert sorted(int(record.no_work_order) for record in road.records())[:2] == [50, 98]
    assert set(QuarantinedRecord.objects.values_list("reason", flat=True)) == {"the record is nested too deeply"}


@pytest.mark.parametrize("count", Run.COUNTS)
def test_the_database_refuses_counts_that_do_not_add_up(road: Road, count: str) -> None:
    run = road.arrive(order(1))
    setattr(run, count, getattr(run, count) + 1)
    with pytest.raises(IntegrityError, match="run_counts_add_up"), transaction.atomic():
        run.save()


def test_the_database_refuses_a_second_row_for_one_identity(road: Road) -> None:
    road.arrive(order(1))
    record = road.record()
    record.pk = None
    with pytest.raises(IntegrityError, match="workorder_key"), transaction.atomic():
        record.save()


def test_two_thousand_records_of_one_answer_come_in_at_once(road: Road, django_assert_max_num_queries: Any) -> None:
    many = [order(n, services=[{"idJob": f"{n}.{m}"} for m in (1, 2)], parts=[{"idJob": f"{n}"}]) for n in range(2000)]
    rows = len(("version", "service", "service", "part"))
    with django_assert_max_num_queries(2000 * rows // Table.AT_ONCE + 40):
        assert counts(road.arrive(*many)) == {"received": 2000, "created": 2000}
    assert [line.id_job for line in road.lines("services", "1234")] == ["1234.1", "1234.2"]
    changed = [{**each, "namaPemilik": "Budi"} if n % 10 == 0 else each for n, each in enumerate(many)]
    bad = [order(0, kmTerakhir="x"), 5, None]
    before = len(road.versions())
    with django_assert_max_num_queries(199 * rows // Table.AT_ONCE + 40):
        run = road.arrive(*changed[1:], *bad)
    assert counts(run) == {"received": 2002, "updated": 199, "unchanged": 1800, "quarantined": 3}
    assert len(road.versions()) == before + 199
    assert road.model.objects.count() == 2000


# -- quarantine


def test_a_bad_record_that_comes_again_is_one_entry_and_counted_each_time(road: Road) -> None:
    bad = order(1, kmTerakhir="x")
    for _ in range(2):
        assert counts(road.arrive(bad, order(2)))["quarantined"] == 1
    assert counts(road.arrive(5, 5)) == {"received": 2, "quarantined": 2}
    assert QuarantinedRecord.objects.count() == 2
    road.arrive(order(1, kmTerakhir="y"))
    assert QuarantinedRecord.objects.count() == 3


def test_an_entry_names_the_run_that_met_it_first(road: Road) -> None:
    runs = [road.arrive(order(1, kmTerakhir="x")) for _ in range(2)]
    assert road.quarantined().run == runs[0]


def test_what_is_not_text_for_the_database_is_still_quarantined(road: Road) -> None:
    road.arrive(b'{"noWorkOrder":"a\\u0000b","km\\u0000Terakhir":1,"kmTerakhir":"\\u0000\xff"}')
    entry = road.quarantined()
    assert (entry.natural_key, entry.field) == ("ab", "kmTerakhir")
    assert json.loads(entry.raw)["kmTerakhir"] == "\x00\ufffd"


# -- side by side


def side_by_side(*tasks: Callable[[], Any]) -> list[Any]:
    """What the tasks return, each on a connection of its own."""

    def task(work: Callable[[], Any]) -> Any:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(tasks)) as pool:
        return [future.result(30) for future in [pool.submit(task, work) for work in tasks]]


@pytest.mark.django_db(transaction=True)
def test_the_same_records_by_two_roads_at_once_are_one_row_each() -> None:
    here = road_for("pkb")
    there = Road(here.feed.connection.feeds.get(dealership__code=NEIGHBOUR))
    orders = [order(n, dealerId=dealer, parts=[{"idJob": n}]) for n in range(50) for dealer in (DEALER, NEIGHBOUR)]
    gate = Barrier(2)

    def arrive(road: Road, records: list[Data]) -> Run:
        gate.wait(10)
        return road.arrive(*records)

    for turn in range(5):
        changed = [{**each, "namaPemilik": f"turn {turn}"} for each in orders]
        runs = side_by_side(partial(arrive, here, changed), partial(arrive, there, changed[::-1]))
        assert [run.state for run in runs] == ["succeeded", "succeeded"]
        assert sorted(run.created + run.updated for run in runs) == [0, 100]
    assert here.model.objects.count() == here.feed.kind.lines["parts"].objects.count() == 100
    assert len(here.versions()) == 500


@pytest.mark.django_db(transaction=True)
def test_an_answer_waits_for_the_one_before_it_and_sees_what_that_stored() -> None:
    here = road_for("pkb")
    there = Road(here.feed.connection.feeds.get(dealership__code=NEIGHBOUR))
    older, newer = (order(1, modifiedTime=f"0{day}/01/2026", namaPemilik=f"day {day}") for day in (1, 2))
    stored = Barrier(2)

    def first() -> None:
        with transaction.atomic():
            here.arrive(newer)
            stored.wait(10)

    def second() -> Run:
        stored.wait(10)
        return there.arrive(older)

    _, run = side_by_side(first, second)
    assert counts(run) == {"received": 1, "unchanged": 1}
    assert here.record().nama_pemilik == "day 2"


def test_a_window_that_cannot_be_stored_leaves_nothing(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    run = services.open_run(feed=road.feed, by="test")
    work = claims.claim(run.pk)
    assert work is not None
    monkeypatch.setattr(habits, "move_cursor", lambda *_: 1 / 0)
    before = road.dump()
    with pytest.raises(ZeroDivisionError):
        desk.store_window(work, answer.records(body_of(order(1), order(2, kmTerakhir="x"))))
    assert road.dump() == before
    assert not QuarantinedRecord.objects.exists()
    run.refresh_from_db()
    assert (run.state, counts(run)) == ("running", {})
