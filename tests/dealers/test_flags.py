"""Features that are switched on and off."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse
from django.template import engines
from django.test import RequestFactory
from rest_framework.test import APIClient

from dealers import flags
from dealers.models import Dealership, Flag, User
from tests.factories import MembershipFactory
from tests.people import api_of

pytestmark = pytest.mark.django_db


def test_a_feature_is_off_until_somebody_switches_it_on(dealership_a: Dealership) -> None:
    assert not any(flags.is_on(name, dealership_a.pk) for name in flags.FLAGS)
    Flag.objects.create(name="messaging", is_on=True)
    assert flags.is_on("messaging", dealership_a.pk)
    assert flags.is_on("messaging")


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_dealerships_own_switch_stands_before_the_installations(
    dealership_a: Dealership, dealership_b: Dealership, everywhere: bool
) -> None:
    Flag.objects.create(name="ai", is_on=everywhere)
    Flag.objects.create(name="ai", is_on=not everywhere, dealership=dealership_a)
    assert (flags.is_on("ai", dealership_a.pk), flags.is_on("ai", dealership_b.pk)) == (not everywhere, everywhere)


def test_a_feature_has_one_switch_in_each_place(dealership_a: Dealership) -> None:
    for dealership in (None, dealership_a):
        Flag.objects.create(name="payments", dealership=dealership)
        with pytest.raises(IntegrityError, match="flag_once"), transaction.atomic():
            Flag.objects.create(name="payments", dealership=dealership)


def test_a_page_of_a_feature_that_is_off_is_not_there(rf: RequestFactory) -> None:
    @flags.needs("inspections")
    def page(_request: Any) -> HttpResponse:
        return HttpResponse("here")

    with pytest.raises(Http404):
        page(rf.get("/"))
    Flag.objects.create(name="inspections", is_on=True)
    assert page(rf.get("/")).content == b"here"


def test_an_unknown_feature_is_an_error() -> None:
    with pytest.raises(KeyError):
        flags.is_on("unheard_of")
    with pytest.raises(KeyError):
        flags.needs("unheard_of")


@pytest.mark.parametrize("flag", flags.FLAGS.values(), ids=list(flags.FLAGS))
def test_every_flag_has_an_owner_and_a_day_by_which_it_goes(flag: flags.Declared) -> None:
    assert flag.owner
    assert flag.decided_by > date(2026, 11, 21)


# -- where a request works


FLAGS = "/api/v1/flags/"


def test_the_api_tells_what_is_on_in_the_only_dealership_of_a_person(alice: User, dealership_a: Dealership) -> None:
    Flag.objects.create(name="ai", is_on=True)
    Flag.objects.create(name="payments", is_on=True)
    Flag.objects.create(name="payments", is_on=False, dealership=dealership_a)
    Flag.objects.create(name="branding", is_on=True, dealership=dealership_a)
    assert api_of(alice).get(FLAGS).json() == {"dealership": dealership_a.pk, "on": ["ai", "branding"]}


def test_another_dealerships_switches_say_nothing(charlie: User, dealership_a: Dealership) -> None:
    Flag.objects.create(name="branding", is_on=True, dealership=dealership_a)
    assert api_of(charlie).get(FLAGS).json()["on"] == []


def test_who_has_several_is_told_of_the_one_that_the_request_names(
    alice: User, dealership_a: Dealership, dealership_b: Dealership
) -> None:
    MembershipFactory(user=alice, dealership=dealership_b)
    Flag.objects.create(name="branding", is_on=True, dealership=dealership_b)
    client = api_of(alice)
    assert client.get(FLAGS).json() == {"dealership": None, "on": []}
    named = client.get(FLAGS, headers={"X-Dealership": str(dealership_b.pk)})
    assert named.json() == {"dealership": dealership_b.pk, "on": ["branding"]}


def test_a_visitor_is_told_nothing() -> None:
    assert APIClient().get(FLAGS).status_code == 401


def test_a_page_asks_once_for_all_its_features(
    alice: User, dealership_a: Dealership, django_assert_num_queries: Any
) -> None:
    Flag.objects.create(name="branding", is_on=True, dealership=dealership_a)
    text = "{% load flags %}{% flag 'branding' as a %}{% flag 'ai' as b %}{{ a }} {{ b }} {% flag 'branding' %}"
    request = RequestFactory().get("/")
    request.user = alice
    request.dealership_id = dealership_a.pk  # type: ignore[attr-defined]
    page = engines["django"].from_string(text)
    with django_assert_num_queries(1):
        assert page.render({}, request) == "True False True"


def test_a_page_cannot_ask_for_a_feature_that_there_is_not() -> None:
    with pytest.raises(KeyError):
        engines["django"].from_string("{% load flags %}{% flag 'no such' %}").render({}, RequestFactory().get("/"))
