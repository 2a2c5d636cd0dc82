"""Connections: how each gateway does, and a check of it now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dealers.models import Event, User
from dealers.roles import Role
from ingestion import probing
from ingestion.models import Connection, Feed, Gate
from tests.factories import FeedFactory, GateFactory, MembershipFactory
from tests.ingestion.operations.asking import done, page
from tests.people import with_role

pytestmark = pytest.mark.django_db
LIST = "/ingestion/connections/"


def today(connection: Connection) -> Any:
    return timezone.now().astimezone(connection.zone).date()


def test_the_list_tells_state_address_quota_and_clock(owner: Client, feed: Feed) -> None:
    Connection.objects.update(calls_per_day=5000)
    GateFactory(connection=feed.connection, day=today(feed.connection), calls=1200, skew=-2.0)
    said = page(owner, LIST)
    assert feed.connection.base_url in said
    assert "1,200 of 5,000" in said
    assert '<span class="tag ok">-2 s</span>' in said
    assert '<span class="tag ok">in use</span>' in said


def test_requests_of_yesterday_are_none_of_today(owner: Client, feed: Feed) -> None:
    GateFactory(connection=feed.connection, day=today(feed.connection) - timedelta(days=1), calls=1200)
    assert "0, of any number" in page(owner, LIST)


def test_a_connection_that_is_left_alone_says_why_and_until_when(owner: Client, feed: Feed) -> None:
    now = timezone.now()
    GateFactory(connection=feed.connection, opened_at=now, probe_at=now + timedelta(minutes=1), error="it sends HTML")
    said = page(owner, f"{LIST}{feed.connection_id}/")
    assert "left alone" in said
    assert "it sends HTML" in said
    assert "next try" in said.lower()


def test_no_page_shows_a_credential(owner: Client, admin_user: User, feed: Feed, client_for: Any) -> None:
    for browser in (owner, client_for(admin_user)):
        for address in (LIST, f"{LIST}{feed.connection_id}/"):
            assert "sesame" not in page(browser, address)
            assert "dgi-secret-live" not in page(browser, address)


def test_its_feeds_are_counted_by_their_state_and_lead_to_the_matrix(owner: Client, feed: Feed) -> None:
    assert f"/ingestion/?main_dealer={feed.connection.main_dealer}&amp;state=waiting" in page(
        owner, f"{LIST}{feed.connection_id}/"
    )


# -- the check


def test_a_check_asks_the_gateway_after_the_transaction_and_keeps_what_it_found(
    owner: Client, feed: Feed, django_capture_on_commit_callbacks: Any
) -> None:
    """Nobody listens on the factory's port."""
    with django_capture_on_commit_callbacks(execute=True) as asked:
        assert done(owner, f"{LIST}{feed.connection_id}/check/") == [
            "The gateway was asked; below is what it answered."
        ]
    assert len(asked) == 1
    gate = Gate.objects.get(pk=feed.connection_id)
    assert (gate.is_reachable, gate.skew) == (False, None)
    assert "no connection to the gateway" in gate.check_error
    assert gate.checked_at is not None
    said = page(owner, f"{LIST}{feed.connection_id}/")
    assert '<span class="tag bad">no</span>' in said
    assert "no connection to the gateway" in said
    assert Event.objects.get(verb="connection.checked").who == "alice@dealer.example"


def test_a_check_waits_no_longer_than_a_person_does(owner: Client, feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    deadlines: list[float] = []
    monkeypatch.setattr(probing, "check", lambda pk, gateway, call: deadlines.append(gateway.deadline))
    from django.test import TestCase

    with TestCase.captureOnCommitCallbacks(execute=True):
        done(owner, f"{LIST}{feed.connection_id}/check/")
    assert deadlines == [probing.PATIENCE]


def test_who_may_start_no_run_may_not_check(viewer: Client, feed: Feed) -> None:
    assert "/check/" not in page(viewer, f"{LIST}{feed.connection_id}/")
    assert viewer.post(f"{LIST}{feed.connection_id}/check/").status_code == 403


def test_the_right_counts_where_the_connection_serves(owner: Client, alice: User, feed: Feed, theirs: Feed) -> None:
    """An owner of one dealership who only looks at another checks the first one's connection alone."""
    MembershipFactory(user=alice, dealership=theirs.dealership, role=Role.VIEWER)
    address = f"{LIST}{theirs.connection_id}/"
    assert "/check/" not in page(owner, address)
    assert owner.post(f"{address}check/").status_code == 403


def test_another_dealerships_connection_is_not_there(owner: Client, feed: Feed, theirs: Feed) -> None:
    assert owner.get(f"{LIST}{theirs.connection_id}/").status_code == 404
    assert owner.post(f"{LIST}{theirs.connection_id}/check/").status_code == 404
    assert theirs.connection.main_dealer not in page(owner, LIST)


def test_platform_staff_are_led_to_where_connections_are_edited(client: Client, admin_user: User, feed: Feed) -> None:
    client.force_login(admin_user)
    assert f"/admin/ingestion/connection/{feed.connection_id}/change/" in page(client, f"{LIST}{feed.connection_id}/")
    client.force_login(with_role(MembershipFactory(dealership=feed.dealership).user, Role.OWNER))
    assert "/admin/ingestion/" not in page(client, f"{LIST}{feed.connection_id}/")


def test_a_connection_without_dealership_says_so(client: Client, admin_user: User) -> None:
    alone = FeedFactory().connection
    Feed.objects.all().delete()
    client.force_login(admin_user)
    assert "None yet." in page(client, f"{LIST}{alone.pk}/")
    assert client.post(f"{LIST}{alone.pk}/check/").status_code == 403
