"""Two workers adopt at the same time: never for the same dealership, and neither waits for the other."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection

from crm.models import Customer
from dealers.models import Dealership
from dealers.tenancy import platform
from ingestion import adoption
from ingestion.models import Adoption
from tests.ingestion.adoption.said import feeds
from tests.ingestion.adoption.test_people import prospect

pytestmark = pytest.mark.django_db(transaction=True)
PATIENCE = 30
"""Seconds after which a test gives up on something that is to happen at once."""


def work() -> int:
    try:
        with platform("a test"):
            return adoption.work()
    finally:
        connection.close()


def test_a_dealership_has_one_worker_at_a_time_and_its_customer_once(
    dealership_a: Dealership, dealership_b: Dealership, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopter, begun, go_on = adoption.ADOPTERS["prospect"], threading.Event(), threading.Event()

    def slowly(record: Any, outcome: Any) -> None:
        adopter(record, outcome)
        if record.dealership_id == dealership_a.pk and not begun.is_set():
            begun.set()
            assert go_on.wait(PATIENCE)

    monkeypatch.setitem(adoption.ADOPTERS, "prospect", slowly)
    feeds(dealership_a, "prospect")
    prospect(dealership_a)
    prospect(dealership_a)
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(work)
        try:
            assert begun.wait(PATIENCE)
            feeds(dealership_b, "prospect")
            prospect(dealership_b)
            assert work() == 1, "the other dealership's"
            assert Customer.objects.get().dealership == dealership_b
        finally:
            go_on.set()
        assert first.result(PATIENCE) == 2
    assert Customer.objects.get(dealership=dealership_a).name == "Budi Santoso"
    assert set(Adoption.objects.values_list("state", flat=True)) == {"adopted"}


def test_a_delivery_locks_its_deals_before_their_vehicles(dealership_a: Dealership) -> None:
    """As whoever delivers by hand does, so that neither waits for what the other holds."""
    from django.test.utils import CaptureQueriesContext

    from tests.ingestion.adoption.said import adopt, delivery, letter

    feeds(dealership_a, "spk_read", "bast_read")
    letter(dealership_a)
    adopt()
    delivery(dealership_a)
    with CaptureQueriesContext(connection) as asked:
        adopt()
    locks = [each["sql"] for each in asked.captured_queries if "FOR UPDATE" in each["sql"]]
    deals = next(place for place, sql in enumerate(locks) if 'FROM "sales_deal"' in sql)
    vehicles = next(place for place, sql in enumerate(locks) if 'FROM "inventory_vehicle"' in sql)
    assert deals < vehicles
