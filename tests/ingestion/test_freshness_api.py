"""How fresh feeds are, as programs ask for it and as `/` and the admin show it."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed, Run
from tests.factories import DealershipFactory, FeedFactory, GateFactory, QuarantineFactory, RunFactory
from tests.people import ASKED_OF_EACH, api_of

pytestmark = pytest.mark.django_db
ADDRESS = "/api/v1/dgi/freshness/"
HOUR = timedelta(hours=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def api(alice):
    return api_of(alice)


@pytest.fixture
def here(alice):
    return alice.memberships.get().dealership


@pytest.fixture
def make(here, now):
    """Feeds that were fetched just now, but for what is given."""

    def feed(**given):
        usual = {"dealership": here, "period": timedelta(minutes=15), "created_at": now - timedelta(days=9)}
        times = {"cursor": now, "succeeded_at": now, "received_at": now, "slot": now, "next_slot": now + HOUR / 4}
        return FeedFactory(**{**usual, **times, **given})

    return feed


def rows(api, **asked):
    response = api.get(ADDRESS, asked)
    assert response.status_code == 200, response.content.decode()
    return response.json()["results"]


# -- the endpoint


def test_a_feed_says_how_fresh_it_is_and_why(api, make, here, now):
    feed = make(succeeded_at=now - HOUR, cursor=now - HOUR)
    run = RunFactory(feed=feed)
    QuarantineFactory(run=run)
    QuarantineFactory(run=run, state="stored", settled_at=now)
    [row] = rows(api)
    lag = row.pop("lag_seconds")
    assert 3600 <= lag < 3660
    assert row == {
        "id": feed.pk,
        "dealer": here.code,
        "job": "pkb",
        "main_dealer": feed.connection.main_dealer,
        "state": "late",
        "words": "The last success was 1 hour ago; it should be fetched every 15 minutes.",
        "last_success": feed.succeeded_at.isoformat(),
        "next_run": feed.next_slot.isoformat(),
        "last_run": {"id": run.pk, "state": "succeeded", "error": ""},
        "failures": 0,
        "unfinished": None,
        "quarantined": 1,
        "breaker": {"open": False, "since": None, "reason": ""},
    }
    assert datetime.fromisoformat(row["next_run"]).utcoffset() == timedelta(0)


def test_a_feed_that_was_never_fetched_says_so(api, make):
    make(succeeded_at=None, cursor=None, received_at=None, slot=None, next_slot=None)
    [row] = rows(api)
    assert (row["state"], row["last_success"], row["lag_seconds"], row["next_run"]) == ("never", None, None, None)
    assert row["last_run"] is None


def test_an_unfinished_run_is_shown(api, make, now):
    feed = make()
    RunFactory(feed=feed, state=Run.State.FAILED, error="the gateway is away")
    run = RunFactory(feed=feed, state=Run.State.QUEUED, queued_at=now)
    [row] = rows(api)
    assert row["unfinished"] == {"id": run.pk, "state": "queued", "queued_at": now.isoformat()}
    assert row["last_run"]["id"] == run.pk


def test_the_last_run_is_the_last_live_one(api, make):
    feed = make()
    live = RunFactory(feed=feed, state=Run.State.FAILED, error="the gateway is away")
    RunFactory(feed=feed, kind=Run.Kind.COMPARISON)
    assert rows(api)[0]["last_run"] == {"id": live.pk, "state": "failed", "error": "the gateway is away"}


def test_a_connection_that_is_left_alone_is_shown_with_the_reason(api, make, now):
    GateFactory(connection=make(failures=3).connection, opened_at=now - HOUR, error="503, five times")
    [row] = rows(api)
    assert row["breaker"] == {"open": True, "since": (now - HOUR).isoformat(), "reason": "503, five times"}


def test_a_board_says_once_that_its_connection_is_left_alone(client, alice, make, now):
    feed = make(failures=3)
    make(connection=feed.connection, job_type="leasing")
    GateFactory(connection=feed.connection, opened_at=now - HOUR, error="<503>, five times")
    client.force_login(alice)
    text = client.get("/ingestion/").content.decode()
    assert text.count("left alone for 1 hour: &lt;503&gt;, five times.") == 1


def test_a_feed_that_is_off_has_no_next_run(api, make):
    make(is_enabled=False)
    [row] = rows(api)
    assert (row["state"], row["next_run"]) == ("off", None)


def test_feeds_are_found_by_state_job_dealer_and_main_dealer(api, make, now):
    late = make(succeeded_at=now - HOUR)
    failing, fresh = make(job_type="leasing", failures=2), make(job_type="prospect")
    for asked, found in [
        ({"state": "late"}, {late}),
        ({"state": ["late", "failing"]}, {late, failing}),
        ({"state": "fresh", "job": "prospect"}, {fresh}),
        ({"state": "fresh", "job": "pkb"}, set()),
        ({"main_dealer": late.connection.main_dealer}, {late}),
        ({"dealer": late.dealership.code, "job": ["pkb", "leasing"]}, {late, failing}),
        ({"id": [fresh.pk]}, {fresh}),
    ]:
        assert {row["id"] for row in rows(api, **asked)} == {feed.pk for feed in found}, asked


@pytest.mark.parametrize(("asked", "field"), [({"state": "tired"}, "state"), ({"stat": "late"}, "stat")])
def test_a_question_that_cannot_be_answered_names_the_parameter(api, asked, field):
    response = api.get(ADDRESS, asked)
    assert response.status_code == 400
    assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize("ordering", ["id", "-cursor", "succeeded_at", "next_slot", "-failures"])
def test_pages_follow_one_another(api, make, now, ordering):
    made = {make(job_type=job, succeeded_at=None, failures=number).pk for number, job in enumerate(JOB_TYPES)}
    seen, url = [], f"{ADDRESS}?page_size=4&ordering={ordering}&state=never&state=fresh"
    while url:
        body = api.get(url).json()
        seen += [row["id"] for row in body["results"]]
        url = body["next"]
    assert len(seen) == len(made)
    assert set(seen) == made


def test_a_page_is_one_query_however_many_feeds_it_shows(api, make, django_assert_num_queries):
    for job in list(JOB_TYPES)[:10]:
        QuarantineFactory(run=RunFactory(feed=make(job_type=job)))
    with django_assert_num_queries(ASKED_OF_EACH + 1):
        assert len(rows(api)) == 10


def test_another_dealerships_feeds_do_not_exist(api, make, charlie):
    theirs = make(dealership=charlie.memberships.get().dealership, job_type="leasing")
    mine = make(connection=theirs.connection)
    assert [row["id"] for row in rows(api)] == [mine.pk]
    assert [row["id"] for row in rows(api, dealer=theirs.dealership.code)] == []
    assert api.get(f"{ADDRESS}{theirs.pk}/").status_code == 404
    assert api.get(f"{ADDRESS}{mine.pk}/").json()["state"] == "fresh"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_writes_here(admin_user, make, method):
    client = api_of(admin_user)
    assert getattr(client, method)(f"{ADDRESS}{make().pk}/", {}).status_code == 405


# -- the page and the admin


def test_the_page_says_it_in_words(client, alice, make, now):
    make(succeeded_at=now - HOUR)
    make(job_type="leasing", failures=3)
    client.force_login(alice)
    text = client.get("/ingestion/").content.decode()
    assert 'class="mark late"' in text
    assert "The last success was 1 hour ago; it should be fetched every 15 minutes." in text
    assert "Its last 3 runs failed" in text


def test_the_page_shows_nobody_elses_state(client, alice, make, charlie, now):
    make(dealership=charlie.memberships.get().dealership, succeeded_at=now - HOUR)
    make(job_type="leasing")
    client.force_login(alice)
    page = client.get("/ingestion/")
    assert [(total.state, total.count) for total in page.context["totals"]] == [("fresh", 1)]
    assert 'class="mark late"' not in page.content.decode()


def test_the_page_counts_what_waits_in_quarantine_only(client, alice, make, now):
    QuarantineFactory(run=RunFactory(feed=make()), state="ignored", settled_at=now, why_ignored="a test record")
    client.force_login(alice)
    assert [row.quarantined for row in client.get("/ingestion/").context["rows"]] == [0]


def test_the_admin_lists_feeds_by_their_state(client, admin_user, make, now):
    late, _fresh = make(succeeded_at=now - HOUR), make(job_type="leasing")
    client.force_login(admin_user)
    page = client.get("/admin/ingestion/feed/", {"state": "late"})
    assert [feed.pk for feed in page.context["cl"].result_list] == [late.pk]
    detail = client.get(f"/admin/ingestion/feed/{late.pk}/change/").content.decode()
    assert "The last success was 1 hour ago" in detail


def test_a_feed_is_switched_off_in_a_list_of_late_ones(client, admin_user, make, now):
    row = make(succeeded_at=now - HOUR)
    client.force_login(admin_user)
    form = {"form-TOTAL_FORMS": 1, "form-INITIAL_FORMS": 1, "form-0-id": row.pk, "_save": "Save"}
    assert client.post("/admin/ingestion/feed/?state=late", form).status_code == 302
    assert not Feed.objects.get().is_enabled


def test_dealerships_of_one_main_dealer_share_its_breaker_and_nothing_else(api, make, now):
    other = DealershipFactory()
    mine = make()
    RunFactory(
        feed=make(dealership=other, connection=mine.connection, failures=4), state=Run.State.FAILED, error="theirs"
    )
    [row] = rows(api)
    assert (row["failures"], row["last_run"]) == (0, None)
