"""The API of backfills and comparisons: what a program may ask and what it is answered."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from dealers.models import Dealership, User
from dealers.roles import Role
from ingestion import backfills, desk, services, tasks
from ingestion.models import Backfill, Connection, Feed, Gate, Run
from tests.factories import BackfillFactory, FeedFactory, RunFactory
from tests.ingestion.roads import WIB
from tests.ingestion.scripted import Reply, Script, http, scripted
from tests.people import ASKED_OF_EACH, with_role
from tests.people import api_of as signed_in

BACKFILLS, RUNS = "/api/v1/dgi/backfills/", "/api/v1/dgi/runs/"
ORDERS = http(200, {"status": 1, "data": [{"noWorkOrder": "WO/1"}, {"noWorkOrder": "WO/2"}]})
TODAY = datetime.now(UTC).astimezone(WIB).date()

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "nudge", lambda lane: None)


@pytest.fixture
def gateway() -> Iterator[Script]:
    with scripted(ORDERS) as script:
        yield script


@pytest.fixture
def feed(dealership_a: Dealership, gateway: Script) -> Feed:
    return FeedFactory(dealership=dealership_a, connection__base_url=gateway.base_url)


@pytest.fixture
def api(alice: User) -> APIClient:
    """Alice's, who may start runs and backfills."""
    return signed_in(with_role(alice, Role.OWNER))


def day(ago: int) -> str:
    return f"{TODAY - timedelta(days=ago)}"


def ask(api: APIClient, feed: Feed, since: str, until: str | None = None, **more: Any) -> Any:
    body = {"job": feed.job_type, "dealer": feed.dealership.code, "since": since, "until": until, **more}
    return api.post(BACKFILLS, body, "json")


def error_of(response: Any) -> tuple[int, str, str | None]:
    body = response.json()
    return response.status_code, body["type"], body["errors"][0]["field"]


def started(feed: Feed, days: int = 20) -> Backfill:
    now = timezone.now()
    return backfills.start(feed=feed, since=now - timedelta(days=days), until=now, by="alice")


# -- backfills


def test_a_backfill_is_started(api: APIClient, alice: User, feed: Feed) -> None:
    response = ask(api, feed, day(20), day(2), share=10)
    assert response.status_code == 202
    body = response.json()
    made = Backfill.objects.get(pk=body["id"])
    assert (made.feed, made.share, made.started_by, made.state) == (feed, 10, alice.email, "running")
    assert (body["windows_done"], body["windows_left"], body["progress"]) == (0, 3, 0.0)
    assert made.runs.get().state == "queued"


def test_dates_and_moments_are_the_main_dealers_and_a_last_day_is_included(api: APIClient, feed: Feed) -> None:
    body = ask(api, feed, day(4), day(3), dry_run=True).json()
    assert [datetime.fromisoformat(body[name]).astimezone(WIB).isoformat() for name in ("since", "until")] == [
        f"{day(4)}T00:00:00+07:00",
        f"{day(2)}T00:00:00+07:00",
    ]
    body = ask(api, feed, f"{day(4)}T08:00:00", f"{day(3)}T08:00:00Z", dry_run=True).json()
    assert datetime.fromisoformat(body["since"]).astimezone(WIB).hour == 8
    assert datetime.fromisoformat(body["until"]).astimezone(WIB).hour == 15


def test_a_dry_run_says_what_it_would_do_and_writes_nothing(api: APIClient, feed: Feed) -> None:
    Connection.objects.update(calls_per_day=100)
    response = ask(api, feed, day(60), day(1), dry_run=True)
    assert response.status_code == 200
    body = response.json()
    assert (body["calls"], body["share"], body["calls_per_day"], body["left_today"]) == (5, 30, 30, 30)
    assert len(body["windows"]) == 5
    assert body["windows"][0]["until"] == body["windows"][1]["since"]
    assert body["minutes"] > 0
    assert body["left_out"].endswith("the gateway gives the last 30 days")
    assert not any(model.objects.exists() for model in (Backfill, Run, Gate))


