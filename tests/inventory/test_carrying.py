"""What it costs to keep a unit: days times the rate of each day, to the currency's smallest amount, for few eyes."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from dealers.models import Dealership
from dealers.roles import Role
from inventory.models import CarryingRate, Vehicle
from tests.factories import CarryingRateFactory, MembershipFactory, VehicleFactory

pytestmark = pytest.mark.django_db
TODAY = date(2026, 3, 1)


@pytest.fixture(autouse=True)
def _today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Vehicle, "today", TODAY)


def kept(dealership: Dealership, days: int, **more: Any) -> Vehicle:
    made: Vehicle = VehicleFactory(dealership=dealership, acquired_on=TODAY - timedelta(days=days), **more)
    return made


def rate(dealership: Dealership, percent: str, since: date = date(2025, 1, 1)) -> CarryingRate:
    made: CarryingRate = CarryingRateFactory(dealership=dealership, percent=Decimal(percent), valid_from=since)
    return made


@pytest.mark.parametrize(
    ("currency", "cost", "percent", "days", "a_day", "so_far"),
    [
        ("IDR", "17000000", "12", 40, "5589", "223562"),  # 17,000,000 x 12 % / 365 = 5,589.04…; x 40 = 223,561.64…
        ("IDR", "17000000", "12", 0, "5589", "0"),
        ("USD", "20000", "7.5", 31, "4.11", "127.40"),  # 4.1095…; 127.397…
        ("USD", "36500", "10", 1, "10.00", "10.00"),
        ("USD", "36500", "0", 90, "0.00", "0.00"),
        ("KWD", "9125", "6.25", 3, "1.563", "4.688"),  # 1.5625; 4.6875, half up
    ],
)
def test_the_cost_so_far_is_days_times_the_rate_rounded_once(
    dealership_a: Dealership, currency: str, cost: str, percent: str, days: int, a_day: str, so_far: str
) -> None:
    Dealership.objects.filter(pk=dealership_a.pk).update(currency=currency)
    dealership_a.refresh_from_db()
    rate(dealership_a, percent)
    vehicle = kept(dealership_a, days, purchase_price=Decimal(cost))
    assert (str(vehicle.carrying_per_day), str(vehicle.carrying_cost)) == (a_day, so_far)


def test_all_that_the_unit_cost_is_carried(dealership_a: Dealership) -> None:
    rate(dealership_a, "36.5")
    vehicle = kept(dealership_a, 10, purchase_price=Decimal(900_000), transport_cost=Decimal(100_000))
    assert vehicle.carrying_cost == 10_000


def test_each_day_costs_what_was_valid_on_it(dealership_a: Dealership) -> None:
    rate(dealership_a, "36.5")
    rate(dealership_a, "73", TODAY - timedelta(days=4))
    rate(dealership_a, "99", TODAY + timedelta(days=1))
    vehicle = kept(dealership_a, 10, purchase_price=Decimal(1_000_000))
    assert vehicle.carrying_cost == 6 * 1000 + 4 * 2000
    assert vehicle.carrying_per_day == 2000


@given(
    st.lists(st.tuples(st.integers(1, 400), st.decimals(0, 100, places=2)), max_size=4, unique_by=lambda each: each[0])
)
def test_it_is_the_sum_of_its_days(rates: list[tuple[int, Decimal]]) -> None:
    told = sorted((TODAY - timedelta(days=ago), percent) for ago, percent in rates)
    of_day = [
        next((percent for since, percent in reversed(told) if since <= day), Decimal(0))
        for day in (TODAY - timedelta(days=ago) for ago in range(120, 0, -1))
    ]
    dealership = Dealership(pk=1, currency="USD", code="1", name="One")
    rows = [CarryingRate(valid_from=since, percent=percent) for since, percent in told]
    dealership._prefetched_objects_cache = {"carrying_rates": rows}  # type: ignore[attr-defined]
    vehicle = Vehicle(
        dealership=dealership,
        status="available",
        acquired_on=TODAY - timedelta(days=120),
        purchase_price=Decimal("12345.67"),
    )
    exact = vehicle.purchase_price * sum(of_day, Decimal(0)) / 36500
    if rows:
        assert vehicle.carrying_cost is not None
        assert abs(vehicle.carrying_cost - exact) <= Decimal("0.005")
    else:
        assert vehicle.carrying_cost is None


def test_nothing_is_said_of_what_is_not_known_or_not_in_stock(dealership_a: Dealership) -> None:
    vehicle = kept(dealership_a, 10)
    assert (vehicle.carrying_cost, vehicle.carrying_per_day) == (None, None)
    rate(dealership_a, "12")
    for changed in ({"purchase_price": None}, {"status": "sold"}):
        other = kept(dealership_a, 10, **changed)
        assert (other.carrying_cost, other.carrying_per_day) == (None, None)
    assert kept(dealership_a, -3).carrying_cost == 0


def test_a_rate_lies_between_0_and_100(dealership_a: Dealership) -> None:
    made = rate(dealership_a, "12")
    for wrong in ("-1", "100.01"):
        with pytest.raises(IntegrityError), transaction.atomic():
            CarryingRate.objects.filter(pk=made.pk).update(percent=Decimal(wrong))


@pytest.mark.parametrize(("role", "knows"), [(Role.ACCOUNTANT, True), (Role.SALESPERSON, False)])
def test_it_is_told_to_those_who_know_what_a_unit_cost(
    dealership_a: Dealership, client: Client, role: Role, knows: bool
) -> None:
    rate(dealership_a, "12")
    vehicle = kept(dealership_a, 40)
    client.force_login(MembershipFactory(dealership=dealership_a, role=role).user)
    page = client.get(f"/inventory/{vehicle.pk}/").content.decode()
    listed = client.get("/inventory/?columns=stock_number&columns=carrying_cost").content.decode()
    for text in (page, listed):
        assert ("223,562" in text) == knows
    assert client.get("/settings/carrying-rates/").status_code == (200 if knows else 403)
