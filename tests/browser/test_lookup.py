"""A row among many is looked up without a mouse, and by a finger."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, expect

from crm.models import Address, Customer
from tests.browser import looks
from tests.browser.conftest import Open
from tests.browser.keyboard import tab_to
from tests.browser.looks import Look
from tests.browser.tab import Tab
from tests.factories import CustomerFactory, VehicleFactory
from tests.tenancy.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def budi(world: World) -> Customer:
    """One of three of the name."""
    CustomerFactory(dealership=world.own.dealership, name="Budi Hartono")
    CustomerFactory(dealership=world.other.dealership, name="Budi Elsewhere")
    made: Customer = CustomerFactory(dealership=world.own.dealership, name="Budi Santoso")
    return made


@pytest.fixture
def tab(tab_for: Open, world: World, budi: Customer) -> Tab:
    found = tab_for(world.own.people["owner"])
    found.load(reverse("addresses-new"))
    return found


def box_of(tab: Tab) -> Locator:
    return tab.page.get_by_role("combobox", name=re.compile("customer", re.IGNORECASE))


def test_a_row_is_found_and_chosen_by_keys(tab: Tab, budi: Customer) -> None:
    page, box = tab.page, box_of(tab)
    tab.inspect()
    tab_to(page, box)
    page.keyboard.type("budi")
    options = page.locator(".lookup [role=option][data-pk]")
    expect(options).to_have_count(2)
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    first = options.first
    expect(first).to_have_attribute("aria-selected", "true")
    expect(box).to_have_attribute("aria-activedescendant", str(first.get_attribute("id")))
    tab.inspect()
    page.keyboard.press("Escape")
    expect(options.first).to_be_hidden()
    expect(box).to_have_value("budi")
    page.keyboard.press("ArrowDown")
    expect(options.first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(box).to_have_value(f"Budi Santoso #{budi.pk}")
    expect(box).to_have_attribute("aria-expanded", "false")
    page.get_by_label("Street").fill("Jalan Merdeka 1")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("is saved").wait_for()
    assert Address.objects.filter(customer=budi, street="Jalan Merdeka 1").exists()


def test_options_are_large_enough_for_a_finger_and_chosen_by_it(tab: Tab, budi: Customer) -> None:
    tab.put_on(Look(looks.NARROW))
    box = box_of(tab)
    box.fill("santoso")
    option = tab.page.locator(".lookup [role=option][data-pk]").first
    expect(option).to_be_visible()
    size = option.bounding_box()
    assert size is not None
    assert size["height"] >= looks.FINGER
    option.click()
    expect(box).to_have_value(f"Budi Santoso #{budi.pk}")


def test_several_are_chosen_one_after_the_other(tab: Tab, world: World) -> None:
    for model in ("Vario", "Scoopy"):
        VehicleFactory(dealership=world.own.dealership, model=model)
    page = tab.page
    tab.load(reverse("leads-new"))
    box = page.locator(".lookup-several [data-lookup]")
    for model in ("vario", "scoopy"):
        tab_to(page, box)
        page.keyboard.type(model)
        expect(
            page.locator(".lookup [role=option][data-pk]", has_text=re.compile(model, re.IGNORECASE))
        ).to_be_visible()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        expect(box).to_have_value("")
    expect(page.locator(".lookup-several input[type=checkbox]:checked")).to_have_count(2)
    tab.inspect()