def test_a_backfill_shows_what_it_brought_and_how_far_it_is(api: APIClient, feed: Feed, gateway: Script) -> None:
    made = started(feed)
    gateway.replies[:] = [Reply(ORDERS), Reply(http(200, b"<html>"))]
    list(desk.serve("bulk"))
    body = api.get(f"{BACKFILLS}{made.pk}/").json()
    assert (body["state"], body["windows_done"], body["windows_left"]) == ("paused", 1, 2)
    assert (body["received"], body["created"], body["calls"]) == (2, 2, 2)
    assert (body["progress"], body["minutes_left"] is None) == (pytest.approx(0.35), False)
    assert body["error"].startswith("the gateway answered with a web page")
    assert len(api.get(RUNS, {"backfill": made.pk}).json()["results"]) == 2
    gateway.replies[:] = [Reply(ORDERS)]
    assert api.post(f"{BACKFILLS}{made.pk}/resume/").json()["state"] == "running"
    list(desk.serve("bulk"))
    [row] = api.get(BACKFILLS, {"state": "succeeded", "job": "pkb", "dealer": feed.dealership.code}).json()["results"]
    assert (row["id"], row["progress"], row["minutes_left"]) == (made.pk, 1.0, None)
    assert api.get(BACKFILLS, {"state": "running"}).json()["results"] == []


def test_a_backfill_is_paused_resumed_and_cancelled(api: APIClient, alice: User, feed: Feed) -> None:
    address = f"{BACKFILLS}{started(feed).pk}/"
    for verb, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        response = api.post(f"{address}{verb}/")
        assert (response.status_code, response.json()["state"]) == (200, state)
    assert api.get(address).json()["error"] == f"cancelled by {alice.email}"
    for verb in ("pause", "resume", "cancel"):
        assert error_of(api.post(f"{address}{verb}/")) == (409, "conflict", None)


