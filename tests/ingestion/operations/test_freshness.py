"""The matrix: dealership by job type."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dealers.models import Dealership
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed, Run
from tests.factories import DealershipFactory, FeedFactory, GateFactory, QuarantineFactory, RunFactory
from tests.ingestion.operations.asking import page, part, text

pytestmark = pytest.mark.django_db
MATRIX = "/ingestion/"
MOST_QUERIES = 25


def fresh(dealership: Dealership, job_type: str = "pkb", **columns: Any) -> Feed:
    now = timezone.now()
    found: Feed = FeedFactory(
        dealership=dealership, job_type=job_type, succeeded_at=now, cursor=now, received_at=now, **columns
    )
    return found


def failing(dealership: Dealership, job_type: str = "pkb", **columns: Any) -> Feed:
    return fresh(dealership, job_type, failures=2, **columns)


def marks(client: Client, **asked: Any) -> list[tuple[str, str]]:
    """The names and the addresses of the feeds shown."""
    found = re.findall(
        r'<a class="mark [^"]*" href="([^"]*)" title="[^"]*" aria-label="([^"]*)"', page(client, MATRIX, **asked)
    )
    return [(name, address.replace("&amp;", "&")) for address, name in found]


def test_it_is_for_people_who_are_signed_in(client: Client) -> None:
    answer = client.get(MATRIX)
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/ingestion/")


def test_it_says_so_when_there_is_no_feed_yet(owner: Client) -> None:
    assert "No feed yet" in page(owner, MATRIX)


def test_each_feed_is_a_word_and_a_way_to_its_runs(owner: Client, dealership_a: Dealership) -> None:
    fresh(dealership_a)
    failing(dealership_a, "prospect")
    assert marks(owner) == [
        ("Prospects: failing", "/ingestion/runs/?dealer=08138&job=prospect"),
        ("Work orders: fresh", "/ingestion/runs/?dealer=08138&job=pkb"),
    ]
    assert text(owner.get(marks(owner)[0][1])).count('href="/ingestion/runs/') > 0


def test_the_title_tells_why_how_far_and_when_it_last_succeeded(owner: Client, dealership_a: Dealership) -> None:
    fresh(dealership_a, failures=1)
    said = page(owner, MATRIX)
    assert "Its last run failed" in said
    assert "Fetched up to 0 minutes ago." in said
    assert f"Last success: {timezone.now().astimezone(dealership_a.zone):%Y-%m-%d}" in said


def test_totals_count_each_state_and_lead_to_it(owner: Client, dealership_a: Dealership) -> None:
    fresh(dealership_a)
    failing(dealership_a, "prospect")
    found = owner.get(MATRIX).context["totals"]
    assert [(each.state, each.count, each.query) for each in found] == [
        ("failing", 1, "state=failing"),
        ("fresh", 1, "state=fresh"),
    ]
    again = owner.get(MATRIX, {"state": "failing"}).context["totals"]
    assert [(each.state, each.chosen, each.query) for each in again] == [
        ("failing", True, ""),
        ("fresh", False, "state=fresh"),
    ]


def shown(client: Client, **asked: Any) -> list[str]:
    """The dealer codes of the rows."""
    return [row.dealership.code for row in client.get(MATRIX, asked).context["rows"]]


@pytest.fixture
def several(client: Client, admin_user: Any, dealership_a: Dealership) -> Client:
    """A platform administrator who sees two dealerships, of which one fails."""
    client.force_login(admin_user)
    fresh(dealership_a, connection__main_dealer="H2Z")
    failing(DealershipFactory(code="55555", name="Sinar Motor Bandung"), connection__main_dealer="D1A")
    return client


def test_a_state_leaves_the_dealerships_with_such_a_feed(several: Client) -> None:
    assert shown(several) == ["08138", "55555"]
    assert shown(several, state="failing") == ["55555"]
    assert shown(several, state="late") == []
    assert "Nothing matches these filters" in page(several, MATRIX, state="late")


@pytest.mark.parametrize("words", ["kemayoran", "0813", "CAHAYA"])
def test_dealerships_are_found_by_name_and_code(several: Client, words: str) -> None:
    assert shown(several, search=words) == ["08138"]


def test_dealerships_are_found_by_their_main_dealer(several: Client) -> None:
    assert shown(several, main_dealer="D1A") == ["55555"]


def test_a_filter_that_cannot_be_read_is_refused_in_words(owner: Client) -> None:
    answer = owner.get(MATRIX, {"state": "rotten"})
    assert answer.status_code == 422
    assert "rotten" in text(answer)


def test_quarantine_is_counted_for_each_dealership(owner: Client, dealership_a: Dealership) -> None:
    feed = fresh(dealership_a)
    QuarantineFactory(run__feed=feed)
    assert 'aria-label="1 record in quarantine"' in page(owner, MATRIX)


def test_a_connection_that_is_left_alone_is_told(owner: Client, dealership_a: Dealership, theirs: Feed) -> None:
    feed = fresh(dealership_a)
    GateFactory(connection=feed.connection, opened_at=timezone.now() - timedelta(minutes=3), error="it sends HTML")
    GateFactory(connection=theirs.connection, opened_at=timezone.now(), error="their trouble")
    said = page(owner, MATRIX)
    assert f"Connection {feed.connection.main_dealer} has been left alone for 3 minutes: it sends HTML." in said
    assert "their trouble" not in said


def test_the_page_looks_again_sooner_while_something_runs(owner: Client, dealership_a: Dealership) -> None:
    feed = fresh(dealership_a)
    assert 'data-refresh="30"' in page(owner, MATRIX)
    RunFactory(feed=feed, state=Run.State.RUNNING)
    said = page(owner, MATRIX)
    assert 'data-refresh="3"' in said
    assert "mark fresh busy" in said


def test_another_dealerships_feeds_are_not_shown(owner: Client, theirs: Feed, feed: Feed) -> None:
    said = page(owner, MATRIX)
    assert theirs.dealership.name not in said
    assert theirs.connection.main_dealer not in said


def test_htmx_gets_the_rows_alone(owner: Client, dealership_a: Dealership) -> None:
    fresh(dealership_a)
    said = text(part(owner, MATRIX))
    assert said.lstrip().startswith("<section")
    assert "<html" not in said


def test_fifty_dealerships_are_a_page_and_the_others_follow(client: Client, admin_user: Any) -> None:
    client.force_login(admin_user)
    for number in range(52):
        fresh(DealershipFactory(code=f"{20000 + number}"))
    first = client.get(MATRIX).context
    assert [row.dealership.code for row in first["rows"]] == [f"{20000 + number}" for number in range(50)]
    second = client.get(MATRIX, {"cursor": first["page"].next_cursor}).context
    assert [row.dealership.code for row in second["rows"]] == ["20050", "20051"]
    assert client.get(MATRIX, {"cursor": "nonsense"}).status_code == 422


def test_it_takes_few_queries_however_many_feeds_there_are(
    client: Client, admin_user: Any, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        dealership = DealershipFactory()
        for job in JOB_TYPES:
            fresh(dealership, job)
    client.force_login(admin_user)
    with django_assert_max_num_queries(MOST_QUERIES):
        said = page(client, MATRIX)
    assert said.count('class="mark fresh"') == 5 * len(JOB_TYPES) + 1


def test_nothing_on_the_page_needs_inline_script_or_style(owner: Client, dealership_a: Dealership) -> None:
    fresh(dealership_a)
    said = page(owner, MATRIX)
    assert "style=" not in said
    assert "onclick" not in said
