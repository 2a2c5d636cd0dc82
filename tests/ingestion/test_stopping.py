"""A worker that is told to stop ends within ten seconds, and what it had under way waits for another at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from ingestion import services, tasks
from ingestion.models import Run
from tests.factories import BackfillFactory, FeedFactory, RunFactory
from tests.ingestion.scripted import Reply, Script, http, scripted

ROOT = Path(__file__).resolve().parents[2]
GRACE = 10.0
NOTHING = http(200, {"status": 1, "data": []})

SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT], ids=str)

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def worker(queue: str, *pool: str, output: int | IO[bytes] = subprocess.DEVNULL) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of its own processes for one queue."""
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "config", "worker", "--queues", queue, *pool]
    started = subprocess.Popen(
        [*command, "--without-gossip", "--without-mingle", "--hostname", f"{queue}@test"],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
        stdout=output,
        stderr=output,
        start_new_session=True,
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()


def under_way(script: Script, number: int) -> None:
    """Wait until so many calls hang at the gateway."""
    end = time.monotonic() + 60
    while script.waiting < number:
        assert time.monotonic() < end, f"{script.waiting} calls; runs: {list(Run.objects.values_list('state'))}"
        time.sleep(0.05)


def blocked(cursor: CursorWrapper) -> None:
    """Wait until somebody waits for what this cursor's transaction has locked."""
    end = time.monotonic() + 60
    while True:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        if cursor.fetchone() != (0,):
            return
        assert time.monotonic() < end, "nobody waits"
        time.sleep(0.05)


@pytest.mark.parametrize("pool", [("--concurrency", "2"), ("--pool", "solo")], ids=["prefork", "solo"])
@SIGNALS
def test_what_is_under_way_goes_back_into_the_queue(number: signal.Signals, pool: tuple[str, ...]) -> None:
    queue = f"stop-{uuid4()}"
    with scripted(Reply(NOTHING, wait=120)) as script, worker(queue, *pool) as process:
        feeds = [FeedFactory(connection__base_url=script.base_url) for _ in range(2)]
        runs = [services.open_run(feed=feed, by="test") for feed in feeds]
        tasks.live.apply_async(queue=queue)
        under_way(script, 2)
        begun = time.monotonic()
        process.send_signal(number)
        process.wait(3 * GRACE)
        assert time.monotonic() - begun < GRACE
        held = Run.objects.filter(pk__in=[run.pk for run in runs])
        assert list(held.values_list("state", "leased_until", "takeovers")) == [("queued", None, 0)] * 2


@SIGNALS
def test_a_worker_whose_task_waits_for_a_row_ends_as_well(number: signal.Signals) -> None:
    """Nobody can hand back what hangs in the database: another finds it when its lease has ended."""
    queue = f"stop-{uuid4()}"
    feed = FeedFactory()
    run = services.open_run(feed=feed, by="test")
    with connection.cursor() as cursor, worker(queue, "--pool", "solo") as process, transaction.atomic():
        cursor.execute("LOCK TABLE ingestion_run IN ACCESS EXCLUSIVE MODE")
        tasks.live.apply_async(queue=queue)
        blocked(cursor)
        process.send_signal(number)
        process.wait(GRACE)
    run.refresh_from_db()
    assert run.state == "queued"


@SIGNALS
def test_a_worker_that_carries_tasks_out_itself_breaks_none_off(number: signal.Signals, tmp_path: Path) -> None:
    queue, log = f"stop-{uuid4()}", tmp_path / "log"
    with (
        scripted(Reply(NOTHING, wait=120)) as script,
        log.open("wb") as output,
        worker(queue, "--pool", "solo", output=output) as process,
    ):
        services.open_run(feed=FeedFactory(connection__base_url=script.base_url), by="test")
        tasks.live.apply_async(queue=queue)
        under_way(script, 1)
        process.send_signal(number)
        process.wait(GRACE)
    assert "Error" not in log.read_text()


def test_a_backfill_goes_back_as_well() -> None:
    queue = f"stop-{uuid4()}"
    with scripted(Reply(NOTHING, wait=120)) as script, worker(queue, "--pool", "solo") as process:
        backfill = BackfillFactory(feed=FeedFactory(connection__base_url=script.base_url))
        RunFactory(feed=backfill.feed, kind="backfill", backfill=backfill, state="queued", until=backfill.until)
        tasks.bulk.apply_async(queue=queue)
        under_way(script, 1)
        process.terminate()
        process.wait(GRACE)
        assert Run.objects.get().state == "queued"
