"""Backfills beside others: live runs that do not wait for them, cancels that reach a stalled call, workers that die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from ingestion import backfills, claims, desk, intake, services
from ingestion.backfills import BackfillUnderWay
from ingestion.job_types.pkb import WorkOrder
from ingestion.models import Backfill, Feed, Gate, Run
from tests.factories import ConnectionFactory, DealershipFactory, FeedFactory
from tests.ingestion.scripted import Reply, http, scripted

ROOT = Path(__file__).resolve().parents[2]
NOTHING = http(200, {"status": 1, "data": []})
STALL = Reply(NOTHING, wait=600)
PATIENCE = 30
"""Seconds after which a test gives up on something that is to happen at once."""

pytestmark = pytest.mark.django_db(transaction=True)


def answer(number: int) -> Reply:
    return Reply(http(200, {"status": 1, "data": [{"noWorkOrder": f"WO/{number}"}, {"noWorkOrder": "WO/0"}]}))


def started(feed: Feed, days: float = 29, **options: Any) -> Backfill:
    now = timezone.now()
    return backfills.start(feed=feed, since=now - timedelta(days=days), until=now, by="alice", **options)


def with_own_connection(work: Callable[[], Any]) -> Any:
    try:
        return work()
    finally:
        connection.close()


@contextmanager
def beside(work: Callable[[], Any]) -> Iterator[Future[Any]]:
    """`work` on a thread of its own."""
    with ThreadPoolExecutor(1) as threads:
        yield threads.submit(with_own_connection, work)


@contextmanager
def a_worker(lane: str = "bulk") -> Iterator[Future[list[Run]]]:
    """A worker of a lane, in a thread, until nothing waits or the test ends."""
    end = threading.Event()
    with beside(lambda: list(desk.serve(lane, stop=end.is_set))) as worker:
        try:
            yield worker
        finally:
            end.set()


def until(happened: Callable[[], Any]) -> Any:
    """What `happened` says once it says something."""
    waiter, given_up = threading.Event(), threading.Event()
    timer = threading.Timer(PATIENCE, given_up.set)
    timer.start()
    try:
        while not (found := happened()):
            assert not given_up.is_set(), "it did not happen"
            waiter.wait(0.02)
        return found
    finally:
        timer.cancel()


# -- live runs


def test_a_live_run_of_another_dealership_ends_while_a_backfill_waits_for_the_same_gateway() -> None:
    with scripted(STALL) as script:
        gateway = ConnectionFactory(base_url=script.base_url)
        one = DealershipFactory()
        for job_type in ("pkb", "prospect", "leasing"):
            started(FeedFactory(connection=gateway, dealership=one, job_type=job_type))
        with a_worker() as bulk:
            until(lambda: script.waiting == 3)
            script.replies[:] = [answer(1)]
            other = FeedFactory(connection=gateway)
            live = services.open_run(feed=other, by="schedule")
            with a_worker("live") as worker:
                assert [run.pk for run in worker.result(PATIENCE)] == [live.pk]
            assert not bulk.done()
            assert Run.objects.filter(kind="backfill", state="running").exists()
    live.refresh_from_db()
    assert live.state == "succeeded"


def test_a_live_run_does_not_wait_for_the_next_nudge_because_another_worker_is_at_the_gate() -> None:
    with scripted(NOTHING) as script:
        feed = FeedFactory(connection__base_url=script.base_url)
        services.open_run(feed=feed, by="schedule")
        Gate.objects.create(connection=feed.connection, day=timezone.now().date(), tokens=2)
        locked, leave = threading.Event(), threading.Event()

        def pass_slowly() -> None:
            with transaction.atomic():
                Gate.objects.select_for_update().get()
                locked.set()
                leave.wait(PATIENCE)

        with beside(pass_slowly):
            locked.wait(PATIENCE)
            claimer = claims.Claimer("live")
            assert claimer.claim() == []
            assert claimer.held_back
            with a_worker("live") as worker:
                leave.set()
                assert [run.state for run in worker.result(PATIENCE)] == ["succeeded"]


# -- cancel


def test_a_worker_lets_go_of_a_stalled_call_when_its_backfill_is_cancelled() -> None:
    with scripted(STALL) as script:
        backfill = started(FeedFactory(connection__base_url=script.base_url))
        with a_worker() as worker:
            until(lambda: script.waiting)
            backfills.cancel(backfill, by="alice")
            worker.result(10)  # the ten seconds that are promised
    assert not backfill.runs.unfinished().exists()
    assert [run.state for run in backfill.runs.all()] == ["cancelled"]


def test_a_cancel_does_not_wait_for_a_window_that_is_being_stored(monkeypatch: pytest.MonkeyPatch) -> None:
    storing, cancelled = threading.Event(), threading.Event()

    def take(raws: Any, **options: Any) -> dict[str, int]:
        found = intake_take(raws, **options)
        storing.set()
        assert cancelled.wait(PATIENCE)
        return found

    intake_take = intake.take
    monkeypatch.setattr(intake, "take", take)
    with scripted(answer(1)) as script:
        backfill = started(FeedFactory(connection__base_url=script.base_url))
        with a_worker() as worker:
            assert storing.wait(PATIENCE)
            backfills.cancel(backfill, by="alice")
            assert backfill.runs.get().state == "running"
            cancelled.set()
            assert [run.state for run in worker.result(PATIENCE)] == ["succeeded"]
    backfill.refresh_from_db()
    assert (backfill.state, backfill.error) == ("cancelled", "cancelled by alice")
    assert not backfill.runs.unfinished().exists()
    assert WorkOrder.objects.count() == 2


def test_whenever_it_is_cancelled_no_run_is_left_and_no_window_is_fetched_after_the_next() -> None:
    with scripted(NOTHING) as script:
        feed = FeedFactory(connection__base_url=script.base_url, connection__window_days=1)
        for windows in range(1, 9):
            backfill = started(feed)
            asked = len(script.requests)
            with a_worker() as worker:
                until(lambda: len(script.requests) >= asked + windows)  # noqa: B023
                backfills.cancel(backfill, by="alice")
                worker.result(PATIENCE)
                backfills.look_after()
            backfill.refresh_from_db()
            assert backfill.state == "cancelled"
            assert not Run.objects.unfinished().exists()
            assert len(script.requests) < asked + 29


def test_pauses_resumes_and_stores_at_once_end_in_one_piece() -> None:
    """Whoever comes first at the rows: no deadlock, no window twice, none left out."""
    with scripted(NOTHING) as script:
        feed = FeedFactory(connection__base_url=script.base_url, connection__window_days=1)
        backfill = started(feed)

        def toggle() -> None:
            while Backfill.objects.unfinished().exists():
                for verb in (backfills.pause, backfills.resume):
                    try:
                        verb(backfill)
                    except backfills.NotPossible:
                        continue

        with beside(toggle) as toggled:
            while not toggled.done():
                with a_worker() as worker:
                    worker.result(PATIENCE)
            toggled.result()
    windows = list(backfill.runs.order_by("since").values_list("since", "until", "state", "error"))
    assert {(state, error) for _, _, state, error in windows} == {("succeeded", "")}
    assert (windows[0][0], windows[-1][1]) == (backfill.since, backfill.until)
    assert [since for since, *_ in windows[1:]] == [until for _, until, *_ in windows[:-1]]


# -- many at once


def test_of_twenty_starts_at_once_one_backfill_comes() -> None:
    feed = FeedFactory()

    def one(_: int) -> Backfill | None:
        try:
            return with_own_connection(lambda: started(feed))
        except BackfillUnderWay:
            return None

    with ThreadPoolExecutor(20) as threads:
        made = [backfill for backfill in threads.map(one, range(20)) if backfill]
    assert len(made) == 1
    assert Run.objects.get().backfill == made[0]


# -- a worker that dies


WORKER = """
import django
django.setup()
from dealers.tenancy import platform
from ingestion import desk
with platform("bulk"):
    list(desk.serve("bulk"))
