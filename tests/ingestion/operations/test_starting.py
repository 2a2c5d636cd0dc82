"""Starting runs of several dealerships and job types."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dealers.models import Dealership, User
from dealers.roles import Role
from ingestion.models import Feed, Run
from ingestion.operations import starting
from tests.factories import DealershipFactory, FeedFactory, MembershipFactory, RunFactory
from tests.ingestion.operations.asking import done, page, text

pytestmark = pytest.mark.django_db
START = "/ingestion/runs/start/"


@pytest.fixture
def feeds(alice: User, dealership_a: Dealership) -> list[Feed]:
    """Two job types of two dealerships that Alice owns."""
    second = DealershipFactory(code="08139", name="Cahaya Motor Depok")
    MembershipFactory(user=alice, dealership=second, role=Role.OWNER)
    return [
        FeedFactory(dealership=dealership, job_type=job)
        for dealership in (dealership_a, second)
        for job in ("prospect", "pkb")
    ]


def given(*jobs: str, dealers: tuple[str, ...] = ("08138", "08139"), **more: Any) -> dict[str, Any]:
    return {"dealerships": dealers, "job_types": jobs, "since": "", "until": "", **more}


def test_a_run_of_each_feed_is_queued(
    owner: Client, feeds: list[Feed], nudged: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        said = done(owner, START, **given("prospect", "pkb"))
    assert said == ["4 runs are queued."]
    assert {run.feed_id for run in Run.objects.filter(state="queued")} == {feed.pk for feed in feeds}
    assert {run.started_by for run in Run.objects.all()} == {"alice@dealer.example"}
    assert nudged == ["live"], "once for all of them"


def test_feeds_that_are_busy_are_told_and_the_others_start(owner: Client, feeds: list[Feed]) -> None:
    busy = RunFactory(feed=feeds[0], state=Run.State.RUNNING)
    said = done(owner, START, **given("prospect", "pkb"))
    assert said == ["3 runs are queued.", f"08138 prospect is busy: run #{busy.pk} is running."]


def test_if_no_run_can_be_opened_the_form_says_why(owner: Client, feeds: list[Feed]) -> None:
    RunFactory(feed=feeds[0], state=Run.State.RUNNING)
    answer = owner.post(START, given("prospect", dealers=("08138",)))
    assert answer.status_code == 422
    assert "08138 prospect is busy" in text(answer)


def test_a_window_is_on_the_main_dealers_clock(owner: Client, feeds: list[Feed]) -> None:
    zone = feeds[0].connection.zone
    begin = (timezone.now().astimezone(zone) - timedelta(days=2)).replace(hour=8, minute=0, second=0, microsecond=0)
    end = begin + timedelta(hours=4)
    window = {"since": f"{begin:%Y-%m-%dT%H:%M:%S}", "until": f"{end:%Y-%m-%dT%H:%M}"}
    done(owner, START, **given("prospect", dealers=("08138",), **window))
    run = Run.objects.get()
    assert (run.since, run.until) == (begin, end)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"dealerships": []}, "This field is required"),
        ({"job_types": []}, "This field is required"),
        ({"job_types": ["nothing"]}, "nothing is not one of the available choices"),
        ({"dealerships": ["09999"]}, "09999 is not one of the available choices"),
        ({"since": "yesterday"}, "Enter a valid date/time"),
        ({"since": "2026-11-02T00:00", "until": "2026-11-01T00:00"}, "The window is empty"),
        ({"since": "0001-01-01T00:00"}, "Enter a valid date/time"),
        ({"job_types": ["leasing"]}, "No feed of these is switched on"),
    ],
)
def test_what_cannot_be_is_refused_in_words_with_what_was_typed(
    owner: Client, feeds: list[Feed], theirs: Feed, changes: dict[str, Any], words: str
) -> None:
    answer = owner.post(START, {**given("prospect"), **changes})
    assert answer.status_code == 422
    assert words in text(answer)
    assert not Run.objects.exists()
    if "job_types" not in changes:
        assert 'value="prospect" id="id_job_types_2" checked' in text(answer)


def test_a_window_before_what_the_gateway_gives_is_refused(owner: Client, feeds: list[Feed]) -> None:
    answer = owner.post(START, given("prospect", since="2020-01-01T00:00"))
    assert answer.status_code == 422
    assert "The gateway gives the last 30 days" in text(answer)


def test_what_is_switched_off_is_left_out(owner: Client, feeds: list[Feed]) -> None:
    Feed.objects.filter(pk=feeds[0].pk).update(is_enabled=False)
    assert done(owner, START, **given("prospect", "pkb")) == ["3 runs are queued."]


def test_too_many_at_once_are_refused(owner: Client, feeds: list[Feed], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "MOST", 3)
    answer = owner.post(START, given("prospect", "pkb"))
    assert "These are 4 feeds. Choose fewer: up to 3 at a time." in text(answer)


def test_of_many_dealerships_the_codes_are_written(
    owner: Client, feeds: list[Feed], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting.shown, "FEW", 1)
    assert '<textarea name="dealerships"' in page(owner, START)
    answer = owner.post(START, {**given("prospect"), "dealerships": "08138, 77777"})
    assert "77777 is not one of the available choices" in text(answer)
    assert "08138, 77777" in text(answer)
    assert done(owner, START, **{**given("prospect"), "dealerships": "08138,08139"}) == ["2 runs are queued."]
    assert done(owner, START, **{**given("pkb"), "dealerships": "*"}) == ["2 runs are queued."]


def test_a_link_may_name_what_is_to_be_chosen(owner: Client, feeds: list[Feed]) -> None:
    said = page(owner, START, dealer="08138", job="pkb")
    assert said.count("checked") == 2


def test_only_dealerships_where_somebody_may_start_runs_can_be_chosen(
    owner: Client, alice: User, feeds: list[Feed]
) -> None:
    alice.memberships.filter(dealership__code="08139").update(role="viewer")
    choices = owner.get(START).context["form"]["dealerships"].field.queryset
    assert [each.code for each in choices] == ["08138"]
    assert owner.post(START, given("prospect")).status_code == 422


def test_who_may_start_none_has_no_form(viewer: Client, feed: Feed) -> None:
    assert viewer.get(START).status_code == 403
    assert viewer.post(START, given("pkb")).status_code == 403
    assert START not in page(viewer, "/ingestion/runs/")


def test_moments_are_read_without_a_zone() -> None:
    assert starting.LocalMoment().clean("2026-11-02T08:30") == datetime(2026, 11, 2, 8, 30)
