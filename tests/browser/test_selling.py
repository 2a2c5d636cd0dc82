"""A day of selling: a lead is delivered as a deal, an offer accepted on a phone, photos, a merge and its undoing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from crm import lead_services
from crm.models import Customer
from inventory.models import Vehicle
from sales import documents, links, scenarios, stages
from sales.models import Deal
from tests.browser import looks
from tests.browser.conftest import Open
from tests.browser.keyboard import tab_to
from tests.browser.looks import Look
from tests.browser.tab import Tab
from tests.factories import ContactPointFactory, CustomerFactory, DealFactory, LeadFactory, VehicleFactory
from tests.inventory.conftest import jpeg
from tests.tenancy.world import World

pytestmark = pytest.mark.django_db(transaction=True)
PHOTOS = 40


@pytest.fixture
def tab(tab_for: Open, world: World) -> Tab:
    """The dealer's own, who may do all of this."""
    return tab_for(world.own.people["owner"])


@pytest.fixture
def vehicle(world: World) -> Vehicle:
    made: Vehicle = VehicleFactory(
        dealership=world.own.dealership,
        model="Scoopy",
        asking_price=Decimal(22_000_000),
        minimum_price=Decimal(20_000_000),
    )
    return made


def goes(page: Page, target: Locator) -> None:
    """By keyboard to what leads elsewhere, and there."""
    tab_to(page, target)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def button(page: Page, name: str) -> Locator:
    return page.locator("main").get_by_role("button", name=name, exact=True)


def link(page: Page, name: str) -> Locator:
    return page.locator("main").get_by_role("link", name=name, exact=True)


def write(page: Page, field: Locator, text: str) -> None:
    tab_to(page, field)
    page.keyboard.press("Control+a")
    page.keyboard.type(text)


def test_a_lead_becomes_a_deal_and_is_delivered_with_a_trade_in(tab: Tab, world: World, vehicle: Vehicle) -> None:
    lead = lead_services.add(
        LeadFactory.build(dealership=world.own.dealership, name="Agus Salim", phone="+6281234567890"), [vehicle]
    )
    page = tab.page
    tab.load(reverse("leads-detail", args=[lead.pk]))
    goes(page, link(page, "Make a deal"))
    tab.inspect()
    goes(page, button(page, "Make a deal"))
    deal = Deal.objects.get(lead=lead)
    assert page.url.endswith(reverse("deals-detail", args=[deal.pk]))
    expect(page.locator("#figures")).to_contain_text("22,000,000")
    tab.inspect()

    write(page, page.locator("#id_discount"), "500000")
    write(page, page.locator("#id_discount_reason"), "end of the month")
    expect(page.locator("#figures")).to_contain_text("21,500,000")
    for name, text in (("make", "Honda"), ("model", "Revo"), ("year", "2019"), ("allowance", "4500000")):
        write(page, page.locator(f"#id_trade-in-new-0-{name}"), text)
    expect(page.locator("#figures")).to_contain_text("17,000,000")
    goes(page, button(page, "Save"))
    tab.inspect()

    goes(page, button(page, "Mark as quoted"))
    goes(page, link(page, "Reserve the vehicle"))
    goes(page, button(page, "Reserve the vehicle"))
    for verb in ("Submit for approval", "Contract", "Deliver"):
        goes(page, button(page, verb))
    tab.inspect()
    deal.refresh_from_db()
    vehicle.refresh_from_db()
    traded = deal.chosen.trade_ins.get().vehicle
    assert (deal.stage, vehicle.status, traded.status) == ("delivered", "delivered", "received")
    assert deal.total == 21_500_000
    assert deal.customer.name == "Agus Salim"


def test_an_offer_is_accepted_on_a_phone(tab_for: Open, world: World, vehicle: Vehicle) -> None:
    seller = world.own.people["owner"]
    deal = DealFactory(dealership=world.own.dealership, vehicle=vehicle)
    scenarios.write(deal.chosen, by=seller, values={"price": Decimal(22_000_000)})
    stages.quote(deal, by=seller)
    token = links.make(documents.make(deal, by=seller, kind="offer", language="en"), by=seller, days=7)
    tab = tab_for()
    tab.put_on(Look(looks.PHONE))
    tab.load(reverse("offer", args=[token]))
    tab.inspect_everywhere()
    tab.put_on(Look(looks.PHONE))
    page = tab.page
    page.get_by_label("Your name").fill("Agus Salim")
    page.get_by_role("checkbox").check()
    with page.expect_navigation():
        page.get_by_role("button", name="Accept the offer").click()
    expect(page.get_by_role("status")).to_contain_text("Agus Salim accepted this on")
    tab.inspect()
    accepted = deal.links.get()
    assert (accepted.accepted_name, accepted.accepted_sha256) == ("Agus Salim", accepted.document.sha256)


def test_forty_photos_arrive_together_and_are_put_in_order(tab: Tab, vehicle: Vehicle) -> None:
    page = tab.page
    tab.load(reverse("vehicles-detail", args=[vehicle.pk]))
    pictures = [
        {"name": f"{number:02}.jpg", "mimeType": "image/jpeg", "buffer": jpeg(f"rgb({number * 6}, 90, 60)", (640, 480))}
        for number in range(PHOTOS)
    ]
    page.locator("#photo-files").set_input_files(pictures)  # type: ignore[arg-type]
    tab_to(page, button(page, "Upload"))
    page.keyboard.press("Enter")
    expect(page.locator(".thumbs > li")).to_have_count(PHOTOS, timeout=120_000)
    assert vehicle.images.count() == PHOTOS
    first = vehicle.images.order_by("position", "pk").first()
    later = page.locator(".thumbs > li").first.get_by_role("button", name="Move later")
    tab_to(page, later)
    with page.expect_response(lambda answer: answer.request.method == "POST"):
        page.keyboard.press("Enter")
    tab.settle()
    assert list(vehicle.images.order_by("position", "pk"))[1] == first
    tab.inspect()


def test_two_customers_are_merged_and_the_merge_is_undone(tab: Tab, world: World) -> None:
    stays, taken = (
        CustomerFactory(dealership=world.own.dealership, name=name, source=source)
        for name, source in (("Agus Salim", "walk_in"), ("A. Salim", "referral"))
    )
    ContactPointFactory(dealership=world.own.dealership, customer=taken, kind="phone", value="+6281234567890")
    page = tab.page
    tab.load(f"{reverse('customers-merge-with', args=[stays.pk])}?other={taken.pk}")
    tab.inspect()
    goes(page, button(page, "Merge"))
    assert page.url.endswith(reverse("customers-detail", args=[stays.pk]))
    expect(page.locator("main")).to_contain_text("+6281234567890")
    assert not Customer.objects.filter(pk=taken.pk).exists()
    goes(page, page.get_by_label("Merged customers").get_by_role("button", name="Undo"))
    tab.inspect()
    assert Customer.objects.get(pk=taken.pk).contact_points.get().value == "+6281234567890"
