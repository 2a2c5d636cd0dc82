"""A dealership's holidays, on the pages where its owner keeps them."""

from __future__ import annotations

from datetime import date

import pytest
from django.test import Client

from dealers.models import Dealership, Holiday, User
from dealers.roles import Role
from tests.factories import HolidayFactory, MembershipFactory

NEW = "/settings/holidays/new/"

pytestmark = pytest.mark.django_db


def test_the_only_dealership_is_chosen_already(owner: User, dealership_a: Dealership, client: Client) -> None:
    text = client.get(NEW).content.decode()
    assert f'<option value="{dealership_a.pk}" selected>' in text


def test_of_several_dealerships_those_are_offered_where_one_may_add(
    owner: User, dealership_a: Dealership, dealership_b: Dealership, client: Client
) -> None:
    MembershipFactory(user=owner, dealership=dealership_b, role=Role.VIEWER)
    assert list(client.get(NEW).context["form"].fields["dealership"].queryset) == [dealership_a]


def test_a_holiday_stays_where_it_is(
    owner: User, dealership_a: Dealership, dealership_b: Dealership, client: Client
) -> None:
    MembershipFactory(user=owner, dealership=dealership_b, role=Role.OWNER)
    holiday = HolidayFactory(dealership=dealership_a)
    sent = {"dealership": dealership_b.pk, "day": "2027-03-09", "name": "Nyepi"}
    assert client.post(f"/settings/holidays/{holiday.pk}/edit/", sent).status_code == 302
    holiday.refresh_from_db()
    assert (holiday.dealership, holiday.day) == (dealership_a, date(2027, 3, 9))


def test_of_two_who_save_the_same_at_once_the_second_is_told(
    owner: User, dealership_a: Dealership, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one's row is not there yet when the second one's form looks."""
    monkeypatch.setattr(Holiday, "validate_constraints", lambda *args, **options: None)
    HolidayFactory(dealership=dealership_a, day=date(2027, 3, 9))
    answer = client.post(NEW, {"dealership": dealership_a.pk, "day": "2027-03-09", "name": "Nyepi"})
    assert answer.status_code == 422
    assert "contradicts" in answer.content.decode()
    assert Holiday.objects.count() == 1
