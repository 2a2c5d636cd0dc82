"""What the dashboard says of feeds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import FeedFactory, QuarantineFactory
from tests.ingestion.dashboard.conftest import tile, words

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def now():
    return timezone.now()


@pytest.fixture
def feed(dealership_a, now):
    def make(job_type, **fields):
        shaped = {"slot": now, "next_slot": now + MINUTE, "succeeded_at": now - MINUTE, "received_at": now}
        return FeedFactory(**{"dealership": dealership_a, "job_type": job_type, **shaped, **fields})

    return make


def test_feeds_are_counted_by_their_state(looks, alice, feed, now):
    feed("pkb")
    feed("prospect")
    feed("leasing", failures=2)
    feed("bast_read", succeeded_at=now - timedelta(hours=5))
    found = looks("feeds", alice, now=now)
    assert words(found) == {"fresh": "2", "failing": "1", "late": "1", "in quarantine": "0"}
    assert tile(found, "failing").kind == "bad"
    assert tile(found, "failing").address == "/ingestion/?state=failing"


def test_those_to_look_at_are_named_the_worst_first(looks, alice, feed, now):
    feed("bast_read", succeeded_at=now - timedelta(hours=5))
    feed("leasing", failures=2)
    found = looks("feeds", alice, now=now)
    assert [(each.title, each.words) for each in found.items] == [
        ("Leasing applications", "failing"),
        ("Deliveries", "late"),
    ]
    assert "Its last 2 runs failed" in found.items[0].about
    assert found.items[0].address == "/ingestion/runs/?dealer=08138&job=leasing"


def test_every_figure_leads_to_a_page(looks, alice, feed, browser, now):
    QuarantineFactory(run__feed=feed("leasing", failures=2))
    found = looks("feeds", alice, now=now)
    addresses = [each.address for each in (*found.tiles, *found.items)]
    assert {address: browser.get(address).status_code for address in addresses} == dict.fromkeys(addresses, 200)


def test_a_feed_grows_late_by_the_clock_alone(looks, alice, feed, now):
    feed("pkb", next_slot=now + timedelta(hours=9))
    assert words(looks("feeds", alice, now=now))["fresh"] == "1"
    assert words(looks("feeds", alice, now=now + timedelta(hours=5)))["late"] == "1"


def test_another_dealerships_feeds_are_not_counted(looks, alice, charlie, feed, dealership_b, now):
    feed("pkb")
    QuarantineFactory(run__feed=feed("leasing", dealership=dealership_b, failures=1))
    assert words(looks("feeds", alice, now=now)) == {"fresh": "1", "in quarantine": "0"}
    assert words(looks("feeds", charlie, now=now)) == {"failing": "1", "in quarantine": "1"}


def test_the_dealership_chosen_alone_is_counted(looks, alice, admin_user, feed, dealership_a, dealership_b, now):
    feed("pkb")
    QuarantineFactory(run__feed=feed("leasing", dealership=dealership_b, failures=1))
    assert words(looks("feeds", admin_user, dealership_a, now=now)) == {"fresh": "1", "in quarantine": "0"}
