"""Tasks over the real broker: what a message carries, and that a worker does the work it names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from queue import Empty
from typing import Any
from uuid import uuid4

import pytest
from celery.contrib.testing.worker import start_worker
from django.db import transaction

from config.celery import app
from ingestion import services, tasks
from ingestion.job_types.pkb import WorkOrder
from ingestion.models import Run
from tests.factories import FeedFactory
from tests.ingestion.scripted import http, scripted

ANSWER = http(200, {"status": 1, "data": [{"noWorkOrder": "WO/1"}]})


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A queue of this test's own: the suite's processes share a broker."""
    name = f"test-{uuid4()}"
    for task in (tasks.carry_out, tasks.fan_out):
        monkeypatch.setattr(task, "queue", name, raising=False)
        monkeypatch.setattr(task, "_exec_options", None)
    yield name
    for task in (tasks.carry_out, tasks.fan_out):
        monkeypatch.setattr(task, "_exec_options", None)


def messages(queue: str) -> list[list[Any]]:
    """The arguments of every message that waits."""
    found = []
    with app.connection_for_read() as broker, broker.SimpleQueue(queue, no_ack=True) as waiting, suppress(Empty):
        while True:
            found.append(waiting.get_nowait().payload[0])
    return found


def test_a_message_names_as_many_runs_as_go_side_by_side(queue: str) -> None:
    tasks.nudge(range(45))
    assert messages(queue) == [[list(range(20))], [list(range(20, 40))], [list(range(40, 45))]]


def test_nothing_to_do_is_no_message(queue: str) -> None:
    tasks.nudge([])
    assert messages(queue) == []


@pytest.mark.django_db
def test_a_slot_sends_the_runs_it_queued(queue: str) -> None:
    FeedFactory()
    FeedFactory(is_enabled=False)
    tasks.fan_out("pkb")
    assert messages(queue) == [[[Run.objects.get().pk]]]


@pytest.mark.django_db
def test_a_message_that_comes_twice_does_its_work_once() -> None:
    with scripted(ANSWER) as script:
        run = services.open_run(feed=FeedFactory(connection__base_url=script.base_url), by="test")
        tasks.carry_out([run.pk])
        tasks.carry_out([run.pk, 0])
    assert len(script.requests) == 1
    assert Run.objects.get().state == "succeeded"


def eventually(find: Callable[[], Run | None], seconds: float = 20) -> Run:
    """What `find` finds once it finds something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := find():
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing after {seconds} s; runs: {list(Run.objects.values('job_type', 'state', 'error'))}")


@pytest.mark.django_db(transaction=True)
def test_a_worker_carries_out_what_was_requested_and_what_a_schedule_asks_for(queue: str) -> None:
    ended = Run.objects.filter(finished_at__isnull=False)
    with scripted(ANSWER) as script, start_worker(app, pool="solo", perform_ping_check=False, queues=[queue]):
        address = {"connection__base_url": script.base_url}
        with transaction.atomic():
            services.request_run(feed=FeedFactory(**address), by="alice@dealer.example")
        assert eventually(ended.filter(job_type="pkb").first).state == "succeeded"
        FeedFactory(**address, job_type="prospect")
        tasks.fan_out.delay("prospect")
        assert eventually(ended.filter(job_type="prospect").first).started_by == "schedule"
    assert WorkOrder.objects.count() == 1
