"""Comparisons: nothing to tell of what was just fetched, every difference to tell of what was tampered with."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django_celery_beat.models import PeriodicTask

from config.celery import app
from ingestion import answer, claims, comparison, desk, schedules, services, tasks
from ingestion.job_types import JOB_TYPES
from ingestion.models import Connection, Feed, QuarantinedRecord, Run
from ingestion.sandbox.config import DEMO_API_KEY, DEMO_SECRET_KEY, SandboxConfig
from ingestion.sandbox.gateway import Gateway
from ingestion.sandbox.server import running
from tests.factories import FeedFactory, RunFactory, record_of
from tests.ingestion.roads import DEALER, NEIGHBOUR, WIB, Data, Road, body_of, road_for, sample, spelled

NOW = datetime.now(UTC).replace(microsecond=0)
WEEK = timedelta(days=7)
EVERY_QUIRK = SandboxConfig().quirks | {"Q1", "Q6", "Q8", "Q11", "Q15", "Q17", "Q18", "Q19", "Q21", "Q23"}
NOTHING_FOUND = {"missing": 0, "different": 0, "surplus": 0}

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def sandbox() -> Iterator[tuple[str, Gateway]]:
    """A gateway where time stands still."""
    config = SandboxConfig(volume=3, now=lambda: NOW, clock_tolerance=timedelta(hours=1))
    with running(config) as started:
        yield started


@pytest.fixture
def gateway(sandbox: tuple[str, Gateway]) -> Connection:
    return services.connect(
        main_dealer="H2Z",
        base_url=sandbox[0],
        dealers=["08138", "08139", "08140"],
        api_key=DEMO_API_KEY,
        secret_key=DEMO_SECRET_KEY,
    )


def fetched(feeds: Any, since: datetime, until: datetime) -> None:
    runs = [services.open_run(feed=feed, by="test", since=since, until=until) for feed in feeds]
    assert {run.error for run in desk.carry_out_all([run.pk for run in runs])} == {""}


def compared(feed: Feed, since: datetime, until: datetime) -> Run:
    run = services.open_run(feed=feed, by="test", since=since, until=until, kind=Run.Kind.COMPARISON)
    [ended] = desk.carry_out([run.pk])
    ended.refresh_from_db()
    assert (ended.state, ended.error) == ("succeeded", "")
    return ended


def kinds(run: Run) -> dict[str, int]:
    return {kind: run.differences[kind] for kind in comparison.KINDS}


# -- what was just fetched


@pytest.mark.parametrize("quirks", [SandboxConfig().quirks, EVERY_QUIRK], ids=["natural", "every quirk"])
def test_a_window_just_fetched_shows_no_difference_whatever_the_job_type(
    gateway: Connection, sandbox: tuple[str, Gateway], quirks: frozenset[str]
) -> None:
    usual, sandbox[1].quirks = sandbox[1].quirks, quirks
    try:
        feeds = list(Feed.objects.select_related("connection", "dealership"))
        fetched(feeds, NOW - 2 * WEEK, NOW)
        for feed in feeds:
            run = compared(feed, NOW - 2 * WEEK, NOW)
            assert kinds(run) == NOTHING_FOUND, (feed, run.differences)
            assert run.flag == ""
            assert run.differences["compared"] > 0
            half_a_day = compared(feed, NOW - timedelta(hours=50), NOW - timedelta(hours=38, minutes=7))
            assert kinds(half_a_day) == NOTHING_FOUND, (feed, half_a_day.differences)
    finally:
        sandbox[1].quirks = usual


@pytest.fixture
def work_orders(gateway: Connection) -> Feed:
    feed = Feed.objects.select_related("connection", "dealership").get(dealership__code="08138", job_type="pkb")
    fetched([feed], NOW - WEEK, NOW)
    return feed


def test_records_deleted_by_hand_are_missing(work_orders: Feed) -> None:
    model, key = work_orders.kind.record, work_orders.kind.key
    lost = list(model.objects.order_by(key).values_list(key, flat=True)[:3])
    for line in work_orders.kind.lines.values():
        line.objects.filter(**{f"record__{key}__in": lost}).delete()
    model.objects.filter(**{f"{key}__in": lost}).delete()
    run = compared(work_orders, NOW - WEEK, NOW)
    assert kinds(run) == {"missing": 3, "different": 0, "surplus": 0}
    assert run.differences["keys"] == {"missing": lost, "different": [], "surplus": []}
    assert run.flag == "The comparison found differences: 3 records sent are not stored."
    assert list(Run.objects.flagged()) == [run]


def test_a_comparison_stores_nothing_and_moves_no_cursor(work_orders: Feed) -> None:
    work_orders.refresh_from_db()
    work_orders.kind.record.objects.all().delete()
    cursor, versions = work_orders.cursor, work_orders.kind.record.history.count()
    run = compared(work_orders, NOW - WEEK, NOW)
    work_orders.refresh_from_db()
    assert (work_orders.cursor, work_orders.kind.record.history.count()) == (cursor, versions)
    assert not work_orders.kind.record.objects.exists()
    assert [getattr(run, name) for name in Run.COUNTS] == [0] * 5


@pytest.mark.parametrize("column", ["nama_pemilik", "total_biaya_service", "tanggal_servis", "content_hash"])
def test_a_column_changed_by_hand_is_different_whatever_its_hash_says(work_orders: Feed, column: str) -> None:
    others = {
        "nama_pemilik": "somebody\\ \t\nelse",
        "total_biaya_service": "18181.51",
        "tanggal_servis": "2020-01-01",
        "content_hash": "0" * 32,
    }
    record = work_orders.kind.record.objects.order_by("pk").first()
    work_orders.kind.record.objects.filter(pk=record.pk).update(**{column: others[column]})
    run = compared(work_orders, NOW - WEEK, NOW)
    assert kinds(run) == {"missing": 0, "different": 1, "surplus": 0}
    assert run.differences["keys"]["different"] == [str(record)]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM {table} WHERE id = %s",
        "UPDATE {table} SET id_job = 'another' WHERE id = %s",
        "UPDATE {table} SET position = 99 WHERE id = %s",
        "INSERT INTO {table} (record_id, dealership_id, position) SELECT record_id, dealership_id, 98 FROM {table} "
        "WHERE id = %s",
    ],
)
def test_a_line_changed_by_hand_makes_its_record_different(work_orders: Feed, statement: str) -> None:
    model = work_orders.kind.lines["services"]
    line = model.objects.order_by("pk").first()
    with connection.cursor() as cursor:
        cursor.execute(statement.format(table=model._meta.db_table), [line.pk])
    run = compared(work_orders, NOW - WEEK, NOW)
    assert run.differences["keys"]["different"] == [str(line.record)]


def test_a_record_that_the_gateway_does_not_know_is_surplus(work_orders: Feed) -> None:
    at = NOW - timedelta(days=2)
    brought_by = RunFactory(feed=work_orders)
    invented = record_of(
        work_orders.kind, work_orders.dealership, no_work_order="WO/invented", created_time=at, modified_time=None
    )
    work_orders.kind.record.history.filter(id=invented.pk).update(run=brought_by)
    run = compared(work_orders, NOW - WEEK, NOW)
    assert kinds(run) == {"missing": 0, "different": 0, "surplus": 1}
    assert run.differences["keys"]["surplus"] == ["WO/invented"]
    assert run.flag == "The comparison found differences: 1 is stored but was not sent."
    assert kinds(compared(work_orders, at, at + timedelta(hours=1)))["surplus"] == 1
    assert kinds(compared(work_orders, at - timedelta(hours=1), at)) == NOTHING_FOUND


# -- one answer, to the record


@pytest.fixture(params=["pkb", "unpaidhlo_read", "inv1_read", "prospect"])
def road(request: pytest.FixtureRequest) -> Road:
    return road_for(request.param)


@pytest.fixture
def documents(road: Road) -> list[Data]:
    return sample(road.feed.kind)


def comparison_of(road: Road, *records: object, days: float = 1) -> Run:
    """The comparison with an answer of these records to a window of so many days up to now."""
    until = datetime.now(UTC).replace(microsecond=0)
    run = services.open_run(
        feed=road.feed, by="test", since=until - timedelta(days=days), until=until, kind=Run.Kind.COMPARISON
    )
    work = claims.claim(run.pk)
    assert work is not None
    assert desk.store_window(work, answer.records(body_of(*records)))
    return work.run


def wire(moment: datetime) -> str:
    return f"{moment.astimezone(WIB):%d/%m/%Y %H:%M:%S}"


def changed(road: Road, document: Data, at: datetime | str, **more: object) -> Data:
    text = wire(at) if isinstance(at, datetime) else at
    return {**document, spelled(document, "createdTime"): text, spelled(document, "modifiedTime"): "", **more}


def test_what_cannot_be_read_is_counted_and_is_no_difference(road: Road, documents: list[Data]) -> None:
    document = documents[0]
    key = spelled(document, road.feed.kind.key)
    run = comparison_of(road, {**document, key: ""}, {**document, spelled(document, "createdTime"): "yesterday"}, b"3")
    assert kinds(run) == NOTHING_FOUND
    assert (run.differences["compared"], run.differences["unreadable"]) == (0, 3)
    assert not QuarantinedRecord.objects.exists()


def test_a_dealer_that_nobody_knows_is_no_difference(road: Road, documents: list[Data]) -> None:
    document = {**documents[0], spelled(documents[0], "dealerId"): "77777"}
    run = comparison_of(road, document)
    assert (kinds(run), run.differences["unreadable"]) == (NOTHING_FOUND, 1)


def test_an_older_version_that_was_passed_over_is_no_difference(road: Road, documents: list[Data]) -> None:
    hour = timedelta(hours=1)
    old, new = (changed(road, documents[0], NOW - hours * hour) for hours in (20, 10))
    road.arrive(new)
    assert kinds(comparison_of(road, old)) == NOTHING_FOUND


def test_a_version_from_behind_the_window_that_the_live_runs_have_yet_to_bring_is_no_difference(
    road: Road, documents: list[Data]
) -> None:
    now = datetime.now(UTC).replace(microsecond=0)  # a window ends at the time of day, not when this module was read
    road.arrive(changed(road, documents[0], now - timedelta(hours=20)))
    later = changed(road, documents[0], now + timedelta(minutes=5))
    Feed.objects.update(cursor=now)
    run = comparison_of(road, later)
    assert (kinds(run), run.differences["later"]) == (NOTHING_FOUND, 1)
    Feed.objects.update(cursor=now + timedelta(minutes=10))
    assert kinds(comparison_of(road, later))["different"] == 1


def test_a_neighbours_record_is_looked_for_at_the_neighbours_and_its_key_is_not_shown(
    road: Road, documents: list[Data]
) -> None:
    document = {**documents[0], spelled(documents[0], "dealerId"): NEIGHBOUR}
    run = comparison_of(road, document)
    assert (kinds(run)["missing"], run.differences["elsewhere"], run.differences["keys"]["missing"]) == (1, 1, [])
    road.arrive(document)
    assert kinds(comparison_of(road, document)) == NOTHING_FOUND


def test_what_came_with_a_neighbours_answer_is_no_surplus_in_ones_own(road: Road, documents: list[Data]) -> None:
    theirs = Road(Feed.objects.get(dealership__code=NEIGHBOUR, job_type=road.feed.job_type))
    document = changed(road, documents[0], NOW - timedelta(hours=3), **{spelled(documents[0], "dealerId"): DEALER})
    theirs.arrive(document)
    assert road.record().dealership.code == DEALER
    assert kinds(comparison_of(road)) == NOTHING_FOUND


def test_what_is_no_longer_sent_is_surplus_unless_it_rightly_vanishes(road: Road, documents: list[Data]) -> None:
    road.arrive(changed(road, documents[0], NOW - timedelta(hours=3)))
    expected = 0 if road.feed.job_type == "unpaidhlo_read" else 1
    assert kinds(comparison_of(road))["surplus"] == expected


def test_a_change_dated_by_its_day_may_have_been_after_the_window(road: Road, documents: list[Data]) -> None:
    today = f"{datetime.now(UTC).astimezone(WIB):%d/%m/%Y}"
    yesterday = f"{datetime.now(UTC).astimezone(WIB) - timedelta(days=1):%d/%m/%Y}"
    road.arrive(changed(road, documents[0], today))
    assert kinds(comparison_of(road, days=2)) == NOTHING_FOUND
    road.arrive(changed(road, documents[1], yesterday))
    assert kinds(comparison_of(road, days=3))["surplus"] == (0 if road.feed.kind.vanishes else 1)


def test_several_elements_of_one_document_are_compared_as_one(road: Road, documents: list[Data]) -> None:
    kind = road.feed.kind
    document = max(documents, key=lambda each: sum(len(each[spelled(each, array)]) for array in kind.lines))
    arrays = [spelled(document, array) for array in kind.lines]
    elements = [
        {**document, **{other: [] for other in arrays}, array: [line]} for array in arrays for line in document[array]
    ] or [document, document]
    road.arrive(*elements)
    assert kinds(comparison_of(road, *elements)) == NOTHING_FOUND


def test_a_record_that_is_sent_in_two_windows_is_listed_once(road: Road, documents: list[Data]) -> None:
    run = services.open_run(feed=road.feed, by="test", since=NOW - 2 * WEEK, until=NOW, kind=Run.Kind.COMPARISON)
    work = claims.claim(run.pk)
    assert work is not None
    records = answer.records(body_of(documents[0]))
    assert len(work.windows) == 2
    for _ in range(2):
        assert desk.store_window(work, records)
    assert (work.run.state, kinds(work.run)["missing"]) == ("succeeded", 1)
    assert len(work.run.differences["keys"]["missing"]) == 1


def test_no_more_keys_than_a_person_reads_are_listed(
    road: Road, documents: list[Data], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparison, "MOST", 2)
    key = spelled(documents[0], road.feed.kind.key)
    run = comparison_of(road, *({**documents[0], key: f"K/{number}"} for number in range(3)))
    assert (kinds(run)["missing"], run.differences["keys"]["missing"]) == (3, ["K/0", "K/1"])


# -- every night


def test_every_night_the_last_day_of_every_live_feed_is_compared_once(gateway: Connection) -> None:
    Feed.objects.update(cursor=datetime.now(UTC))
    Feed.objects.filter(job_type="prospect").update(is_enabled=False)
    Feed.objects.filter(job_type="leasing").update(cursor=datetime.now(UTC) - timedelta(days=2))
    tasks.compare()
    runs = list(Run.objects.select_related("dealership"))
    live = [job.code for job in JOB_TYPES.values() if job.enabled and job.code not in ("prospect", "leasing")]
    assert sorted((run.dealership.code, run.job_type) for run in runs) == sorted(
        (dealer, code) for dealer in ("08138", "08139", "08140") for code in live
    )
    midnight = datetime.now(WIB).replace(hour=0, minute=0, second=0, microsecond=0)
    assert {(run.since, run.until) for run in runs} == {(midnight - timedelta(days=1), midnight)}
    assert {(run.kind, run.started_by, run.slot) for run in runs} == {("comparison", "schedule", None)}
    tasks.compare()
    for _ in desk.carry_out_all([run.pk for run in runs]):
        pass
    tasks.compare()
    assert Run.objects.count() == len(runs)


def test_the_schedule_asks_for_it_at_night_in_the_queue_of_what_may_wait() -> None:
    schedules.create_missing()
    task = PeriodicTask.objects.get(name="DGI compare")
    assert (task.task, task.crontab.hour, task.crontab.minute) == (tasks.compare.name, "19", "40")
    assert app.conf.task_routes[task.task] == {"queue": "bulk"}


def test_a_gateway_that_gives_less_than_a_day_is_compared_as_far_as_it_gives() -> None:
    feed = FeedFactory(connection__days_back=1, cursor=datetime.now(UTC))
    tasks.compare()
    run = Run.objects.get(feed=feed)
    assert run.since >= datetime.now(UTC) - timedelta(days=1)
