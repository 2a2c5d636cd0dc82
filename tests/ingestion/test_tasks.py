"""Tasks over the real broker: what a message carries, and that a worker does the work it names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar
from uuid import uuid4

import pytest
from celery.contrib.testing.worker import start_worker
from django.db import transaction

from config.backoffice.trace import traced
from config.celery import REQUEST_ID, app
from dealers.models import Dealership, Event, User
from dealers.roles import Role
from ingestion import services, tasks
from ingestion.admission import PER_DEALERSHIP
from ingestion.job_types import JOB_TYPES
from ingestion.job_types.pkb import WorkOrder
from ingestion.models import Run
from tests.factories import ConnectionFactory, DealershipFactory, FeedFactory
from tests.ingestion.scripted import http, scripted
from tests.logged import logged
from tests.people import api_of, with_role

Found = TypeVar("Found")

ANSWER = http(200, {"status": 1, "data": [{"noWorkOrder": "WO/1"}]})


@pytest.fixture
def queue() -> Iterator[str]:
    """A queue of this test's own: the suite's processes share a broker."""
    name = f"test-{uuid4()}"
    routes = app.conf.task_routes
    app.conf.task_routes = {task.name: {"queue": name} for task in (tasks.dispatch, tasks.live, tasks.bulk)}
    app.amqp.flush_routes()
    app.amqp.router = app.amqp.Router()
    yield name
    app.conf.task_routes = routes
    app.amqp.flush_routes()
    app.amqp.router = app.amqp.Router()


@pytest.mark.django_db
def test_a_message_that_comes_twice_does_its_work_once() -> None:
    with scripted(ANSWER) as script:
        services.open_run(feed=FeedFactory(connection__base_url=script.base_url), by="test")
        tasks.live()
        tasks.live()
    assert len(script.requests) == 1
    assert Run.objects.get().state == "succeeded"


def eventually(find: Callable[[], Found | None], seconds: float = 20) -> Found:
    """What `find` finds once it finds something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := find():
            return found
        time.sleep(0.05)
    raise AssertionError(f"nothing after {seconds} s; runs: {list(Run.objects.values('job_type', 'state', 'error'))}")


@pytest.mark.django_db(transaction=True)
def test_a_worker_carries_out_what_was_requested_and_what_the_schedule_asks_for(queue: str) -> None:
    ended = Run.objects.filter(finished_at__isnull=False)
    with scripted(ANSWER) as script, start_worker(app, pool="solo", perform_ping_check=False, queues=[queue]):
        address = {"connection__base_url": script.base_url}
        with transaction.atomic():
            services.request_run(feed=FeedFactory(**address), by="alice@dealer.example")
        assert eventually(ended.filter(job_type="pkb").first).state == "succeeded"
        FeedFactory(**address, job_type="prospect")
        tasks.dispatch.delay()
        assert eventually(ended.filter(job_type="prospect").first).started_by == "schedule"
    assert WorkOrder.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_request_asks_for_bears_its_id_to_the_gateway(queue: str, dealership_a: Dealership, alice: User) -> None:
    api = api_of(with_role(alice, Role.OWNER))
    with scripted(ANSWER) as script:
        FeedFactory(connection__base_url=script.base_url, dealership=dealership_a)
        # A worker sets up the log as it starts, so who listens comes after it; and the line comes after the commit.
        with start_worker(app, pool="solo", perform_ping_check=False, queues=[queue]), logged() as lines:
            asked = {"job": "pkb", "dealer": dealership_a.code}
            answer = api.post("/api/v1/dgi/runs/", asked, format="json", HTTP_X_REQUEST_ID="asked-by-alice")
            assert answer.status_code == 202
            assert eventually(Run.objects.filter(finished_at__isnull=False).first).state == "succeeded"
            told = eventually(lambda: [each for each in lines if each["logger"] == "ingestion.tasks"])
    assert [request.headers.get("x-request-id") for request in script.requests] == ["asked-by-alice"]
    assert {each.get("request_id") for each in told} == {"asked-by-alice"}
    assert Event.objects.get(verb="run.started").request_id == "asked-by-alice"


@pytest.mark.django_db
def test_a_run_bears_the_id_of_its_request_whichever_task_carries_it_out() -> None:
    with scripted(ANSWER) as script:
        for asked_by in ("asked-by-alice", "asked-by-bob-1"):
            with traced(asked_by):
                services.open_run(feed=FeedFactory(connection__base_url=script.base_url), by="test")
        tasks.live.apply(headers={REQUEST_ID: "some-other-task"})
    assert {request.headers["x-request-id"] for request in script.requests} == {"asked-by-alice", "asked-by-bob-1"}


@pytest.mark.django_db
def test_a_worker_goes_on_until_nothing_waits_however_few_go_side_by_side() -> None:
    with scripted(ANSWER) as script:
        connection = ConnectionFactory(base_url=script.base_url)
        dealership = DealershipFactory()
        for job_type in list(JOB_TYPES)[: 2 * PER_DEALERSHIP]:
            feed = FeedFactory(connection=connection, dealership=dealership, job_type=job_type)
            services.open_run(feed=feed, by="test")
        tasks.live()
    assert not Run.objects.unfinished().exists()
    assert len(script.requests) == 2 * PER_DEALERSHIP
