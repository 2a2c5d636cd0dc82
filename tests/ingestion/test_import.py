"""dgi_import: a saved answer takes the road of every answer."""

from __future__ import annotations

import gzip
import io
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion import imports, intake
from ingestion.answer import GatewayError
from ingestion.documents import Sorted
from ingestion.models import Feed, QuarantinedRecord, Run
from tests.ingestion.commands import called, refusal
from tests.ingestion.roads import DEALER, NEIGHBOUR, Data, Road, body_of, counts, in_json, road_for, unhurried

pytestmark = pytest.mark.django_db
KEYS = [
    *("job", "dealer", "run", "dry_run", "state"),
    *("received", "created", "updated", "unchanged", "quarantined", "seconds", "causes"),
]


def order(number: object, **fields: Any) -> Data:
    return {"noWorkOrder": str(number), "dealerId": DEALER, "namaPemilik": "Amir", **fields}


@pytest.fixture
def road() -> Road:
    return road_for("pkb")


@pytest.fixture
def saved(tmp_path: Path) -> Any:
    """A file with these bytes, by its name."""

    def save(content: bytes) -> str:
        file = tmp_path / "saved.json"
        file.write_bytes(content)
        return str(file)

    return save


def imported(name: str, *more: str, as_json: bool = True) -> tuple[int, list[Any]]:
    return called("dgi_import", "--job", "pkb", "--dealer", DEALER, "--file", name, *more, as_json=as_json)


def refused(name: str) -> str:
    return refusal("dgi_import", "--job", "pkb", "--dealer", DEALER, "--file", name)


ANSWER = body_of(order(1, parts=[{"idJob": "A"}]), order(2, kmTerakhir="x"), order(3, dealerId=NEIGHBOUR))


def test_a_saved_answer_is_stored_as_if_it_had_just_arrived(road: Road, saved: Any) -> None:
    status, [line] = imported(saved(ANSWER))
    assert (status, list(line)) == (0, KEYS)
    run = Run.objects.get()
    assert (run.kind, run.state, run.error, run.started_by) == ("import", "partial", "", "command")
    assert counts(run) == {"received": 3, "created": 2, "quarantined": 1}
    assert line == {
        **{
            "job": "pkb",
            "dealer": DEALER,
            "run": run.pk,
            "dry_run": False,
            "state": "partial",
            "seconds": line["seconds"],
        },
        **{name: getattr(run, name) for name in Run.COUNTS},
        "causes": [{"field": "kmTerakhir", "cause": "… is no number", "count": 1}],
    }
    assert {(record.dealership.code, record.no_work_order) for record in road.records()} == {
        (DEALER, "1"),
        (NEIGHBOUR, "3"),
    }
    assert {version.run_id for version in road.versions()} == {run.pk}
    assert road.quarantined().run == run


def test_a_second_import_finds_everything_unchanged(road: Road, saved: Any) -> None:
    imported(saved(ANSWER))
    before = road.dump()
    _, [line] = imported(saved(ANSWER))
    assert (line["received"], line["unchanged"], line["quarantined"]) == (3, 2, 1)
    assert road.dump() == before


def test_an_import_changes_nothing_of_the_feed(road: Road, saved: Any) -> None:
    before = Feed.objects.order_by("pk").values()
    kept = list(before)
    imported(saved(ANSWER))
    assert list(before.all()) == kept


def test_an_import_closes_what_waits(road: Road, saved: Any) -> None:
    road.arrive(order(1, kmTerakhir="x"))
    imported(saved(body_of(order(1))))
    assert road.quarantined().state == "stored"


@pytest.mark.parametrize(
    "form",
    [
        in_json,
        lambda records: b"\xef\xbb\xbf \n" + in_json(records),
        lambda records: body_of(*records),
        lambda records: gzip.compress(in_json(records)),
        lambda records: gzip.compress(body_of(*records)),
    ],
    ids=["list", "list with a mark", "answer", "list compressed", "answer compressed"],
)
def test_an_answer_or_its_bare_list_is_taken(road: Road, saved: Any, form: Any) -> None:
    _, [line] = imported(saved(form([order(1), order(2, namaPemilik="Ж")])))
    assert (line["received"], line["created"], line["state"]) == (2, 2, "succeeded")
    assert road.record("2").nama_pemilik == "Ж"


def test_it_may_come_by_standard_input(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ANSWER)))
    _, [line] = imported("-")
    assert line["received"] == 3


def test_a_dry_run_says_what_would_happen_and_leaves_nothing(road: Road, saved: Any) -> None:
    road.arrive(order(1))
    before, runs, feeds = road.dump(), Run.objects.count(), list(Feed.objects.values())
    _, [line] = imported(saved(ANSWER), "--dry-run")
    assert (line["run"], line["dry_run"], line["state"]) == (None, True, "partial")
    assert {name: line[name] for name in ("received", "created", "updated", "quarantined")} == {
        **{"received": 3, "created": 1},
        **{"updated": 1, "quarantined": 1},
    }
    assert line["causes"][0]["field"] == "kmTerakhir"
    assert (road.dump(), Run.objects.count(), list(Feed.objects.values())) == (before, runs, feeds)
    assert not QuarantinedRecord.objects.exists()
    _, words = imported(saved(ANSWER), "--dry-run", as_json=False)
    assert "nothing is stored" in words[0]
    assert words[1] == "      1  kmTerakhir: … is no number"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty body"),
        (b"<html><title>Maintenance</title>", "a web page instead of data: Maintenance"),
        (b'{"status": 0, "message": "Dealer tidak terdaftar", "data": null}', "Dealer tidak terdaftar"),
        (b'{"status": 1, "data": {"noWorkOrder": "1"}}', "data is no list"),
        (b'{"noWorkOrder": "1"}', "no status"),
        (ANSWER[:-20], "no complete JSON"),
        (b'[{"noWorkOrder": "1"},', "no complete JSON"),
        (b"noWorkOrder;1\n", "no complete JSON"),
        (gzip.compress(ANSWER)[:-9], "cannot be unpacked"),
        (b"\x1f\x8b\x08\x00 and so on", "cannot be unpacked"),
        (b"\x00\xff" * 50, "no complete JSON"),
    ],
)
def test_what_is_no_answer_is_refused_in_words(road: Road, saved: Any, content: bytes, words: str) -> None:
    name = saved(content)
    said = refused(name)
    assert said.startswith(f"{name}: ")
    assert words in said
    assert not Run.objects.exists()


