"""A dealership with customers, and who works there."""

from __future__ import annotations

from typing import Any

import pytest

from crm.models import Customer
from dealers.models import Dealership, User
from tests.factories import CustomerFactory
from tests.people import api_of


@pytest.fixture
def api(owner: User) -> Any:
    return api_of(owner)


@pytest.fixture
def budi(dealership_a: Dealership) -> Customer:
    return CustomerFactory(dealership=dealership_a, name="Budi Santoso")
