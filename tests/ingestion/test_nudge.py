"""A message is only a nudge: without a broker the work still waits as a row."""

from __future__ import annotations

import logging

import pytest
from kombu.exceptions import OperationalError

from ingestion import services, tasks


def test_runs_are_told_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[list[int]] = []
    monkeypatch.setattr(tasks.carry_out, "delay", told.append)
    tasks.nudge(range(1, services.AT_ONCE + 3))
    assert [len(group) for group in told] == [services.AT_ONCE, 2]


def test_a_broker_that_is_away_is_a_warning_and_no_failure(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(_ids: list[int]) -> None:
        raise OperationalError("connection refused")

    monkeypatch.setattr(tasks.carry_out, "delay", away)
    with caplog.at_level(logging.WARNING):
        tasks.nudge([1])
    assert "wait for the next slot" in caplog.text
