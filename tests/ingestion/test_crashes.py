"""A worker is killed at twenty points of each job type's road: what comes of the run is what would have come of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from ingestion import desk, services
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Feed, Gate, QuarantinedRecord, Run
from ingestion.sandbox.config import DEMO_API_KEY, DEMO_SECRET_KEY, NATURAL_QUIRKS, SandboxConfig
from ingestion.sandbox.server import running
from tests.ingestion.crashes import Snapshot, forked, outcome, recover, spread

POINTS = 20
NOW = datetime(2026, 6, 15, 3, tzinfo=UTC)
CURSOR = NOW - timedelta(days=10)
DEALERS = ("08138", "08139")


class Clock:
    """The gateway's: what it shows is what was known by then."""

    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self) -> datetime:
        return self.moment


clock = Clock()


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    config = SandboxConfig(
        dealers=DEALERS,
        volume=3,
        quirks=NATURAL_QUIRKS | {"Q8", "Q15", "Q19"},
        clock_tolerance=timedelta(days=30),
        now=clock,
    )
    with running(config) as (address, _), time_machine.travel(NOW):
        yield address


def serve() -> list[Run]:
    return list(desk.serve("live"))


def asked(feed: Feed, since: datetime, until: datetime) -> Run:
    feed.connection.refresh_from_db()
    return services.open_run(feed=feed, by="test", since=since, until=until)


@pytest.fixture
def feed(base_url: str, transactional_db: None, request: pytest.FixtureRequest) -> Feed:
    """A feed that was fetched up to ten days ago; what it has stored has changed since."""
    job_type: JobType = request.param
    connection = services.connect(
        main_dealer="H2Z",
        base_url=base_url,
        dealers=DEALERS,
        api_key=DEMO_API_KEY,
        secret_key=DEMO_SECRET_KEY,
        window_days=3,
        calls_per_second=10_000,
    )
    feed = Feed.objects.get(connection=connection, dealership__code=DEALERS[0], job_type=job_type.code)
    clock.moment = CURSOR
    asked(feed, CURSOR - timedelta(days=6), CURSOR)
    assert [run.state in ("succeeded", "partial") for run in serve()] == [True]
    clock.moment = NOW
    feed.refresh_from_db()
    return feed


@pytest.mark.parametrize("feed", JOB_TYPES.values(), ids=str, indirect=True)
def test_a_run_ends_the_same_wherever_its_worker_was_killed(feed: Feed) -> None:
    kind = feed.kind
    tables = (Gate, Feed, Run, QuarantinedRecord, kind.record, kind.record.history.model, *kind.lines.values())
    before = Snapshot(*tables)
    run = asked(feed, CURSOR, NOW)
    points = forked(serve)
    expected = outcome(feed, run)
    assert expected["run"]["created"]
    assert expected["feed"][0] == NOW
    for point in spread(points, POINTS):
        before.bring_back()
        run = asked(feed, CURSOR, NOW)
        forked(serve, point)
        recover(run, serve)
        assert outcome(feed, run) == expected, f"killed at {points[point - 1]} {point} of {len(points)}"
