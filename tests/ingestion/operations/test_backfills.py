"""Backfills: what they would take, starting them, how far they are, and steering them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dealers.models import Dealership
from ingestion import backfills
from ingestion.models import Backfill, Connection, Feed
from tests.factories import BackfillFactory, FeedFactory
from tests.ingestion.operations.asking import done, page, text
from tests.ingestion.roads import WIB

pytestmark = pytest.mark.django_db
LIST, START = "/ingestion/backfills/", "/ingestion/backfills/start/"
TODAY = datetime.now(UTC).astimezone(WIB).date()


@pytest.fixture
def feeds(dealership_a: Dealership, feed: Feed) -> list[Feed]:
    return [FeedFactory(dealership=dealership_a, connection=feed.connection, job_type="prospect"), feed]


def given(*jobs: str, since: int = 20, until: int = 2, **more: Any) -> dict[str, Any]:
    first, last = (f"{TODAY - timedelta(days=ago)}" for ago in (since, until))
    return {
        "dealerships": ["08138"],
        "job_types": jobs or ["prospect", "pkb"],
        "since": first,
        "until": last,
        "share": 30,
        **more,
    }


def estimated(client: Client, asked: dict[str, Any]) -> Any:
    headers = {"HX-Request": "true", "HX-Target": "estimate"}
    return client.post(START, {**asked, "estimate": "1"}, headers=headers)


def started(feed: Feed) -> Backfill:
    now = timezone.now()
    return backfills.start(feed=feed, since=now - timedelta(days=20), until=now, by="alice")


# -- the estimate


def test_the_estimate_tells_windows_calls_quota_and_time_and_writes_nothing(owner: Client, feeds: list[Feed]) -> None:
    Connection.objects.update(calls_per_day=1000)
    answer = estimated(owner, given())
    said = text(answer)
    assert answer.status_code == 200
    assert "<html" not in said
    found = answer.context["estimate"]
    assert [(line.feed.job_type, len(line.plan.windows), line.plan.calls) for line in found.lines] == [
        ("prospect", 3, 3),
        ("pkb", 3, 3),
    ]
    assert found.quotas == [(feeds[0].connection.main_dealer, 300, 300, 6)]
    assert "300 a day for backfills, 300 left today" in said
    assert "less than a minute" in said
    assert not Backfill.objects.exists()


def test_without_scripts_the_estimate_stands_on_the_page(owner: Client, feeds: list[Feed]) -> None:
    said = text(owner.post(START, {**given(), "estimate": "1"}))
    assert "<html" in said
    assert "Estimate for each feed" in said


def test_the_estimate_tells_what_the_gateway_gives_no_more(owner: Client, feeds: list[Feed]) -> None:
    assert "the gateway gives the last 30 days" in text(estimated(owner, given(since=90)))


def test_the_estimate_tells_what_is_refused_and_why(owner: Client, feeds: list[Feed]) -> None:
    there = started(feeds[0])
    said = text(estimated(owner, given()))
    assert f"Backfill #{there.pk} prospect of this dealership and job type is running" in said
    assert "1 is refused" in said
    assert "all of the range is older" in text(estimated(owner, given(since=200, until=100)))


def test_a_form_with_errors_is_answered_with_them_in_the_estimates_place(owner: Client, feeds: list[Feed]) -> None:
    answer = estimated(owner, given(share=0))
    assert answer.status_code == 422
    assert "<html" not in text(answer)
    assert "Ensure this value is greater than or equal to 1." in text(answer)


# -- starting


def test_a_backfill_of_each_feed_is_started(owner: Client, feeds: list[Feed]) -> None:
    assert done(owner, START, **given(share=12)) == ["2 backfills are started."]
    made = Backfill.objects.order_by("job_type")
    assert [(each.job_type, each.share, each.started_by) for each in made] == [
        ("pkb", 12, "alice@dealer.example"),
        ("prospect", 12, "alice@dealer.example"),
    ]
    midnight = datetime.combine(TODAY - timedelta(days=20), datetime.min.time(), WIB)
    assert (made[0].since, made[0].until) == (midnight, midnight + timedelta(days=19))


def test_those_that_cannot_start_are_told(owner: Client, feeds: list[Feed]) -> None:
    there = started(feeds[0])
    said = done(owner, START, **given())
    assert said[0] == "1 backfill is started."
    assert f"08138 prospect: Backfill #{there.pk}" in said[1]
    answer = owner.post(START, given())
    assert answer.status_code == 422, "none is left to start"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"since": ""}, "This field is required"),
        ({"since": "2026-02-31"}, "Enter a valid date"),
        ({"since": "0001-01-01"}, "Write a day such as 2026-01-31."),
        ({"since": f"{TODAY}", "until": f"{TODAY - timedelta(days=3)}"}, "The range is empty"),
        ({"share": "101"}, "less than or equal to 100"),
        ({"dealerships": ["09999"]}, "09999 is not one of the available choices"),
    ],
)
def test_what_cannot_be_is_refused_in_words(
    owner: Client, feeds: list[Feed], theirs: Feed, changes: dict[str, Any], words: str
) -> None:
    answer = owner.post(START, {**given(), **changes})
    assert answer.status_code == 422
    assert words in text(answer)
    assert not Backfill.objects.exists()


# -- those that there are


def test_the_list_shows_how_far_each_is(owner: Client, feed: Feed) -> None:
    row = BackfillFactory(feed=feed, error="the gateway was away")
    Backfill.objects.filter(pk=row.pk).update(reached=row.since + timedelta(days=7))
    said = page(owner, LIST)
    assert "50%, 1 of 2 windows" in said
    assert "the gateway was away" in said
    assert 'data-refresh="3"' in said


def test_its_page_has_a_bar_and_says_how_long_it_takes(owner: Client, feed: Feed) -> None:
    row = started(feed)
    said = page(owner, f"{LIST}{row.pk}/")
    assert '<progress max="100" value="0"' in said
    assert "0 of 3 windows, less than a minute left" in said
    assert f"/ingestion/runs/?backfill={row.pk}" in said
    assert 'data-refresh="3"' in said


def test_it_is_paused_resumed_and_cancelled(owner: Client, feed: Feed) -> None:
    row = started(feed)
    for verb, state, others in (
        ("pause", "paused", {"resume", "cancel"}),
        ("resume", "running", {"pause", "cancel"}),
        ("cancel", "cancelled", set()),
    ):
        done(owner, f"{LIST}{row.pk}/{verb}/")
        row.refresh_from_db()
        assert row.state == state
        said = page(owner, f"{LIST}{row.pk}/")
        assert {each for each in ("pause", "resume", "cancel") if f"/{each}/" in said} == others
    assert row.error == "cancelled by alice@dealer.example"
    assert done(owner, f"{LIST}{row.pk}/pause/") == [f"Backfill #{row.pk} pkb is cancelled."]


def test_who_only_sees_them_has_no_verbs(viewer: Client, feed: Feed) -> None:
    row = started(feed)
    assert "/pause/" not in page(viewer, f"{LIST}{row.pk}/")
    assert viewer.post(f"{LIST}{row.pk}/pause/").status_code == 403
    assert viewer.get(START).status_code == viewer.post(START, given()).status_code == 403
    assert START not in page(viewer, LIST)


def test_another_dealerships_backfills_are_not_there(owner: Client, feed: Feed, theirs: Feed) -> None:
    row = started(theirs)
    assert owner.get(f"{LIST}{row.pk}/").status_code == 404
    assert owner.post(f"{LIST}{row.pk}/cancel/").status_code == 404
    assert f"{LIST}{row.pk}/" not in page(owner, LIST)
