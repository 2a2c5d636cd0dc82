"""Celery as it must be set: nothing lost with a worker, nothing started twice, and a worker for every queue."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from config.celery import app
from config.local.parts import WORKERS

COMPOSE = (Path(__file__).resolve().parents[2] / "compose.yaml").read_text()
app.loader.import_default_modules()
OURS = sorted(name for name in app.tasks if name.startswith("ingestion."))


def test_a_message_is_acknowledged_when_its_work_is_done_and_given_back_when_its_worker_dies() -> None:
    assert (app.conf.task_acks_late, app.conf.task_reject_on_worker_lost) == (True, True)
    assert app.conf.worker_prefetch_multiplier == 1
    assert app.conf.worker_cancel_long_running_tasks_on_connection_loss is True
    assert app.conf.task_ignore_result is True


def visibility(conf: Any) -> list[Any]:
    options = (conf.broker_transport_options, conf.result_backend_transport_options)
    return [conf["visibility_timeout"], *(each.get("visibility_timeout") for each in options)]


def test_a_message_is_invisible_for_the_same_time_to_whoever_asks() -> None:
    assert len(set(visibility(app.conf))) == 1


@pytest.mark.parametrize("name", OURS)
def test_no_task_works_so_long_that_its_message_comes_again(name: str) -> None:
    task = app.tasks[name]
    limit = task.time_limit or app.conf.task_time_limit
    assert limit < app.conf.broker_transport_options["visibility_timeout"] / 2
    assert (task.soft_time_limit or app.conf.task_soft_time_limit) < limit


def test_every_queue_has_a_worker_here_and_in_compose() -> None:
    queues = {route["queue"] for route in app.conf.task_routes.values()} | {app.conf.task_default_queue}
    here = {dict(zip(words[::2], words[1::2], strict=False))["--queues"] for _name, *words in WORKERS}
    assert here == queues
    assert set(re.findall(r"--queues, (\w+)", COMPOSE)) == queues


def test_messages_are_json() -> None:
    assert (app.conf.task_serializer, app.conf.accept_content) == ("json", ("json",))
