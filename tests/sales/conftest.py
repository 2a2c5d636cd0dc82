"""People who sell, and deals at any stage."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from dealers.models import Dealership, User
from dealers.roles import Role
from sales import stages
from sales.models import Deal
from tests.factories import DealFactory, MembershipFactory

ROAD = {
    "draft": (),
    "quoted": ("quote",),
    "reserved": ("quote", "reserve"),
    "approved": ("quote", "reserve", "submit"),
    "contracted": ("quote", "reserve", "submit", "contract"),
    "delivered": ("quote", "reserve", "submit", "contract", "deliver"),
    "lost": ("lose",),
    "cancelled": ("cancel",),
    "unwound": ("quote", "reserve", "submit", "contract", "deliver", "unwind"),
}
"""The verbs that lead to each stage."""
NEED_A_REASON = ("lose", "cancel", "unwind", "decline")


@pytest.fixture
def manager(dealership_a: Dealership) -> User:
    found: User = MembershipFactory(dealership=dealership_a, role=Role.SALES_MANAGER).user
    return found


@pytest.fixture
def seller(dealership_a: Dealership) -> User:
    found: User = MembershipFactory(dealership=dealership_a, role=Role.SALESPERSON).user
    return found


def do(name: str, deal: Deal, by: User, **given: Any) -> Any:
    if name in NEED_A_REASON:
        given.setdefault("reason", "the customer said so")
    return getattr(stages, name)(deal, by=by, **given)


def deal_at(stage: str, dealership: Dealership, by: User, **fields: Any) -> Deal:
    deal: Deal = DealFactory(dealership=dealership, **fields)
    for name in ROAD[stage]:
        do(name, deal, by)
    return deal


def cut(deal: Deal, by: User, amount: int) -> None:
    """Give a discount."""
    from sales import scenarios

    scenarios.write(deal.chosen, by=by, values={"discount": Decimal(amount), "discount_reason": "end of the month"})
    deal.refresh_from_db()


def at_once(work: Any, rows: list[Any], by: User) -> list[str]:
    """What each of several threads got that began at the same moment."""
    start = Barrier(len(rows))

    def one(row: Any) -> str:
        try:
            start.wait(30)
            work(row, by=by)
        except ValidationError as error:
            return " ".join(error.messages)
        finally:
            connection.close()
        return "done"

    with ThreadPoolExecutor(len(rows)) as threads:
        return list(threads.map(one, rows))
