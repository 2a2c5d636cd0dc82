"""Runs: the list, one of them, and what is done with it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dealers.models import Dealership
from ingestion.models import Feed, Run
from tests.factories import BackfillFactory, FeedFactory, QuarantineFactory, RunFactory
from tests.ingestion.operations.asking import done, page, text

pytestmark = pytest.mark.django_db
RUNS = "/ingestion/runs/"


def recent(feed: Feed, **columns: Any) -> Run:
    """A run over the last hour, which the gateway would still give."""
    now = timezone.now().replace(microsecond=0)
    run: Run = RunFactory(feed=feed, since=now - timedelta(hours=1), until=now, **columns)
    return run


def test_the_list_tells_what_came_of_each(owner: Client, feed: Feed) -> None:
    RunFactory(feed=feed, received=31, created=20, updated=7, unchanged=4)
    RunFactory(feed=feed, state=Run.State.FAILED, error="<the gateway> is away", flag="it brought much more than usual")
    said = page(owner, RUNS)
    assert all(re.search(rf">\s*{count}\s*</td>", said) for count in (31, 20, 7, 4))
    assert "&lt;the gateway&gt; is away" in said
    assert '<span class="tag warn">look at it</span>' in said
    assert '<span class="tag bad">failed</span>' in said


def test_the_list_is_narrowed_by_feed_state_and_flag(owner: Client, feed: Feed) -> None:
    run = RunFactory(feed=feed, state=Run.State.FAILED, error="away", flag="look")
    other = RunFactory(feed=FeedFactory(dealership=feed.dealership, job_type="prospect"))
    for asked in ({"job": "pkb"}, {"state": "failed"}, {"flagged": "true"}):
        said = page(owner, RUNS, **asked)
        assert f"#{run.pk}<" in said
        assert f"#{other.pk}<" not in said


def test_the_list_looks_again_sooner_while_something_runs(owner: Client, feed: Feed, theirs: Feed) -> None:
    RunFactory(feed=theirs, state=Run.State.RUNNING)
    assert 'data-refresh="30"' in page(owner, RUNS)
    RunFactory(feed=feed, state=Run.State.QUEUED)
    assert 'data-refresh="3"' in page(owner, RUNS)


def test_a_runs_page_shows_its_counts_and_where_they_are(owner: Client, feed: Feed) -> None:
    run = recent(feed, state=Run.State.PARTIAL, received=9, created=8, quarantined=1)
    QuarantineFactory(run=run)
    said = page(owner, f"{RUNS}{run.pk}/")
    assert "/records/pkb/?dealer=08138&amp;modified_time_from=" in said
    assert f"/ingestion/quarantine/entries/?run={run.pk}" in said
    assert "data-refresh" not in said, "it has ended"


def test_a_running_run_shows_how_far_it_is_and_refreshes(owner: Client, feed: Feed) -> None:
    run = recent(feed, state=Run.State.RUNNING)
    assert "<progress aria-label" in page(owner, f"{RUNS}{run.pk}/"), "nothing is stored yet"
    Run.objects.filter(pk=run.pk).update(reached=run.since + timedelta(minutes=15))
    said = page(owner, f"{RUNS}{run.pk}/")
    assert '<progress max="100" value="25"' in said
    assert "25 % of the window is stored." in said
    assert 'data-refresh="3"' in said


def test_an_error_and_the_differences_are_shown_whole(owner: Client, feed: Feed) -> None:
    run = recent(feed, kind=Run.Kind.COMPARISON, differences={"missing": 3}, state=Run.State.FAILED, error="<b>no</b>")
    said = page(owner, f"{RUNS}{run.pk}/")
    assert "&lt;b&gt;no&lt;/b&gt;" in said
    assert "&quot;missing&quot;: 3" in said


def test_who_may_not_see_the_records_gets_no_way_to_them(client: Client, alice: Any, feed: Feed) -> None:
    from dealers.roles import Role
    from tests.people import with_role

    run = recent(feed, received=1, created=1)
    client.force_login(with_role(alice, Role.SALESPERSON))
    said = page(client, f"{RUNS}{run.pk}/")
    assert "/records/pkb/?" not in said, "work orders are the workshop's"


# -- verbs


def test_a_run_is_cancelled(owner: Client, feed: Feed) -> None:
    run = recent(feed, state=Run.State.QUEUED)
    assert done(owner, f"{RUNS}{run.pk}/cancel/") == [f"Run #{run.pk} is cancelled."]
    run.refresh_from_db()
    assert (run.state, run.error) == ("cancelled", "cancelled by alice@dealer.example")


def test_a_run_that_has_ended_meanwhile_is_not_cancelled(owner: Client, feed: Feed) -> None:
    run = recent(feed)
    assert done(owner, f"{RUNS}{run.pk}/cancel/") == [f"Run #{run.pk} pkb has ended already."]
    assert "/cancel/" not in page(owner, f"{RUNS}{run.pk}/"), "no button for it either"


def test_a_window_is_run_again(
    owner: Client, feed: Feed, nudged: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    run = recent(feed, state=Run.State.FAILED, error="away")
    with django_capture_on_commit_callbacks(execute=True):
        said = done(owner, f"{RUNS}{run.pk}/retry/")
    again = Run.objects.latest("pk")
    assert said == [f'Run <a href="{RUNS}{again.pk}/">#{again.pk}</a> is queued.']
    assert (again.since, again.until, again.state, again.kind) == (run.since, run.until, "queued", "live")
    assert again.started_by == "alice@dealer.example"
    assert nudged == ["live"]


def test_a_comparison_is_made_again_as_a_comparison(owner: Client, feed: Feed) -> None:
    run = recent(feed, kind=Run.Kind.COMPARISON)
    done(owner, f"{RUNS}{run.pk}/retry/")
    assert Run.objects.latest("pk").kind == "comparison"


def test_a_window_that_the_gateway_gives_no_more_is_refused_in_words(owner: Client, feed: Feed) -> None:
    run = recent(feed, state=Run.State.FAILED, error="away")
    Run.objects.filter(pk=run.pk).update(since=timezone.now() - timedelta(days=90))
    assert "The gateway gives the last 30 days" in done(owner, f"{RUNS}{run.pk}/retry/")[0]


def test_a_busy_feed_refuses_another_run(owner: Client, feed: Feed) -> None:
    run, busy = recent(feed, state=Run.State.FAILED, error="away"), recent(feed, state=Run.State.QUEUED)
    assert f"#{busy.pk}" in done(owner, f"{RUNS}{run.pk}/retry/")[0]


def test_a_backfills_window_is_neither_retried_nor_cancelled_alone(owner: Client, feed: Feed) -> None:
    backfill = BackfillFactory(feed=feed)
    run = recent(feed, kind=Run.Kind.BACKFILL, backfill=backfill, state=Run.State.QUEUED)
    said = page(owner, f"{RUNS}{run.pk}/")
    assert "/cancel/" not in said
    assert "/retry/" not in said
    assert f"/ingestion/backfills/{backfill.pk}/" in said


def test_a_flag_is_marked_as_looked_at(owner: Client, feed: Feed) -> None:
    run = recent(feed, flag="look")
    done(owner, f"{RUNS}{run.pk}/seen/")
    run.refresh_from_db()
    assert run.flag_seen_by == "alice@dealer.example"
    assert "/seen/" not in page(owner, f"{RUNS}{run.pk}/")


def test_several_are_cancelled_at_once(owner: Client, feed: Feed) -> None:
    runs = [
        recent(FeedFactory(dealership=feed.dealership, job_type=job), state=Run.State.QUEUED)
        for job in ("prospect", "leasing")
    ]
    done(owner, f"{RUNS}bulk/cancel/", pk=[run.pk for run in runs])
    assert set(Run.objects.values_list("state", flat=True)) == {"cancelled"}


def test_who_only_sees_runs_has_no_verbs(viewer: Client, feed: Feed) -> None:
    run = recent(feed, state=Run.State.QUEUED)
    assert "/cancel/" not in page(viewer, f"{RUNS}{run.pk}/")
    assert viewer.post(f"{RUNS}{run.pk}/cancel/").status_code == 403
    assert viewer.post(f"{RUNS}bulk/cancel/", {"pk": run.pk}).status_code == 403
    run.refresh_from_db()
    assert run.state == "queued"


def test_another_dealerships_runs_are_not_there(owner: Client, theirs: Feed, dealership_b: Dealership) -> None:
    run = recent(theirs, state=Run.State.QUEUED)
    assert owner.get(f"{RUNS}{run.pk}/").status_code == 404
    assert owner.post(f"{RUNS}{run.pk}/cancel/").status_code == 404
    done(owner, f"{RUNS}bulk/cancel/", pk=run.pk)
    run.refresh_from_db()
    assert run.state == "queued"
    assert dealership_b.name not in text(owner.get(RUNS))