"""


def test_a_worker_killed_in_a_window_is_followed_by_one_that_goes_on_where_it_stopped() -> None:
    with scripted(answer(1), answer(2), STALL) as script:
        feeds = [FeedFactory(connection__base_url=script.base_url, dealership=DealershipFactory()) for _ in range(2)]
        backfill = started(feeds[0])
        with killed_when(lambda: script.waiting):
            pass
        backfill.refresh_from_db()
        assert backfill.runs.get(state="running").since == backfill.reached
        Run.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
        claims.take_over()
        script.replies[:] = [answer(3), answer(4), answer(5)]
        with a_worker() as worker:
            worker.result(PATIENCE)
        interrupted = outcome(backfill)
        script.replies[:] = [answer(number) for number in range(1, 6)]
        whole = started(feeds[1])
        with a_worker() as worker:
            worker.result(PATIENCE)
    assert interrupted == outcome(whole)
    assert interrupted[0] == "succeeded"
    assert sum(counts["received"] for counts in interrupted[1]) == 2 * 5
    assert backfill.runs.get(takeovers=1).state == "succeeded"


@contextmanager
def killed_when(happened: Callable[[], Any]) -> Iterator[None]:
    """A worker of the bulk lane in a process of its own, killed once that has happened."""
    worker = subprocess.Popen([sys.executable, "-c", WORKER], cwd=ROOT, env={**os.environ, **SETTINGS})
    try:
        until(happened)
        yield
    finally:
        worker.send_signal(signal.SIGKILL)
        worker.wait(PATIENCE)


SETTINGS = {"DJANGO_SETTINGS_MODULE": "config.settings"}


def outcome(backfill: Backfill) -> tuple[str, list[dict[str, int]], set[str]]:
    """State, the counts of each window in order, and what is stored."""
    backfill.refresh_from_db()
    counts = list(backfill.runs.order_by("since").values(*Run.COUNTS))
    orders = WorkOrder.objects.filter(dealership=backfill.dealership_id)
    return backfill.state, counts, set(orders.values_list("no_work_order", flat=True))


def test_what_a_worker_is_told_to_stop_at_goes_back_into_the_queue() -> None:
    with scripted(STALL) as script:
        backfill = started(FeedFactory(connection__base_url=script.base_url))
        with a_worker():
            until(lambda: script.waiting)
    run = backfill.runs.get()
    assert (run.state, run.leased_until) == ("queued", None)