def test_a_second_backfill_of_a_feed_is_a_conflict(api: APIClient, feed: Feed) -> None:
    assert ask(api, feed, day(3)).status_code == 202
    response = ask(api, feed, day(3))
    assert error_of(response) == (409, "backfill_under_way", None)
    assert "resume or cancel it by its number" in response.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    ("since", "until", "more", "field"),
    [
        (day(60), day(40), {}, "until"),
        (day(2), day(4), {}, "since"),
        (day(-2), day(-3), {}, "since"),
        (day(2), None, {"share": 0}, "share"),
        (day(2), None, {"share": 101}, "share"),
        (day(2), None, {"job": "nothing"}, "job"),
        ("yesterday", None, {}, "since"),
        ("0001-01-01", None, {}, "since"),
        (day(2), "9999-12-31", {}, "until"),
        (day(2), "2026-02-30", {}, "until"),
        (day(2), None, {"dry_run": "perhaps"}, "dry_run"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
def test_what_cannot_be_is_refused_with_the_field(
    api: APIClient, feed: Feed, since: str, until: str | None, more: Any, field: str, dry_run: bool
) -> None:
    assert error_of(ask(api, feed, since, until, **{"dry_run": dry_run, **more})) == (400, "validation_error", field)
    assert not Backfill.objects.exists()


def test_to_start_or_steer_one_takes_the_permission(alice: User, feed: Feed) -> None:
    made = started(feed)
    api = signed_in(alice)
    assert api.get(f"{BACKFILLS}{made.pk}/").status_code == 200
    assert ask(api, feed, day(3)).status_code == 403
    assert ask(api, feed, day(3), dry_run=True).status_code == 403
    for verb in ("pause", "resume", "cancel"):
        assert api.post(f"{BACKFILLS}{made.pk}/{verb}/").status_code == 403


def test_another_dealerships_backfills_and_runs_cannot_be_touched(api: APIClient, charlie: User) -> None:
    theirs = charlie.memberships.get().dealership
    made = BackfillFactory(feed__dealership=theirs)
    run = RunFactory(feed__dealership=theirs, feed__job_type="prospect", flag="look")
    addresses = [f"{BACKFILLS}{made.pk}/{verb}/" for verb in ("pause", "resume", "cancel")]
    for address in (*addresses, f"{RUNS}{run.pk}/cancel/", f"{RUNS}{run.pk}/seen/"):
        assert api.post(address).status_code == 404
    assert ask(api, made.feed, day(3)).status_code == 404
    made.refresh_from_db()
    run.refresh_from_db()
    assert (made.state, run.flag_seen_by) == ("running", "")


def test_a_list_costs_the_same_for_any_number_of_backfills(
    api: APIClient, dealership_a: Dealership, django_assert_max_num_queries: Any
) -> None:
    for job_type in ("pkb", "prospect", "leasing", "inv1_read"):
        started(FeedFactory(dealership=dealership_a, job_type=job_type))
    with django_assert_max_num_queries(ASKED_OF_EACH + 4):
        assert len(api.get(BACKFILLS).json()["results"]) == 4


# -- runs


def start_run(api: APIClient, feed: Feed, **more: Any) -> Any:
    return api.post(RUNS, {"job": feed.job_type, "dealer": feed.dealership.code, **more}, "json")


def test_a_comparison_is_started_for_the_last_day_unless_told_otherwise(
    api: APIClient, feed: Feed, gateway: Script
) -> None:
    response = start_run(api, feed, kind="comparison")
    assert response.status_code == 202
    run = Run.objects.get(pk=response.json()["id"])
    assert (run.kind, run.state) == ("comparison", "queued")
    assert [moment.astimezone(WIB).isoformat() for moment in (run.since, run.until)] == [
        f"{day(1)}T00:00:00+07:00",
        f"{day(0)}T00:00:00+07:00",
    ]
    assert error_of(start_run(api, feed, kind="comparison")) == (409, "already_running", None)
    list(desk.serve("bulk"))
    body = api.get(f"{RUNS}{run.pk}/").json()
    assert (body["kind"], body["calls"], body["received"]) == ("comparison", 1, 0)
    assert body["differences"]["keys"]["missing"] == ["WO/1", "WO/2"]
    assert body["flag"] == "The comparison found differences: 2 records sent are not stored."


def test_a_comparison_of_a_window(api: APIClient, feed: Feed) -> None:
    window = {"since": f"{day(3)}T08:00:00", "until": f"{day(2)}T09:00:00"}
    body = start_run(api, feed, kind="comparison", **window).json()
    assert datetime.fromisoformat(body["since"]).astimezone(WIB).hour == 8
    assert error_of(start_run(api, feed, kind="comparison", since="2020-01-01")) == (400, "validation_error", "since")
    assert error_of(start_run(api, feed, kind="backfill")) == (400, "validation_error", "kind")


def test_a_flag_is_taken_down_by_who_looked(api: APIClient, alice: User, feed: Feed) -> None:
    run, plain = RunFactory(feed=feed, flag="30 records changed at once"), RunFactory(feed=feed)
    assert [row["id"] for row in api.get(RUNS, {"flagged": "true"}).json()["results"]] == [run.pk]
    assert [row["id"] for row in api.get(RUNS, {"flagged": "false"}).json()["results"]] == [plain.pk]
    for _ in range(2):
        body = api.post(f"{RUNS}{run.pk}/seen/").json()
        assert (body["flag_seen_by"], body["flag_seen_at"] is None) == (alice.email, False)
    assert api.get(RUNS, {"flagged": "true"}).json()["results"] == []


def test_a_run_is_cancelled_once(api: APIClient, alice: User, feed: Feed) -> None:
    run = services.open_run(feed=feed, by="schedule")
    response = api.post(f"{RUNS}{run.pk}/cancel/")
    assert (response.status_code, response.json()["state"]) == (200, "cancelled")
    assert response.json()["error"] == f"cancelled by {alice.email}"
    assert error_of(api.post(f"{RUNS}{run.pk}/cancel/")) == (409, "conflict", None)


def test_a_run_of_a_backfill_is_not_cancelled_alone(api: APIClient, feed: Feed) -> None:
    made = started(feed)
    response = api.post(f"{RUNS}{made.runs.get().pk}/cancel/")
    assert error_of(response) == (409, "conflict", None)
    assert f"belongs to backfill #{made.pk}" in response.json()["errors"][0]["message"]
    assert [row["kind"] for row in api.get(RUNS, {"kind": "backfill"}).json()["results"]] == ["backfill"]


def test_to_cancel_a_run_or_take_its_flag_down_takes_the_permission(alice: User, feed: Feed) -> None:
    run = RunFactory(feed=feed, flag="look")
    for verb in ("cancel", "seen"):
        assert signed_in(alice).post(f"{RUNS}{run.pk}/{verb}/").status_code == 403