def test_depth_without_end_is_quarantined_or_refused(road: Road, saved: Any) -> None:
    _, [line] = imported(saved(b"[" * 500 + b"]" * 500))
    assert (line["received"], line["quarantined"]) == (1, 1)
    assert "nested deeper" in refused(saved(b"[" * 100_000 + b"]" * 100_000))


@unhurried
@given(st.binary() | st.binary().map(lambda tail: b"[" + tail) | st.binary().map(gzip.compress))
def test_any_bytes_are_records_or_refused(content: bytes) -> None:
    for read in (imports.records_of, imports.records_of_file, imports.all_records):
        with suppress(GatewayError):
            read(content)


def test_a_saved_answer_that_nothing_matched_is_a_run_without_records(road: Road, saved: Any) -> None:
    for content in (b"[]", b'{"status": 0, "message": "Data tidak ditemukan", "data": null}'):
        status, [line] = imported(saved(content))
        assert (status, line["state"], line["received"]) == (0, "succeeded", 0)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--job", "pkbx", "--dealer", DEALER), "Unknown job type pkbx"),
        (("--job", "pkb", "--dealer", "1"), "Unknown dealership 1"),
        (("--job", "prospect", "--dealer", DEALER), f"There is no feed of prospect for dealer {DEALER}"),
        (("--job", "pkb", "--dealer", DEALER), "/nowhere/saved.json: No such file or directory"),
    ],
)
def test_what_is_not_there_is_named(road: Road, arguments: tuple[str, ...], words: str) -> None:
    assert words in refusal("dgi_import", *arguments, "--file", "/nowhere/saved.json")


def test_a_large_file_is_stored_in_batches_that_no_document_is_split_by(
    road: Road, saved: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "AT_ONCE", 10)
    records = [order(n, parts=[{"idJob": part}]) for part in "ABC" for n in range(25)]
    broken = [{"rak": n} for n in range(35)]
    steps: list[int] = []
    raws = imports.records_of(in_json([*records, *broken]))
    run = imports.take_in(intake.sort(raws, road.feed), feed=road.feed, by="test", step=steps.append).run
    assert counts(run) == {"received": 60, "created": 25, "quarantined": 35}
    assert sum(steps) == len(raws)
    assert len(steps) == 4
    assert {len(road.lines("parts", str(n))) for n in range(25)} == {3}
    assert json.loads(road.versions()[0].raw)[2]["parts"] == [{"idJob": "C"}]


def sorted_answer(road: Road) -> Sorted:
    return intake.sort(imports.records_of(ANSWER), road.feed)


@pytest.mark.parametrize(
    "body",
    [
        b"[%s]",
        b'{"status": 1, "data": [%s]}',
        b'{"STATUS": "1", " Data ": [%s], "message": "a line\nbreak"}',
    ],
    ids=["list", "answer", "answer to be mended"],
)
def test_a_file_may_hold_more_than_an_answer(body: bytes) -> None:
    records = [in_json(order(n, rak=[1] * 20)) for n in range(60_000)]
    content = body % b",".join(records)
    found = imports.records_of_file(content)
    assert (len(found), bytes(found[-1])) == (60_000, records[-1])
    assert len(imports.all_records(imports.in_envelope(content))) == 60_000


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"status": 0, "message": "Dealer tidak terdaftar", "data": [%s]}', "Dealer tidak terdaftar"),
        (b'{"data": [%s]}', "no status"),
        (b'{"status": 1, "data": [%s', "no complete JSON"),
    ],
)
def test_a_large_file_is_refused_in_the_same_words(body: bytes, words: str) -> None:
    content = body % b",".join([b'{"noWorkOrder":"1"}'] * 60_000)
    for read in (imports.records_of_file, imports.all_records):
        with pytest.raises(GatewayError, match=words):
            read(content)


def test_an_import_that_breaks_off_says_so_and_keeps_its_batches(road: Road, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "AT_ONCE", 1)

    def breaks_off(count: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        imports.take_in(sorted_answer(road), feed=road.feed, by="test", step=breaks_off)
    run = Run.objects.get()
    assert (run.state, run.error, counts(run)) == ("partial", "stopped before its end", {"received": 1, "created": 1})
    assert counts(imports.take_in(sorted_answer(road), feed=road.feed, by="test").run)["unchanged"] == 1


def test_an_import_is_in_nobodys_way(road: Road) -> None:
    imports.take_in(sorted_answer(road), feed=road.feed, by="test")
    assert not Run.objects.unfinished().exists()
    assert counts(road.arrive(order(1, parts=[{"idJob": "A"}]))) == {"received": 1, "unchanged": 1}
