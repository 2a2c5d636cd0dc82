"""Runs that brought nothing new are forgotten after a while; all others stay."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ingestion import retention
from ingestion.models import Run
from tests.factories import QuarantineFactory, RunFactory

pytestmark = pytest.mark.django_db


def old_run(**columns: Any) -> Run:
    return RunFactory(**{"finished_at": timezone.now() - timedelta(days=31), **columns})


def test_old_runs_without_news_are_forgotten_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    for _ in range(5):
        old_run(received=3, unchanged=3)
    assert retention.forget_runs() == 5
    assert not Run.objects.exists()


@pytest.mark.parametrize(
    "columns",
    [
        {"created": 1, "received": 1},
        {"updated": 1, "received": 1},
        {"state": "failed", "error": "no connection to the gateway"},
        {"state": "partial"},
        {"flag": "The answer was empty; the last 20 were not."},
        {"kind": "replay"},
        {"finished_at": timezone.now() - timedelta(days=29)},
    ],
)
def test_what_tells_something_stays(columns: dict[str, Any]) -> None:
    run = old_run(**columns)
    assert retention.forget_runs() == 0
    assert Run.objects.get() == run


def test_a_run_that_an_entry_of_the_quarantine_names_stays() -> None:
    entry = QuarantineFactory(run=old_run(received=1, quarantined=1))
    retention.forget_runs()
    assert Run.objects.get() == entry.run


def test_how_long_is_a_setting(settings: Any) -> None:
    settings.RUNS_KEPT_DAYS = 60
    old_run()
    assert retention.forget_runs() == 0
