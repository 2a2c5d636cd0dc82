"""A dealership with salespeople, one of them signed in, and with customers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from crm.models import Customer
from dealers.models import Dealership, User
from dealers.roles import Role
from tests.factories import CustomerFactory, LeadFactory, MembershipFactory, UserFactory
from tests.people import api_of


@pytest.fixture
def siti(dealership_a: Dealership) -> User:
    """A salesperson of dealership A."""
    user = UserFactory(email="siti@dealer.example", name="Siti")
    return MembershipFactory(user=user, dealership=dealership_a, role=Role.SALESPERSON).user


@pytest.fixture
def manager(dealership_a: Dealership) -> User:
    """The sales manager of dealership A."""
    user = UserFactory(email="manager@dealer.example", name="Maya")
    return MembershipFactory(user=user, dealership=dealership_a, role=Role.SALES_MANAGER).user


@pytest.fixture
def seller(siti: User, client: Client) -> User:
    """Siti, signed in on the web."""
    client.force_login(siti)
    return siti


@pytest.fixture
def lead_in(dealership_a: Dealership) -> Callable[..., Any]:
    """Makes a lead of dealership A with a status, as verbs would leave it."""

    def made(status: str = "new", **more: Any) -> Any:
        now = timezone.now()
        values: dict[str, Any] = {"status": status} | more
        if status != "new":
            values.setdefault("first_response_at", now)
        if status in ("won", "lost"):
            values.setdefault("closed_at", now)
        if status == "lost":
            values.setdefault("lost_reason", "price")
        return LeadFactory(dealership=dealership_a, **values)

    return made


@pytest.fixture
def tomorrow() -> Any:
    return timezone.now() + timedelta(days=1)


@pytest.fixture
def api(owner: User) -> Any:
    return api_of(owner)


@pytest.fixture
def budi(dealership_a: Dealership) -> Customer:
    return CustomerFactory(dealership=dealership_a, name="Budi Santoso")
