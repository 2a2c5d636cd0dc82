"""A shift at the desk: it hears at once that it is to stop, and gives signs of life, however much arrives."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ingestion import claims, desk, services
from ingestion.models import Run
from tests.factories import ConnectionFactory, FeedFactory
from tests.ingestion.scripted import Reply, Script, http, scripted

pytestmark = pytest.mark.django_db

NOTHING = http(200, {"status": 1, "data": []})
RUNS, WINDOWS = 6, 20


def long_runs(script: Script) -> list[Run]:
    """Runs of many windows that are answered faster than they are stored."""
    gateway = ConnectionFactory(base_url=script.base_url, window_days=1, calls_per_second=1000)
    since = timezone.now() - timedelta(days=WINDOWS) + timedelta(hours=1)
    feeds = [FeedFactory(connection=gateway) for _ in range(RUNS)]
    return [services.open_run(feed=feed, by="test", since=since) for feed in feeds]


def test_a_shift_ends_between_two_answers_when_it_is_to_stop() -> None:
    with scripted(NOTHING) as script:
        runs = long_runs(script)
        assert list(desk.serve("live", stop=lambda: Run.objects.filter(reached__isnull=False).exists())) == []
        assert len(script.requests) <= 2 * RUNS
    assert list(Run.objects.values_list("state", flat=True)) == ["queued"] * len(runs)


def test_leases_are_renewed_between_two_answers_when_it_is_time(monkeypatch: pytest.MonkeyPatch) -> None:
    renewals = 0

    def counted(works: Any) -> set[int]:
        nonlocal renewals
        renewals += 1
        return claims.renew(works)

    monkeypatch.setattr(desk, "SIGN_OF_LIFE", 0.0)
    monkeypatch.setattr(desk, "renew", counted)
    with scripted(NOTHING) as script:
        long_runs(script)
        ended = list(desk.serve("live"))
    assert [run.state for run in ended] == ["succeeded"] * RUNS
    assert renewals >= RUNS * WINDOWS


def test_a_run_that_was_lost_and_claimed_again_is_not_confused_with_its_broken_off_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(desk, "SIGN_OF_LIFE", 0.0)
    with scripted(Reply(NOTHING, wait=60), Reply(NOTHING)) as script:
        run = services.open_run(feed=FeedFactory(connection__base_url=script.base_url), by="test")

        def lost_meanwhile() -> bool:
            """Somebody else's look at the leases finds the run abandoned while its call hangs."""
            if len(script.requests) == 1:
                Run.objects.filter(pk=run.pk, fence=1).update(state=Run.State.QUEUED)
            return False

        assert [ended.state for ended in desk.serve("live", stop=lost_meanwhile)] == ["succeeded"]
    assert (Run.objects.get().fence, len(script.requests)) == (2, 2)


def test_a_window_with_too_much_in_it_is_halved_until_it_is_a_minute_and_then_the_run_has_failed() -> None:
    until = timezone.now().replace(microsecond=0)
    with scripted(http(200, {"status": 1, "data": [{}] * 50_001})) as script:
        feed = FeedFactory(connection__base_url=script.base_url)
        services.open_run(feed=feed, by="test", since=until - timedelta(days=4), until=until)
        [run] = desk.serve("live")
    assert (run.state, run.reached) == ("failed", None)
    assert "ask for shorter windows" in run.error
    assert run.calls == len(script.requests) == 13, "4 days in two, and so on: the last asked for is 84 seconds"
