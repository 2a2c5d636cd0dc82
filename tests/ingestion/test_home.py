"""The page that says what runs."""

import pytest

from ingestion.job_types import JOB_TYPES
from ingestion.models import Run
from tests.factories import MOMENT, DealershipFactory, FeedFactory, QuarantineFactory, RunFactory

pytestmark = pytest.mark.django_db
QUERIES = 8


@pytest.fixture
def here(alice):
    return alice.memberships.get().dealership


@pytest.fixture
def page(client, alice):
    client.force_login(alice)

    def read():
        return client.get("/ingestion/").content.decode()

    return read


def test_it_is_for_people_who_are_signed_in(client):
    response = client.get("/ingestion/")
    assert (response.status_code, response["Location"]) == (302, "/accounts/login/?next=/ingestion/")


def test_it_says_so_when_nothing_runs_yet(page):
    assert "No feed yet" in page()


def test_a_feed_shows_its_last_run(page, here):
    feed = FeedFactory(dealership=here)
    RunFactory(feed=feed, state=Run.State.FAILED, error="an older run")
    RunFactory(feed=feed, received=31, created=20, updated=7, unchanged=4)
    text = page()
    assert here.name in text
    assert "succeeded" in text
    assert "an older run" not in text
    assert all(f">{count}<" in text for count in (31, 20, 7))
    assert "15 Jan 10:30:00 WIB" in text


def test_a_failure_says_why(page, here):
    RunFactory(feed__dealership=here, state=Run.State.FAILED, error="<the gateway> is away")
    assert "&lt;the gateway&gt; is away" in page()


def test_quarantine_is_counted(page, here):
    first = QuarantineFactory(run__feed__dealership=here)
    QuarantineFactory(run=first.run)
    assert "<b>2</b> in quarantine" in page()


def test_links_to_the_admin_are_for_staff(client, alice, here, page):
    entry = QuarantineFactory(run__feed__dealership=here)
    assert "/admin/ingestion" not in page()
    alice.is_staff = True
    alice.save()
    assert f"?job=pkb&amp;dealership={here.pk}" in page()
    assert f"/admin/ingestion/run/{entry.run_id}/change/" in page()


def test_another_dealerships_feeds_are_not_shown(page, charlie):
    theirs = charlie.memberships.get().dealership
    QuarantineFactory(run__feed__dealership=theirs)
    text = page()
    assert theirs.name not in text
    assert "<b>0</b> in quarantine" in text


def test_it_takes_few_queries_however_many_feeds_there_are(client, admin_user, django_assert_max_num_queries):
    for _ in range(3):
        dealership = DealershipFactory()
        for job in JOB_TYPES:
            QuarantineFactory(run__feed__dealership=dealership, run__feed__job_type=job, run__started_at=MOMENT)
    client.force_login(admin_user)
    with django_assert_max_num_queries(QUERIES):
        text = client.get("/ingestion/").content.decode()
    assert text.count("<section") == 3
    assert text.count("<tbody") == 3


def test_nothing_on_the_page_needs_inline_script_or_style(page, here):
    RunFactory(feed__dealership=here)
    text = page()
    assert "<script" not in text
    assert "<style" not in text
    assert "style=" not in text
