"""The demo has something at every stage of a dealership's day, and a second start adds nothing."""

from __future__ import annotations

import pytest

from crm.models import Appointment, Customer, Lead
from dealers.models import Dealership
from dealers.roles import Role
from ingestion import demo, demo_people
from inventory.models import PreparationStep, Vehicle
from sales.models import Deal, DealFile, Document, Reservation
from tests.factories import MembershipFactory

pytestmark = pytest.mark.django_db


def test_every_status_of_vehicles_leads_and_deals_is_there_once_filled(
    dealership_a: Dealership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo.photos, "add", lambda vehicle, picture: None)
    MembershipFactory(dealership=dealership_a, role=Role.SALESPERSON)
    for _ in range(2):
        demo.fill(dealership_a)
        demo_people.fill(dealership_a)
    assert Customer.objects.count() == demo_people.CUSTOMERS
    assert set(Lead.objects.values_list("status", flat=True)) == set(Lead.Status)
    assert set(Deal.objects.values_list("stage", flat=True)) == set(Deal.Stage)
    statuses = set(Vehicle.objects.values_list("status", flat=True))
    assert statuses == set(Vehicle.Status) - {Vehicle.Status.IN_SERVICE}
    assert Deal.objects.exclude(total=0).count() == Deal.objects.count()
    assert Document.objects.exists()
    assert DealFile.objects.filter(kind="contract").exists()
    assert PreparationStep.objects.open().exists()
    assert Appointment.objects.exists()
    assert Reservation.objects.filter(closed_at=None).count() == Vehicle.objects.filter(status="reserved").count() > 0
