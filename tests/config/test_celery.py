"""Celery is set so that a message may be lost or come twice, and no work is."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from celery import Task
from kombu.exceptions import OperationalError

from config.celery import app, nudge
from config.local.parts import WORKERS
from config.local.process import wait_until

ROOT = Path(__file__).resolve().parents[2]
APPS = ("billing", "config", "crm", "dealers", "ingestion", "inventory", "sales", "service")


@pytest.fixture(scope="module")
def tasks() -> dict[str, Task]:
    """Every task of ours, by name."""
    app.loader.import_default_modules()
    return {name: task for name, task in app.tasks.items() if not name.startswith("celery.")}


def queue_of(name: str) -> str:
    return str(app.amqp.router.route({}, name)["queue"].name)


def served(commands: list[list[str]]) -> set[str]:
    """The queues that these workers' commands name."""
    return {queue for words in commands for queue in words[words.index("--queues") + 1].split(",")}


def test_a_message_is_acknowledged_when_its_work_is_done_and_comes_again_when_its_worker_dies(
    tasks: dict[str, Task],
) -> None:
    assert tasks
    assert {(task.acks_late, task.reject_on_worker_lost) for task in tasks.values()} == {(True, True)}


def test_no_worker_takes_more_messages_than_it_works_on() -> None:
    assert app.conf.worker_prefetch_multiplier == 1


def test_no_message_comes_again_while_its_task_may_still_run(tasks: dict[str, Task]) -> None:
    for task in tasks.values():
        hard = task.time_limit or app.conf.task_time_limit
        soft = task.soft_time_limit or app.conf.task_soft_time_limit
        assert soft < hard < app.conf.visibility_timeout / 2


def test_the_visibility_timeout_is_one_wherever_it_is_read() -> None:
    broker, result = app.conf.broker_transport_options, app.conf.result_backend_transport_options
    with app.connection_for_read() as connection, connection.channel() as channel:
        found = [broker["visibility_timeout"], result["visibility_timeout"], channel.visibility_timeout]
    assert {app.conf.visibility_timeout, *found} == {1800}


def test_what_nobody_acknowledged_is_looked_for_every_few_seconds() -> None:
    with app.connection_for_read() as connection, connection.channel() as channel:
        assert channel.unacked_restore_interval * channel.unacked_restore_throttle <= 15


def test_a_worker_that_stops_or_loses_the_broker_hands_its_tasks_back() -> None:
    assert app.conf.worker_cancel_long_running_tasks_on_connection_loss
    assert 0 < app.conf.worker_soft_shutdown_timeout < 10


def test_messages_are_json_and_bring_no_result_back() -> None:
    assert (app.conf.task_serializer, list(app.conf.accept_content)) == ("json", ["json"])
    assert app.conf.task_ignore_result


def test_nothing_is_asked_for_later_than_now() -> None:
    """What is due later is a row: a message with a moment of its own would come again for every timeout it waits."""
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for name in APPS
        for path in (ROOT / name).rglob("*.py")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if re.search(r"\b(countdown|eta)=|\.retry\(", line)
    ]
    assert found == []


def test_every_queue_that_a_task_is_sent_to_has_a_worker_with_make_run(tasks: dict[str, Task]) -> None:
    assert served([list(words) for words in WORKERS]) == {queue_of(name) for name in tasks}


def test_every_queue_that_a_task_is_sent_to_has_a_worker_in_compose(tasks: dict[str, Task]) -> None:
    services: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    workers = [service["command"] for service in services.values() if "worker" in service.get("command", [])]
    assert served(workers) == {queue_of(name) for name in tasks}
    assert len(workers) == len(served(workers)), "live runs wait neither for backfills nor for the rest"


def test_live_work_backfills_and_the_rest_have_queues_of_their_own() -> None:
    names = ("ingestion.live", "ingestion.bulk", "ingestion.dispatch", "ingestion.fan_out")
    assert [queue_of(name) for name in names] == ["live", "bulk", "rest", "rest"]


POOLS = pytest.mark.parametrize("pool", [("--concurrency", "2"), ("--pool", "solo")], ids=["prefork", "solo"])
SIGNALS = pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGQUIT], ids=str)
PATIENCE = 90.0
"""Seconds that a worker may take to start."""
GRACE = 10.0


@contextmanager
def worker(broker: str, *pool: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker of its own processes, none of which is left."""
    command = [sys.executable, "-m", "celery", "--quiet", "--app", "config", "worker", "--queues", "stop", *pool]
    started = subprocess.Popen(
        [*command, "--without-gossip", "--without-mingle", "--hostname", "stop@test"],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "ignore", "VALKEY_URL": broker},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield started
    finally:
        with suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)
        started.wait()


@contextmanager
def broker() -> Iterator[tuple[socket.socket, str]]:
    """One that takes connections, and its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(PATIENCE)
        yield listening, f"redis://127.0.0.1:{listening.getsockname()[1]}/0"


def group(leader: int) -> list[int]:
    """The processes of a session's group that have not ended."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(OSError):
            if entry.name.isdigit() and os.getpgid(int(entry.name)) == leader:
                found += [int(entry.name)] if "State:\tZ" not in (entry / "status").read_text() else []
    return found


@POOLS
@SIGNALS
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_waits_for_a_silent_broker_leaves_at_once(number: signal.Signals, pool: tuple[str, ...]) -> None:
    with broker() as (listening, url), worker(url, *pool) as process:
        called, _ = listening.accept()
        with called:
            process.send_signal(number)
            assert process.wait(GRACE) == 0
            assert wait_until(lambda: not group(process.pid), GRACE)


@SIGNALS
@pytest.mark.django_db(transaction=True)
def test_a_worker_that_no_broker_answers_leaves_at_once(number: signal.Signals) -> None:
    with broker() as (listening, url), worker(url, "--pool", "solo") as process:
        for _ in range(2):  # it tries again
            listening.accept()[0].close()
        process.send_signal(number)
        assert process.wait(GRACE) == 0


def test_the_word_to_stop_waits_for_nobody_who_asks_for_it() -> None:
    """A signal comes at any moment, also while the code that it interrupts asks whether to stop."""
    program = """
import signal
from config.celery import stopping
told, armed = 0, -1
def tell(number, frame):
    global told
    stopping.set()
    told += 1
signal.signal(signal.SIGALRM, tell)
while told < 2000:
    if armed != told:
        armed = told
        signal.setitimer(signal.ITIMER_REAL, 0.0001)
    stopping.is_set()
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=os.environ, check=True, timeout=PATIENCE)


def test_a_broker_that_takes_no_message_ends_nobodys_work(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(app, "send_task", away)
    nudge("sales.scan_files", dealership_id=7)
    assert "the broker took no message (connection refused): sales.scan_files waits" in caplog.text
