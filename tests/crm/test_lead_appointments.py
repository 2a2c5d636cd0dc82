"""Appointments: a salesperson and a vehicle are in one place at a time, whoever books at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from crm.models import Appointment
from dealers.models import Dealership, Event, User
from tests.factories import AppointmentFactory, LeadFactory, VehicleFactory, seller_of

pytestmark = pytest.mark.django_db
NEW = "/appointments/new/"


def booked(dealership: Dealership, **more: Any) -> Any:
    return AppointmentFactory(dealership=dealership, **more)


def data_of(meeting: Any, **more: Any) -> dict[str, Any]:
    sent = {
        "dealership": meeting.dealership_id,
        "lead": meeting.lead_id,
        "kind": meeting.kind,
        "salesperson": meeting.salesperson_id,
        "starts_at": meeting.starts_at.isoformat(),
        "ends_at": meeting.ends_at.isoformat(),
    }
    return {name: value for name, value in (sent | more).items() if value is not None}


def test_a_salesperson_booked_twice_is_refused_in_words(dealership_a: Dealership, seller: User, client: Client) -> None:
    meeting = booked(dealership_a, salesperson=seller)
    half = timedelta(minutes=30)
    sent = data_of(
        meeting, starts_at=(meeting.starts_at + half).isoformat(), ends_at=(meeting.ends_at + half).isoformat()
    )
    answer = client.post(NEW, sent)
    assert answer.status_code == 422
    assert "The salesperson has another appointment at this time." in answer.content.decode()
    after = meeting.ends_at + timedelta(hours=1)
    assert (
        client.post(NEW, data_of(meeting, starts_at=meeting.ends_at.isoformat(), ends_at=after.isoformat())).status_code
        == 302
    )
    assert Appointment.objects.count() == 2


def test_a_vehicle_booked_twice_is_refused_in_words(dealership_a: Dealership, seller: User, client: Client) -> None:
    vehicle, colleague = VehicleFactory(dealership=dealership_a), seller_of(dealership_a)
    meeting = booked(dealership_a, salesperson=colleague, vehicle=vehicle, kind="test_drive")
    answer = client.post(NEW, data_of(meeting, salesperson=seller.pk, vehicle=vehicle.pk))
    assert "The vehicle is in another appointment at this time." in answer.content.decode()


def test_what_is_cancelled_or_missed_takes_no_time(dealership_a: Dealership) -> None:
    meeting = booked(dealership_a)
    meeting.cancel("They rang.")
    again = booked(dealership_a, salesperson=meeting.salesperson, starts_at=meeting.starts_at)
    with pytest.raises(IntegrityError), transaction.atomic():
        Appointment.objects.filter(pk=meeting.pk).update(status="planned")
    assert Event.objects.get(verb="appointment.cancelled").changes["words"] == ["", "They rang."]
    assert again.is_planned


def test_the_same_hour_is_free_in_another_dealership(dealership_a: Dealership, dealership_b: Dealership) -> None:
    person, at = seller_of(dealership_a), timezone.now() + timedelta(days=1)
    booked(dealership_a, salesperson=person, starts_at=at)
    booked(dealership_b, salesperson=person, starts_at=at)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["salesperson", "vehicle"])
def test_of_ten_who_book_one_hour_at_once_one_has_it(dealership_a: Dealership, what: str) -> None:
    lead, vehicle = LeadFactory(dealership=dealership_a), VehicleFactory(dealership=dealership_a)
    people = [seller_of(dealership_a) for _ in range(10 if what == "vehicle" else 1)] * 10
    at = timezone.now() + timedelta(days=1)

    def book(number: int) -> bool:
        try:
            with transaction.atomic():
                booked(
                    dealership_a,
                    lead=lead,
                    salesperson=people[number],
                    vehicle=vehicle if what == "vehicle" else None,
                    starts_at=at + timedelta(minutes=number),
                )
        except IntegrityError:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as phones:
        assert sorted(phones.map(book, range(10))) == [False] * 9 + [True]
    assert Appointment.objects.count() == 1


def test_a_test_drive_has_a_vehicle_and_ends_after_it_starts(
    dealership_a: Dealership, seller: User, client: Client
) -> None:
    meeting = booked(dealership_a, salesperson=seller_of(dealership_a))
    page = client.post(NEW, data_of(meeting, salesperson=seller.pk, kind="test_drive")).content.decode()
    assert "Choose the vehicle that is driven." in page
    page = client.post(NEW, data_of(meeting, salesperson=seller.pk, ends_at=meeting.starts_at.isoformat()))
    assert "It ends after it starts" in page.content.decode()


def test_nothing_of_another_dealership_is_booked(
    dealership_a: Dealership, dealership_b: Dealership, seller: User, client: Client
) -> None:
    meeting = booked(dealership_a, salesperson=seller_of(dealership_a))
    for name, row in (
        ("lead", LeadFactory(dealership=dealership_b)),
        ("vehicle", VehicleFactory(dealership=dealership_b)),
        ("salesperson", seller_of(dealership_b)),
    ):
        answer = client.post(NEW, data_of(meeting, **{"salesperson": seller.pk, name: row.pk}))
        assert answer.status_code == 422
        assert name in answer.context["form"].errors


def test_it_takes_place_or_not_once_it_has_begun(dealership_a: Dealership) -> None:
    meeting = booked(dealership_a)
    with pytest.raises(ValidationError, match="has not begun"):
        meeting.finish()
    begun = booked(dealership_a, starts_at=timezone.now() - timedelta(hours=1))
    begun.miss()
    with pytest.raises(ValidationError, match="is did not come already"):
        begun.finish()
    assert Event.objects.get(verb="appointment.no_show").changes == {"status": ["planned", "no_show"]}


def test_what_was_is_not_changed(dealership_a: Dealership, seller: User, client: Client) -> None:
    meeting = booked(dealership_a, salesperson=seller, starts_at=timezone.now() - timedelta(hours=2))
    meeting.finish()
    answer = client.post(f"/appointments/{meeting.pk}/edit/", data_of(meeting, notes="Never was"))
    assert answer.status_code == 422
    assert "what was cannot be changed" in answer.content.decode()


def test_a_leads_page_books_one_for_it(dealership_a: Dealership, seller: User, client: Client) -> None:
    lead = LeadFactory(dealership=dealership_a)
    page = client.get(f"/leads/{lead.pk}/").content.decode()
    assert f"/appointments/new/?lead={lead.pk}&amp;dealership={dealership_a.pk}" in page
    form = client.get(NEW, {"lead": lead.pk}).context["form"]
    assert str(form["lead"].value()) == str(lead.pk)
