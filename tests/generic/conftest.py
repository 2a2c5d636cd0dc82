"""Every resource with rows of its own: whoever registers one more says here how a row of it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client

from config.backoffice.resources import REGISTRY, Resource
from dealers.models import Dealership, User
from dealers.roles import Role
from ingestion.resources import RecordResource
from tests.factories import FACTORIES, record_of
from tests.people import with_role


def row_of(resource: Resource, dealership: Dealership) -> Any:
    """A row of a resource's model in a dealership. Raises KeyError for a model without a factory."""
    if isinstance(resource, RecordResource):
        return record_of(resource.job, dealership)
    return FACTORIES[resource.model](dealership=dealership)


@dataclass
class Room:
    """A resource with somebody who owns the dealership, signed in."""

    resource: Resource
    dealership: Dealership
    owner: User
    client: Client
    add: Callable[[], Any]


@pytest.fixture(params=sorted(REGISTRY))
def room(request: pytest.FixtureRequest, db: None, dealership_a: Dealership, alice: User, client: Client) -> Room:
    resource = REGISTRY[request.param]
    owner = with_role(alice, Role.OWNER)
    client.force_login(owner)
    return Room(resource, dealership_a, owner, client, lambda: row_of(resource, dealership_a))
