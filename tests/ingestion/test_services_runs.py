"""Runs: one at a time for a feed, claimed once, ended with words, and never half stored."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from django.db import DataError, connection
from django.utils import timezone

from ingestion import desk, habits
from ingestion.answer import GatewayFault
from ingestion.claims import claim, renew, take_over
from ingestion.client import Answer
from ingestion.desk import carry_out, carry_out_all
from ingestion.job_types.pkb import WorkOrder
from ingestion.models import Feed, QuarantinedRecord, Run
from ingestion.services import AlreadyRunning, open_run
from tests.factories import FeedFactory, RunFactory
from tests.ingestion.scripted import Reply, Script, http, scripted

RECORD = {"noWorkOrder": "WO/1", "createdTime": "01/03/2026 10:00:00", "services": [{"idJob": "SO1"}]}
ANSWER = http(200, {"status": 1, "data": [RECORD]})
PAGE = http(200, b"<html><title>Maintenance</title></html>")

pytestmark = pytest.mark.django_db


def feed_of(script: Script | None = None, **columns: Any) -> Feed:
    address = {"connection__base_url": script.base_url} if script else {}
    return FeedFactory(**address, **columns)


def queued(feed: Feed) -> Run:
    return open_run(feed=feed, by="test")


def abandoned(feed: Feed, seconds: int = 1) -> Run:
    """A run that nobody has held for so many seconds."""
    until = timezone.now() - timedelta(seconds=seconds)
    return RunFactory(feed=feed, state="running", finished_at=None, leased_until=until)


def arrived() -> Future[Answer]:
    future: Future[Answer] = Future()
    future.set_result(Answer([msgspec.Raw(msgspec.json.encode(RECORD))]))
    return future


def broken() -> Future[Answer]:
    future: Future[Answer] = Future()
    future.set_exception(GatewayFault("the gateway failed"))
    return future


def in_threads(number: int, work: Callable[[], Any]) -> list[Any]:
    """What `work` gave or raised in each of `number` threads at the same time."""

    def one(_: int) -> Any:
        try:
            return work()
        except AlreadyRunning as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(number) as threads:
        return list(threads.map(one, range(number)))


@pytest.mark.django_db(transaction=True)
def test_of_twenty_requests_at_once_one_run_comes_and_one_worker_gets_it() -> None:
    feed = feed_of()
    opened = in_threads(20, lambda: queued(feed))
    runs = [found for found in opened if isinstance(found, Run)]
    assert len(runs) == 1
    assert sum(isinstance(found, AlreadyRunning) for found in opened) == 19
    assert list(Run.objects.all()) == runs
    works = in_threads(8, lambda: claim(runs[0].pk))
    assert sum(work is not None for work in works) == 1


def test_a_feed_with_an_unfinished_run_names_it() -> None:
    feed = feed_of()
    run = queued(feed)
    with pytest.raises(AlreadyRunning, match=f"run #{run.pk} pkb of this dealership and job type is queued") as caught:
        queued(feed)
    assert caught.value.run == run
    queued(feed_of(dealership=feed.dealership, connection=feed.connection, job_type="prospect"))


def test_an_abandoned_run_waits_for_another_worker_when_its_lease_is_over() -> None:
    old = abandoned(feed_of())
    assert take_over() == 1
    old.refresh_from_db()
    assert (old.state, old.takeovers, old.leased_until) == ("queued", 1, None)
    assert claim(old.pk)


def test_a_run_that_three_workers_died_of_is_not_given_to_a_fourth() -> None:
    run = queued(feed_of())
    for _ in range(3):
        assert claim(run.pk)
        Run.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        take_over()
    run.refresh_from_db()
    assert (run.state, run.error, run.takeovers) == ("failed", "3 workers stopped in the middle of it", 3)
    assert Feed.objects.get().failures == 1


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_run_within_its_lease_is_believed(state: str) -> None:
    feed = feed_of()
    lease = timezone.now() + timedelta(minutes=1) if state == "running" else None
    RunFactory(feed=feed, state=state, finished_at=None, leased_until=lease)
    with pytest.raises(AlreadyRunning):
        queued(feed)


def test_a_worker_that_was_given_up_cannot_write() -> None:
    feed = feed_of()
    zombie = claim(queued(feed).pk)
    assert zombie is not None
    Run.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    take_over()
    assert desk.take_in(zombie, arrived()) is False
    heir = claim(zombie.run.pk)
    assert heir is not None
    zombie.run.state = Run.State.RUNNING
    assert desk.take_in(zombie, arrived()) is False
    assert desk.take_in(zombie, broken()) is False
    assert WorkOrder.objects.count() == 0
    feed.refresh_from_db()
    assert (feed.cursor, feed.failures) == (None, 0)
    assert renew([zombie]) == {heir.run.pk}
    assert renew([heir]) == set()
    desk.take_in(heir, arrived())
    assert (Run.objects.get().state, WorkOrder.objects.count()) == ("succeeded", 1)


def test_a_run_that_is_taken_over_goes_on_after_the_last_window_stored() -> None:
    first = claim(queued(feed_of(cursor=timezone.now() - timedelta(days=13))).pk)
    assert first is not None
    assert len(first.windows) == 2
    assert desk.take_in(first, arrived()) is True
    Run.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    take_over()
    second = claim(first.run.pk)
    assert second is not None
    assert second.windows == first.windows
    assert desk.take_in(second, arrived()) is False
    assert (second.run.state, second.run.received, second.run.created) == ("succeeded", 2, 1)


def test_a_run_of_another_worker_is_left_to_it() -> None:
    run = queued(feed_of())
    assert claim(run.pk)
    assert claim(run.pk) is None
    assert list(carry_out([run.pk])) == []
    assert list(carry_out_all([run.pk])) == []
    run.refresh_from_db()
    assert (run.state, run.error) == ("running", "")


def test_runs_wait_for_their_answers_at_the_same_time() -> None:
    with scripted(Reply(ANSWER, wait=0.3)) as script:
        runs = [queued(feed_of(script)) for _ in range(5)]
        ended = list(carry_out([run.pk for run in runs]))
    assert script.most_waiting == 5
    assert [run.state for run in ended] == ["succeeded"] * 5
    assert WorkOrder.objects.count() == 5


def test_a_failing_run_has_words_and_disturbs_no_other() -> None:
    with scripted(PAGE) as broken, scripted(ANSWER) as sound:
        bad, good = queued(feed_of(broken)), queued(feed_of(sound))
        ended = {run.pk: run for run in carry_out([bad.pk, good.pk])}
    assert (ended[bad.pk].state, ended[good.pk].state) == ("failed", "succeeded")
    assert ended[bad.pk].error == "the gateway answered with a web page instead of data: Maintenance"


def test_a_record_in_quarantine_makes_a_run_partial_without_an_error() -> None:
    with scripted(http(200, {"status": 1, "data": [RECORD, {"noWorkOrder": ""}]})) as script:
        feed = feed_of(script)
        [run] = carry_out([queued(feed).pk])
    assert (run.state, run.error) == ("partial", "")
    assert (run.received, run.created, run.quarantined) == (2, 1, 1)
    assert QuarantinedRecord.objects.get().run == run
    feed.refresh_from_db()
    assert feed.cursor == run.until


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (
            RuntimeError("secret detail"),
            "a defect of Forecourt stopped the run (RuntimeError); the log has the details",
        ),
        (DataError("secret detail"), "the answer could not be stored: DataError"),
    ],
)
def test_trouble_in_storing_takes_back_all_of_its_window(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, trouble: Exception, words: str
) -> None:
    move = habits.move_cursor

    def fail_in_the_second_window(*window: Any) -> list[str]:
        if WorkOrder.objects.count() == 2:
            raise trouble
        return move(*window)

    monkeypatch.setattr(habits, "move_cursor", fail_in_the_second_window)
    with scripted(ANSWER, http(200, {"status": 1, "data": [{**RECORD, "noWorkOrder": "WO/2"}, {}]})) as script:
        feed = feed_of(script, cursor=timezone.now() - timedelta(days=13))
        [run] = carry_out([queued(feed).pk])
    assert (run.state, run.error) == ("partial", words)
    assert (run.received, run.created, run.quarantined) == (1, 1, 0)
    assert [order.no_work_order for order in WorkOrder.objects.all()] == ["WO/1"]
    assert (WorkOrder.history.count(), QuarantinedRecord.objects.count()) == (1, 0)
    feed.refresh_from_db()
    assert feed.cursor == run.since + timedelta(days=7)
    assert "secret detail" in caplog.text


def test_a_credential_that_cannot_be_opened_is_told_by_the_run(settings: Any) -> None:
    with scripted(ANSWER) as script:
        run = queued(feed_of(script))
        settings.FIELD_KEYS = ["b3RoZXJrZXlvdGhlcmtleW90aGVya2V5b3RoZXJrZXk="]
        [ended] = carry_out([run.pk])
    assert ended.state == "failed"
    assert "FIELD_KEYS has no key that opens" in ended.error
    assert script.requests == []


def test_a_process_that_is_told_to_stop_cancels_what_it_has_not_ended() -> None:
    with scripted(ANSWER) as quick, scripted(Reply(ANSWER, wait=60)) as slow:
        first, second = queued(feed_of(quick)), queued(feed_of(slow))
        ending = carry_out([first.pk, second.pk])
        assert next(ending).pk == first.pk
        ending.close()
    second.refresh_from_db()
    assert (second.state, second.error, second.leased_until) == ("cancelled", "stopped before its end", None)
    first.refresh_from_db()
    assert first.state == "succeeded"


def test_runs_that_were_not_reached_are_cancelled_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "AT_ONCE", 1)
    with scripted(ANSWER) as script:
        runs = [queued(feed_of(script)) for _ in range(3)]
        ending = carry_out_all([run.pk for run in runs])
        next(ending)
        ending.close()
    assert [run.state for run in Run.objects.order_by("pk")] == ["succeeded", "cancelled", "cancelled"]


def test_any_number_of_runs_is_carried_out_in_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "AT_ONCE", 2)
    with scripted(ANSWER) as script:
        runs = [queued(feed_of(script)) for _ in range(5)]
        assert {run.pk for run in carry_out_all([run.pk for run in runs])} == {run.pk for run in runs}
