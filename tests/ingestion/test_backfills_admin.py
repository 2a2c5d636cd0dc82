"""Backfills, comparisons and flags in the admin: a form that starts, actions that steer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dealers.models import Dealership, User
from dealers.roles import Role
from ingestion import backfills, tasks
from ingestion.models import Backfill, Connection, Feed, Run
from tests.factories import BackfillFactory, FeedFactory, RunFactory
from tests.ingestion.roads import WIB
from tests.people import with_role

TODAY = datetime.now(UTC).astimezone(WIB).date()

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "nudge", lambda lane: None)


@pytest.fixture
def staff(client: Client, admin_user: User) -> Client:
    client.force_login(admin_user)
    return client


@pytest.fixture
def feed(dealership_a: Dealership) -> Feed:
    return FeedFactory(dealership=dealership_a)


def address(model: type, page: str = "changelist", *args: Any) -> str:
    return reverse(f"admin:ingestion_{model.__name__.lower()}_{page}", args=args)


def chosen(staff: Client, model: type, action: str, *rows: Any) -> str:
    """The page after an action on these rows."""
    form = {"action": action, "_selected_action": [row.pk for row in rows]}
    return str(staff.post(address(model), form, follow=True).content.decode())


def form(dealership: Dealership, *job_types: str, since: int = 20, until: int = 2, **more: Any) -> dict[str, Any]:
    first, last = (f"{TODAY - timedelta(days=ago)}" for ago in (since, until))
    return {
        "dealership": dealership.pk,
        "job_types": job_types,
        "first_day": first,
        "last_day": last,
        "share": 30,
        **more,
    }


def started(feed: Feed) -> Backfill:
    now = timezone.now()
    return backfills.start(feed=feed, since=now - timedelta(days=20), until=now, by="alice")


# -- a new one


def test_a_form_starts_a_backfill_of_each_job_type_to_the_end_of_its_last_day(
    staff: Client, admin_user: User, feed: Feed
) -> None:
    FeedFactory(dealership=feed.dealership, connection=feed.connection, job_type="prospect")
    response = staff.post(address(Backfill, "add"), form(feed.dealership, "pkb", "prospect", share=12))
    assert response.status_code == 302, response.context["errors"]
    made = list(Backfill.objects.order_by("job_type"))
    assert [(each.job_type, each.share, each.started_by, each.state) for each in made] == [
        ("pkb", 12, admin_user.email, "running"),
        ("prospect", 12, admin_user.email, "running"),
    ]
    assert [moment.astimezone(WIB).isoformat() for moment in (made[0].since, made[0].until)] == [
        f"{TODAY - timedelta(days=20)}T00:00:00+07:00",
        f"{TODAY - timedelta(days=1)}T00:00:00+07:00",
    ]
    assert Run.objects.filter(state="queued", kind="backfill").count() == 2
    assert staff.get(address(Backfill, "history", made[0].pk)).status_code == 200


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"since": 60, "until": 40}, "last_day", "the gateway gives the last 30 days"),
        ({"since": 2, "until": 4}, "first_day", "the range is empty"),
        ({"share": 0}, "share", "from 1 to 100"),
        ({"share": 1}, "share", "1 % of 10 requests a day is not one"),
        ({"job_types": ["leasing"]}, "job_types", "has no feed of them"),
        ({"job_types": []}, "job_types", "required"),
    ],
)
def test_a_form_tells_what_cannot_be_at_its_field(
    staff: Client, feed: Feed, given: dict[str, Any], field: str, words: str
) -> None:
    Connection.objects.update(calls_per_day=10)
    window = {name: given[name] for name in ("since", "until") if name in given}
    more = {name: value for name, value in given.items() if name not in window}
    response = staff.post(address(Backfill, "add"), form(feed.dealership, "pkb", **window, **more))
    assert response.status_code == 200
    assert words in " ".join(response.context["adminform"].form.errors[field])
    assert not Backfill.objects.exists()


def test_a_form_for_a_feed_that_has_one_names_it(staff: Client, feed: Feed) -> None:
    made = started(feed)
    response = staff.post(address(Backfill, "add"), form(feed.dealership, "pkb"))
    assert f"backfill #{made.pk} pkb of this" in response.content.decode()


def test_one_that_came_between_the_check_and_the_start_is_told(
    staff: Client, feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = started(feed)
    monkeypatch.setattr("ingestion.admin.backfills.BackfillForm.check", lambda *_: None)
    page = staff.post(address(Backfill, "add"), form(feed.dealership, "pkb"), follow=True).content.decode()
    assert f"resume or cancel it by its number, {made.pk}" in page
    assert Backfill.objects.count() == 1


def test_only_ones_own_dealerships_can_be_chosen(client: Client, alice: User, charlie: User) -> None:
    theirs = charlie.memberships.get().dealership
    FeedFactory(dealership=theirs)
    with_role(alice, Role.OWNER, staff=True)
    client.force_login(alice)
    assert theirs.name not in client.get(address(Backfill, "add")).content.decode()
    assert client.post(address(Backfill, "add"), form(theirs, "pkb")).status_code == 200
    assert not Backfill.objects.exists()


# -- those that there are


def test_a_backfill_shows_how_far_it_is(staff: Client, feed: Feed) -> None:
    made = started(feed)
    Backfill.objects.update(reached=made.since + timedelta(days=7), left_out="the days before")
    run = made.runs.get()
    Run.objects.filter(pk=run.pk).update(state="succeeded", finished_at=timezone.now(), received=5, created=5, calls=1)
    for page in (address(Backfill), address(Backfill, "change", made.pk)):
        text = staff.get(page).content.decode()
        assert "35%, 1 of 3 windows" in text
        assert "5 received, 5 created" in text
    assert "the days before" in text


def test_backfills_are_paused_resumed_and_cancelled(staff: Client, admin_user: User, feed: Feed) -> None:
    made = started(feed)
    ended = BackfillFactory(state="succeeded")
    for action, state in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        page = chosen(staff, Backfill, action, made, ended)
        made.refresh_from_db()
        assert made.state == state
        assert "1 changed." in page
        assert f"Backfill #{ended.pk} pkb is succeeded" in page
    assert made.error == f"cancelled by {admin_user.email}"


def test_who_may_only_look_has_no_actions(client: Client, alice: User, feed: Feed) -> None:
    made, run = started(feed), RunFactory(feed=feed, flag="look")
    with_role(alice, Role.VIEWER, staff=True)
    client.force_login(alice)
    assert 'name="action"' not in client.get(address(Backfill)).content.decode()
    chosen(client, Backfill, "cancel", made)
    chosen(client, Run, "looked_at", run)
    made.refresh_from_db()
    run.refresh_from_db()
    assert (made.state, run.flag_seen_by) == ("running", "")
    assert client.get(address(Backfill, "add")).status_code == 403


# -- runs


def test_flags_are_found_and_taken_down(staff: Client, admin_user: User, feed: Feed) -> None:
    flagged, plain = RunFactory(feed=feed, flag="30 records changed at once"), RunFactory(feed=feed)

    def listed(value: str) -> list[int]:
        return [row.pk for row in staff.get(address(Run), {"flagged": value}).context["cl"].result_list]

    assert listed("waiting") == [flagged.pk]
    assert "1 flag taken down." in chosen(staff, Run, "looked_at", flagged, plain)
    flagged.refresh_from_db()
    assert flagged.flag_seen_by == admin_user.email
    assert (listed("waiting"), listed("any")) == ([], [flagged.pk])


def test_runs_are_cancelled_but_not_those_of_a_backfill(staff: Client, feed: Feed) -> None:
    run = RunFactory(feed=feed, state="queued", started_at=None)
    made = started(feed)
    page = chosen(staff, Run, "cancel", run, made.runs.get())
    run.refresh_from_db()
    assert run.state == "cancelled"
    assert "1 run cancelled." in page
    assert f"belongs to backfill #{made.pk}" in page


def test_a_comparison_shows_its_differences(staff: Client, feed: Feed) -> None:
    run = RunFactory(feed=feed, kind="comparison", differences={"missing": 1, "keys": {"missing": ["WO/<1>"]}})
    assert "WO/&lt;1&gt;" in staff.get(address(Run, "change", run.pk)).content.decode()


@pytest.mark.parametrize(("action", "days"), [("compare_day", 1), ("compare_week", 7)])
def test_feeds_are_compared(staff: Client, admin_user: User, feed: Feed, action: str, days: int) -> None:
    assert "1 comparison started." in chosen(staff, Feed, action, feed)
    run = Run.objects.get()
    midnight = datetime.combine(TODAY, datetime.min.time(), WIB)
    assert (run.kind, run.started_by) == ("comparison", admin_user.email)
    assert (run.since, run.until) == (midnight - timedelta(days=days), midnight)
    assert "is queued" in chosen(staff, Feed, action, feed)


def test_the_limits_of_a_connection_are_set_in_its_form(staff: Client, feed: Feed) -> None:
    connection = feed.connection
    names = ("main_dealer", "name", "base_url", "joiner", "time_zone", "window_days", "days_back", "clock_tolerance")
    given = {**{name: getattr(connection, name) for name in names}, "is_active": "on"}
    given |= {"api_key": "", "secret_key": "", "calls_per_day": 300, "calls_per_second": 5}
    page = address(Connection, "change", connection.pk)
    assert "Limits" in staff.get(page).content.decode()
    assert staff.post(page, given).status_code == 302
    connection.refresh_from_db()
    assert (connection.calls_per_day, connection.calls_per_second) == (300, 5)
