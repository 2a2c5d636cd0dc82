"""Alice owns dealership A and is signed in; no worker hears of what is queued."""

from __future__ import annotations

import pytest
from django.test import Client

from dealers.models import Dealership, User
from dealers.roles import Role
from ingestion import tasks
from ingestion.models import Feed
from tests.factories import FeedFactory
from tests.people import with_role


@pytest.fixture(autouse=True)
def nudged(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lanes whose workers were told that runs wait."""
    lanes: list[str] = []
    monkeypatch.setattr(tasks, "nudge", lanes.append)
    return lanes


@pytest.fixture
def owner(client: Client, alice: User) -> Client:
    client.force_login(with_role(alice, Role.OWNER))
    return client


@pytest.fixture
def viewer(client: Client, alice: User) -> Client:
    """Somebody who sees everything here and may do nothing."""
    client.force_login(with_role(alice, Role.VIEWER))
    return client


@pytest.fixture
def feed(dealership_a: Dealership) -> Feed:
    return FeedFactory(dealership=dealership_a)


@pytest.fixture
def theirs(dealership_b: Dealership) -> Feed:
    """A feed of the other dealership."""
    return FeedFactory(dealership=dealership_b)
