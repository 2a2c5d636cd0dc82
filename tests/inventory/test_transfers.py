"""A vehicle goes to another dealership of the group with all that belongs to it, once, and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.test import Client

from dealers.models import Dealership, Event, Group, User
from dealers.roles import Role
from dealers.tenancy import acting_for
from inventory import transfers
from inventory.models import OdometerReading, PriceChange, Transfer, Vehicle
from tests.factories import MembershipFactory, PreparationStepFactory, VehicleFactory, VehicleImageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def group(dealership_a: Dealership, dealership_b: Dealership) -> Group:
    made = Group.objects.create(name="Cahaya Group")
    for each in (dealership_a, dealership_b):
        each.group = made
        each.save()
    return made


@pytest.fixture
def both(group: Group, owner: User, dealership_b: Dealership) -> User:
    """Who owns both dealerships."""
    MembershipFactory(user=owner, dealership=dealership_b, role=Role.OWNER)
    return User.objects.get(pk=owner.pk)


@pytest.fixture
def vehicle(dealership_a: Dealership) -> Vehicle:
    made = VehicleFactory(dealership=dealership_a, odometer=7)
    PreparationStepFactory(vehicle=made)
    VehicleImageFactory(vehicle=made)
    return made


def test_everything_of_a_vehicle_goes_with_it_and_comes_back(
    both: User, vehicle: Vehicle, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    VehicleFactory(dealership=dealership_b, stock_number=vehicle.stock_number)
    number = vehicle.stock_number
    with acting_for([dealership_a.pk, dealership_b.pk]), transaction.atomic():
        transfers.transfer(vehicle, to=dealership_b, reason="sold out there", by=both)
    assert (vehicle.dealership, vehicle.stock_number) == (dealership_b, "000002")
    for rows in (vehicle.images, vehicle.preparation_steps, vehicle.odometer_readings, vehicle.price_changes):
        assert {each.dealership_id for each in rows.all()} == {dealership_b.pk}  # type: ignore[attr-defined]
    assert OdometerReading.objects.count() == PriceChange.objects.filter(vehicle=vehicle).count() == 1
    transfers.undo(vehicle, by=both)
    assert (vehicle.dealership, vehicle.stock_number) == (dealership_a, number)
    assert Transfer.objects.get().undone_at is not None
    told = Event.objects.filter(verb__startswith="vehicle.transfer").values_list("dealership", flat=True)
    assert sorted(told) == sorted([dealership_a.pk, dealership_b.pk] * 2)
    with pytest.raises(ValidationError, match="no transfer to undo"):
        transfers.undo(vehicle, by=both)


def test_on_its_page_a_vehicle_is_sent_where_its_person_may(
    both: User, vehicle: Vehicle, dealership_b: Dealership, client: Client
) -> None:
    address = f"/inventory/{vehicle.pk}/transfer/"
    client.force_login(both)
    assert list(client.get(address).context["form"].fields["to"].queryset) == [dealership_b]
    assert client.post(address, {"to": dealership_b.pk}).status_code == 302
    vehicle.refresh_from_db()
    assert vehicle.dealership == dealership_b
    assert client.post(f"/inventory/{vehicle.pk}/undo-transfer/").status_code == 302


def test_it_goes_nowhere_outside_of_its_group_or_of_ones_rights(
    group: Group, owner: User, vehicle: Vehicle, dealership_b: Dealership
) -> None:
    with pytest.raises(ValidationError, match="may not move"):
        transfers.transfer(vehicle, to=dealership_b, by=owner)
    with pytest.raises(ValidationError, match="no other dealership"):
        transfers.transfer(vehicle, to=vehicle.dealership, by=owner)
    Dealership.objects.filter(pk=dealership_b.pk).update(group=None)
    with pytest.raises(ValidationError, match="no other dealership"):
        transfers.transfer(vehicle, to=Dealership.objects.get(pk=dealership_b.pk), by=owner)


def test_it_does_not_go_where_its_amounts_would_mean_something_else(
    both: User, vehicle: Vehicle, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    assert list(transfers.targets(both, vehicle)) == [dealership_b]
    transfers.transfer(vehicle, to=dealership_b, by=both)
    Dealership.objects.filter(pk=dealership_a.pk).update(currency="USD")
    with pytest.raises(ValidationError, match=f"{dealership_b} counts in IDR, {dealership_a} in USD"):
        transfers.undo(vehicle, by=both)
    with pytest.raises(ValidationError, match="no vehicle goes between them"):
        transfers.transfer(vehicle, to=Dealership.objects.get(pk=dealership_a.pk), by=both)
    assert not transfers.targets(both, vehicle).exists()


@pytest.mark.parametrize("status", [each for each in Vehicle.Status if each not in transfers.MOVABLE])
def test_what_is_promised_or_sold_stays(
    both: User, vehicle: Vehicle, dealership_b: Dealership, status: Vehicle.Status
) -> None:
    Vehicle.objects.filter(pk=vehicle.pk).update(status=status)
    with pytest.raises(ValidationError, match="neither promised nor sold"):
        transfers.transfer(vehicle, to=dealership_b, by=both)


def test_a_frame_number_that_the_other_has_keeps_it_here(
    both: User, vehicle: Vehicle, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    VehicleFactory(dealership=dealership_b, vin=vehicle.vin)
    with pytest.raises(ValidationError, match="frame number already"):
        transfers.transfer(vehicle, to=dealership_b, by=both)
    vehicle.refresh_from_db()
    assert vehicle.dealership == dealership_a
    assert {each.dealership_id for each in vehicle.images.all()} == {dealership_a.pk}


@pytest.mark.django_db(transaction=True)
def test_of_two_who_move_it_at_once_one_does(
    both: User, vehicle: Vehicle, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    def one(_: int) -> Any:
        try:
            with acting_for([dealership_a.pk, dealership_b.pk]):
                mine = Vehicle.objects.select_related("dealership").get(pk=vehicle.pk)
                if mine.dealership_id != dealership_a.pk:
                    return "too late"
                return transfers.transfer(mine, to=dealership_b, by=both)
        except ValidationError:
            return "too late"
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        outcomes = list(threads.map(one, range(4)))
    assert outcomes.count("too late") == 3
    assert Transfer.objects.count() == 1


def test_its_photos_are_found_after_it_went(vehicle: Vehicle, dealership_b: Dealership, tmp_path: Path) -> None:
    image = vehicle.images.get()
    before = image.files
    image.dealership = dealership_b
    assert image.files == before
