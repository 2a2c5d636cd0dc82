"""Features that are switched on and off."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.http import Http404, HttpResponse
from django.test import RequestFactory

from dealers import flags
from dealers.models import Dealership, Flag

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
