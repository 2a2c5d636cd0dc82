"""Every resource with rows of its own: whoever registers one more says here how a row of it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

import config.urls  # noqa: F401 - whatever has an address is registered
from config.backoffice.filter_bar import ALL
from config.backoffice.resources import REGISTRY, Resource
from dealers.models import Dealership, User
from ingestion.job_types import JOB_TYPES
from ingestion.models import Backfill, Connection, Feed, QuarantinedRecord, Run
from ingestion.resources import RecordResource
from tests.factories import FACTORIES, BackfillFactory, FeedFactory, QuarantineFactory, RunFactory, record_of


def row_of(resource: Resource, dealership: Dealership) -> Any:
    """A row of a resource's model in a dealership. Raises KeyError for a model without a factory."""
    if isinstance(resource, RecordResource):
        return record_of(resource.job, dealership)
    if resource.model in OF_FEEDS:
        return OF_FEEDS[resource.model](dealership)
    return FACTORIES[resource.model](dealership=dealership)


def new_feed(dealership: Dealership) -> Feed:
    """Of the first job type that the dealership lacks."""
    there = set(Feed.objects.filter(dealership=dealership).values_list("job_type", flat=True))
    return FeedFactory(dealership=dealership, job_type=next(code for code in JOB_TYPES if code not in there))


def some_feed(dealership: Dealership) -> Feed:
    return Feed.objects.filter(dealership=dealership).first() or new_feed(dealership)


OF_FEEDS: dict[Any, Callable[[Dealership], Any]] = {
    Feed: new_feed,
    Connection: lambda dealership: new_feed(dealership).connection,
    Run: lambda dealership: RunFactory(feed=some_feed(dealership)),
    Backfill: lambda dealership: BackfillFactory(feed=some_feed(dealership), state=Backfill.State.SUCCEEDED),
    QuarantinedRecord: lambda dealership: QuarantineFactory(run__feed=some_feed(dealership)),
}
"""Rows that belong to a feed, which there is once for a job type."""


@dataclass
class Room:
    """A resource with somebody who owns the dealership, signed in."""

    resource: Resource
    dealership: Dealership
    owner: User
    client: Client
    add: Callable[[], Any]

    @property
    def listed(self) -> str:
        """Where the list is that asks for nothing in particular."""
        return f"{self.resource.list_address}?{ALL}"

    def address(self, page: str, row: Any = None) -> str:
        return reverse(f"{self.resource.name}-{page}", args=[] if page == "new" else [row.pk])


@pytest.fixture(autouse=True)
def _on_the_dealerships_clock(dealership_a: Dealership) -> Iterator[None]:
    """What a form shows here, it shows as a page does: moments on the clock of the one dealership."""
    with timezone.override(dealership_a.zone):
        yield


@pytest.fixture(params=sorted(REGISTRY))
def room(request: pytest.FixtureRequest, dealership_a: Dealership, owner: User, client: Client) -> Room:
    resource = REGISTRY[request.param]
    return Room(resource, dealership_a, owner, client, lambda: row_of(resource, dealership_a))


@pytest.fixture(params=sorted(name for name, resource in REGISTRY.items() if resource.form))
def writable(request: pytest.FixtureRequest, dealership_a: Dealership, owner: User, client: Client) -> Room:
    """That of a resource whose rows people write."""
    resource = REGISTRY[request.param]
    return Room(resource, dealership_a, owner, client, lambda: row_of(resource, dealership_a))
