"""A message is only a nudge: without a broker the work still waits as a row."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from kombu.exceptions import OperationalError

from ingestion import tasks
from tests.factories import BackfillFactory, RunFactory

pytestmark = pytest.mark.django_db


def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tasks that messages are sent for."""
    sent: list[str] = []
    for task in (tasks.live, tasks.bulk):
        monkeypatch.setattr(task, "apply_async", lambda name=task.name, **_: sent.append(name))
    return sent


def queued(number: int, **columns: Any) -> None:
    for _ in range(number):
        RunFactory(state="queued", **columns)


def test_more_runs_call_more_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "RUNS_PER_MESSAGE", 2)
    sent = told(monkeypatch)
    queued(3)
    tasks.nudge("live")
    assert sent == ["ingestion.live"] * 2


def test_there_is_an_end_to_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "RUNS_PER_MESSAGE", 1)
    monkeypatch.setattr(tasks, "MOST_MESSAGES", 2)
    sent = told(monkeypatch)
    queued(4)
    tasks.nudge("live")
    assert len(sent) == 2


def test_nothing_to_do_is_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = told(monkeypatch)
    queued(1)
    tasks.nudge("bulk")
    assert sent == []


def test_backfills_have_workers_of_their_own_and_a_paused_one_calls_none(monkeypatch: pytest.MonkeyPatch) -> None:
    sent = told(monkeypatch)
    backfill = BackfillFactory()
    queued(1, feed=backfill.feed, backfill=backfill, kind="backfill")
    tasks.nudge("live")
    assert sent == []
    tasks.nudge("bulk")
    assert sent == ["ingestion.bulk"]
    backfill.state = "paused"
    backfill.save()
    tasks.nudge("bulk")
    assert sent == ["ingestion.bulk"]


def test_a_broker_that_is_away_is_a_warning_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(**_: Any) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.live, "apply_async", away)
    queued(1)
    with caplog.at_level(logging.WARNING):
        tasks.nudge("live")
    assert "the runs wait" in caplog.text
