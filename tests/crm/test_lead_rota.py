"""Leads go round among the salespeople who are there, however many come at once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import timezone

from crm.models import Absence, Lead
from dealers.models import Dealership, Event, User
from dealers.roles import Role
from tests.factories import AbsenceFactory, DealershipFactory, LeadFactory, MembershipFactory, seller_of

pytestmark = pytest.mark.django_db


def today(dealership: Dealership) -> Any:
    return timezone.localdate(timezone=dealership.zone)


def given(dealership: Dealership, count: int) -> list[Any]:
    return [LeadFactory(dealership=dealership).assigned_to for _ in range(count)]


def test_leads_go_round_in_turn(dealership_a: Dealership) -> None:
    people = [seller_of(dealership_a) for _ in range(3)]
    assert given(dealership_a, 7) == [*people, *people, people[0]]


def test_who_is_absent_is_passed_over_and_not_made_up_for(dealership_a: Dealership) -> None:
    first, second, third = [seller_of(dealership_a) for _ in range(3)]
    day = today(dealership_a)
    away = AbsenceFactory(dealership=dealership_a, user=second, since=day, until=day)
    assert given(dealership_a, 3) == [first, third, first]
    Absence.objects.filter(pk=away.pk).update(since=day + timedelta(days=1), until=day + timedelta(days=2))
    assert given(dealership_a, 3) == [second, third, first]


def test_only_salespeople_of_today_are_in_turn(dealership_a: Dealership, manager: User) -> None:
    MembershipFactory(dealership=dealership_a, role=Role.OWNER)
    yesterday = today(dealership_a) - timedelta(days=2)
    MembershipFactory(dealership=dealership_a, role=Role.SALESPERSON, until=yesterday)
    gone = seller_of(dealership_a)
    User.objects.filter(pk=gone.pk).update(is_active=False)
    seller_of(DealershipFactory())
    assert given(dealership_a, 2) == [None, None]


def test_an_absence_of_another_dealership_does_not_count(dealership_a: Dealership, dealership_b: Dealership) -> None:
    person = seller_of(dealership_a)
    MembershipFactory(user=person, dealership=dealership_b, role=Role.SALESPERSON)
    day = today(dealership_a)
    AbsenceFactory(dealership=dealership_b, user=person, since=day, until=day)
    assert (given(dealership_a, 1), given(dealership_b, 1)) == ([person], [None])


def test_a_lead_given_by_hand_leaves_the_turn_alone(dealership_a: Dealership) -> None:
    first, second = seller_of(dealership_a), seller_of(dealership_a)
    assert given(dealership_a, 1) == [first]
    assert LeadFactory(dealership=dealership_a, assigned_to=first).assigned_to == first
    assert given(dealership_a, 1) == [second]


@pytest.mark.django_db(transaction=True)
def test_twenty_leads_at_once_are_shared_out_evenly(dealership_a: Dealership) -> None:
    people = [seller_of(dealership_a) for _ in range(4)]

    def come(number: int) -> Any:
        try:
            return LeadFactory(dealership=dealership_a, name=f"Budi {number}").assigned_to_id
        finally:
            connection.close()

    with ThreadPoolExecutor(20) as doors:
        found = Counter(doors.map(come, range(20)))
    assert found == {person.pk: 5 for person in people}


def test_a_lead_is_assigned_by_hand_and_the_audit_tells(dealership_a: Dealership, manager: User) -> None:
    lead, person = LeadFactory(dealership=dealership_a), seller_of(dealership_a)
    lead.assign(person, by=manager)
    assert Lead.objects.get().assigned_to == person
    assert Event.objects.get(verb="lead.assigned").changes == {"assigned_to": [None, person.email]}
    lead.assign(None, by=manager)
    assert Lead.objects.get().assigned_to is None


def test_nobody_of_elsewhere_gets_a_lead(dealership_a: Dealership, dealership_b: Dealership) -> None:
    lead = LeadFactory(dealership=dealership_a)
    viewer = MembershipFactory(dealership=dealership_a, role=Role.VIEWER).user
    for stranger in (seller_of(dealership_b), viewer):
        with pytest.raises(ValidationError, match="sells nothing in this dealership"):
            lead.assign(stranger)
