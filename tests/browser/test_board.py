"""The board of leads, moved without a mouse."""

from __future__ import annotations

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, expect

from crm.models import Lead
from tests.browser.conftest import Open
from tests.browser.keyboard import tab_to
from tests.browser.tab import Tab
from tests.factories import LeadFactory
from tests.tenancy.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lead(world: World) -> Lead:
    made: Lead = LeadFactory(dealership=world.own.dealership, name="Agus Salim", budget=21_000_000)
    made.contact()
    return made


@pytest.fixture
def board(tab_for: Open, world: World, lead: Lead) -> Tab:
    """The board, before the dealer's own."""
    tab = tab_for(world.own.people["owner"])
    tab.load(reverse("pipeline"))
    return tab


def card_in(tab: Tab, status: str) -> Locator:
    return tab.page.locator(f'.col[data-status="{status}"] .job', has_text="Agus Salim")


def choose(tab: Tab, name: str) -> None:
    choice = tab.page.locator("dialog:modal").get_by_role("button", name=name, exact=True)
    tab_to(tab.page, choice)
    tab.page.keyboard.press("Enter")


def test_a_card_is_moved_by_its_dialog_and_keeps_the_focus(board: Tab, lead: Lead) -> None:
    page, mover = board.page, card_in(board, "contacted").locator("[data-mover]")
    board.inspect()
    tab_to(page, mover)
    page.keyboard.press("Enter")
    expect(page.locator("dialog:modal h2")).to_contain_text("Move to… Agus Salim")
    board.inspect()
    page.keyboard.press("Escape")
    expect(mover).to_be_focused()
    page.keyboard.press("m")
    choose(board, "Negotiation")
    expect(page.locator(".toast")).to_contain_text("Agus Salim: negotiation")
    expect(card_in(board, "negotiation").locator("[data-mover]")).to_be_focused()
    expect(page.locator('.col[data-status="negotiation"] [data-sum]')).to_have_text("Rp21,000,000")
    lead.refresh_from_db()
    assert lead.status == "negotiation"
    board.inspect()


def test_a_lost_card_is_asked_for_its_reason(board: Tab, lead: Lead) -> None:
    page = board.page
    tab_to(page, card_in(board, "contacted").locator("[data-mover]"))
    page.keyboard.press("m")
    choose(board, "Lost")
    reason = page.get_by_label("Lost because")
    tab_to(page, reason)
    page.keyboard.type("bought")
    board.inspect()
    choose(board, "Lose")
    expect(card_in(board, "lost")).to_be_visible()
    expect(card_in(board, "lost").locator("[data-mover]")).to_have_count(0)
    lead.refresh_from_db()
    assert (lead.status, lead.lost_reason) == ("lost", "competitor")


def test_a_card_that_is_dragged_where_no_way_leads_goes_back(board: Tab, lead: Lead) -> None:
    page = board.page
    Lead.objects.filter(pk=lead.pk).update(status="negotiation")  # somebody else, meanwhile
    card_in(board, "contacted").drag_to(page.locator('.col[data-status="test_drive"] > header'))
    expect(page.locator(".toast.bad")).to_contain_text("Somebody has moved")
    expect(card_in(board, "contacted")).to_be_visible()
    board.faults.clear()  # a refusal is an answer of 409
