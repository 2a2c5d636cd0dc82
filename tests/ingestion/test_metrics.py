"""What Prometheus reads at /metrics, and who may."""

from datetime import timedelta

import pytest
from django.utils import timezone
from prometheus_client.parser import text_string_to_metric_families

from ingestion.job_types import JOB_TYPES
from ingestion.models import Run
from tests.factories import AlertFactory, BackfillFactory, FeedFactory, GateFactory, QuarantineFactory, RunFactory

TOKEN = "a token of some length"
HOUR = timedelta(hours=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def scrape(client, settings, db):
    """Every sample by its name and labels."""
    settings.METRICS_TOKEN = TOKEN

    def read():
        response = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
        assert response.status_code == 200
        families = text_string_to_metric_families(response.content.decode())
        return {(each.name, *each.labels.values()): each.value for family in families for each in family.samples}

    return read


def fetched(now, **given):
    times = {"cursor": now, "succeeded_at": now, "received_at": now, "slot": now, "next_slot": now + HOUR}
    return FeedFactory(**{**times, "period": HOUR, **given})


# -- who may read


def test_without_a_token_there_is_no_such_page(client, settings):
    settings.METRICS_TOKEN = ""
    for sent in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer x"}):
        assert client.get("/metrics", headers=sent).status_code == 404


@pytest.mark.parametrize(
    "sent",
    [None, "", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", TOKEN, f"Basic {TOKEN}", "Bearer \xff"],
)
def test_another_token_is_refused(client, settings, sent):
    settings.METRICS_TOKEN = TOKEN
    response = client.get("/metrics", headers={} if sent is None else {"Authorization": sent})
    assert (response.status_code, response["WWW-Authenticate"]) == (401, "Bearer")
    assert b"forecourt_" not in response.content


@pytest.mark.django_db
def test_somebody_signed_in_needs_the_token_too(client, settings, admin_user):
    settings.METRICS_TOKEN = TOKEN
    client.force_login(admin_user)
    assert client.get("/metrics").status_code == 401


@pytest.mark.django_db
def test_it_is_text_that_nobody_keeps(client, settings):
    settings.METRICS_TOKEN = TOKEN
    response = client.get("/metrics", headers={"Authorization": f"bearer {TOKEN}"})
    assert response["Content-Type"].startswith("text/plain; version=")
    assert "no-store" in response["Cache-Control"]
    assert client.post("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 405


# -- what it says


def test_an_empty_house_has_zeros(scrape):
    found = scrape()
    assert found["forecourt_runs", "pkb", "failed"] == 0
    assert found["forecourt_feeds", "late"] == 0
    assert found["forecourt_runs_queued", "live"] == 0
    assert found["forecourt_queue_age_seconds", "bulk"] == 0
    assert found["forecourt_quarantine_waiting", "leasing"] == 0
    assert found["forecourt_alerts_open", "late"] == 0
    assert ("forecourt_scrape_seconds",) in found


def test_runs_that_ended_in_the_last_hour_are_counted_by_state_and_timed(scrape, now):
    feed = fetched(now)
    for seconds in (1, 2, 3, 4, 10):
        RunFactory(feed=feed, started_at=now - timedelta(seconds=seconds), finished_at=now)
    RunFactory(feed=feed, state=Run.State.FAILED, started_at=None, finished_at=now - HOUR / 2)
    RunFactory(feed=feed, finished_at=now - HOUR - timedelta(seconds=1))
    RunFactory(feed=feed, state=Run.State.RUNNING)
    found = scrape()
    assert found["forecourt_runs", "pkb", "succeeded"] == 5
    assert found["forecourt_runs", "pkb", "failed"] == 1
    assert found["forecourt_runs", "leasing", "succeeded"] == 0
    assert ("forecourt_runs", "pkb", "running") not in found
    assert found["forecourt_run_seconds", "pkb", "p50"] == 3
    assert found["forecourt_run_seconds", "pkb", "p95"] == pytest.approx(8.8)
    assert found["forecourt_run_seconds", "pkb", "max"] == 10


def test_feeds_are_counted_by_freshness_and_their_lag_told(scrape, now):
    fetched(now)
    fetched(now, succeeded_at=now - 3 * HOUR, cursor=now - HOUR)
    fetched(now, is_enabled=False, cursor=now - 9 * HOUR)
    fetched(now, job_type="leasing", cursor=None)
    found = scrape()
    assert [found["forecourt_feeds", state] for state in ("fresh", "late", "off", "missed")] == [2, 1, 1, 0]
    assert 3600 <= found["forecourt_lag_seconds", "pkb", "max"] < 3660
    assert 3420 <= found["forecourt_lag_seconds", "pkb", "p95"] < 3480
    assert ("forecourt_lag_seconds", "leasing", "max") not in found


def test_quarantine_is_counted_while_it_waits(scrape, now):
    run = RunFactory(feed=fetched(now))
    QuarantineFactory(run=run)
    QuarantineFactory(run=run, state="ignored", settled_at=now, why_ignored="a test record")
    assert scrape()["forecourt_quarantine_waiting", "pkb"] == 1


def test_breaker_and_quota_are_told_for_each_main_dealer(scrape, now):
    zone = FeedFactory().connection.zone
    today = now.astimezone(zone).date()
    names = {"connection__calls_per_day": 300}
    GateFactory(connection__main_dealer="OPEN", opened_at=now, day=today, calls=7, **names)
    GateFactory(connection__main_dealer="YESTERDAY", day=today - timedelta(days=1), calls=300, **names)
    FeedFactory(connection__main_dealer="NEW")
    GateFactory(connection__main_dealer="GONE", connection__is_active=False, opened_at=now)
    found = scrape()
    breakers = {name: found["forecourt_breaker_open", name] for name in ("OPEN", "YESTERDAY", "NEW")}
    assert breakers == {"OPEN": 1, "YESTERDAY": 0, "NEW": 0}
    assert [found["forecourt_quota_used", name] for name in breakers] == [7, 0, 0]
    assert found["forecourt_quota_limit", "OPEN"] == 300
    assert ("forecourt_quota_limit", "NEW") not in found
    assert ("forecourt_breaker_open", "GONE") not in found


def test_what_waits_is_told_for_each_lane_with_its_age(scrape, now):
    feed = fetched(now)
    RunFactory(feed=feed, state=Run.State.QUEUED, queued_at=now - HOUR)
    RunFactory(feed=fetched(now, job_type="leasing"), state=Run.State.QUEUED, queued_at=now)
    paused = BackfillFactory(feed=feed, state="paused")
    RunFactory(feed=feed, kind=Run.Kind.BACKFILL, backfill=paused, state=Run.State.QUEUED, queued_at=now - HOUR)
    found = scrape()
    assert found["forecourt_runs_queued", "live"] == 2
    assert 3600 <= found["forecourt_queue_age_seconds", "live"] < 3660
    assert found["forecourt_runs_queued", "bulk"] == 0


def test_alerts_are_counted_while_they_are_open(scrape, now):
    AlertFactory()
    AlertFactory(resolved_at=now)
    assert scrape()["forecourt_alerts_open", "late"] == 1


def test_a_scrape_takes_few_queries_however_many_feeds_there_are(scrape, now, django_assert_max_num_queries):
    dealership = fetched(now).dealership
    for job in list(JOB_TYPES)[:6]:
        if job != "pkb":
            RunFactory(feed=fetched(now, dealership=dealership, job_type=job))
    with django_assert_max_num_queries(9):
        scrape()
