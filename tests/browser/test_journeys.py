"""What people come for, from its beginning to its end, without a mouse."""

from __future__ import annotations

import csv
import json
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Locator, Page, Route

from dealers.models import Flag
from ingestion.documents import digest
from ingestion.job_types import JOB_TYPES
from ingestion.models import Backfill, Feed, QuarantinedRecord, Run
from tests.browser.conftest import Open
from tests.browser.kept import kept, wait_for_worker
from tests.browser.keyboard import tab_to
from tests.browser.tab import Tab
from tests.factories import QuarantineFactory, RunFactory, record_of
from tests.tenancy.world import OWN_CODE, World

pytestmark = pytest.mark.django_db(transaction=True)
WORK_ORDERS = JOB_TYPES["pkb"]
SEARCH = "**/search/*"


@pytest.fixture
def tab(tab_for: Open, world: World) -> Tab:
    """The dealer's own, who may do all of this."""
    return tab_for(world.own.people["owner"])


def goes(page: Page, target: Locator, key: str = "Enter") -> None:
    """Tab to what leads elsewhere, press a key, and wait for the page that it leads to."""
    tab_to(page, target)
    with page.expect_navigation():
        page.keyboard.press(key)


def button(page: Page, name: str, within: str = "main") -> Locator:
    return page.locator(within).get_by_role("button", name=name, exact=True)


def asked(page: Page) -> dict[str, list[str]]:
    """What stands in the address."""
    return parse_qs(urlsplit(page.url).query)


def keys(page: Page) -> list[str]:
    """The first cell of each row of a list."""
    return [text.strip() for text in page.locator("#rows tbody th[scope=row] > a").all_inner_texts()]


# -- finding


def test_a_record_is_found_from_any_page(tab: Tab, world: World) -> None:
    record = world.own.row(WORK_ORDERS.record)
    key = getattr(record, WORK_ORDERS.key)
    page = tab.page
    tab.load("/")
    page.keyboard.press("/")
    page.keyboard.type(key)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    tab.inspect()
    goes(page, page.locator(f"main a[href='/records/pkb/{record.pk}/']"))
    assert key in page.locator("h1").inner_text()
    tab.inspect()


def test_the_palette_leads_to_what_the_arrows_choose(tab: Tab, world: World) -> None:
    Flag.objects.create(dealership=world.own.dealership, name="command_palette", is_on=True)
    page = tab.page
    tab.load("/")
    page.keyboard.press("Control+k")
    palette = page.get_by_role("combobox")
    assert palette.evaluate("(it) => it === document.activeElement")
    page.keyboard.type("re")
    choices = page.get_by_role("option")
    chosen = page.locator("#palette [role=option][aria-selected=true]")
    chosen.wait_for()
    tab.inspect()
    assert choices.count() > 2
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    assert chosen.get_attribute("id") == choices.nth(1).get_attribute("id")
    assert palette.get_attribute("aria-activedescendant") == choices.nth(1).get_attribute("id")
    address = choices.nth(1).get_attribute("data-href")
    with page.expect_navigation(url=f"{tab.site}{address}"):
        page.keyboard.press("Enter")


def test_the_palette_says_so_when_it_finds_nothing(tab: Tab, world: World) -> None:
    Flag.objects.create(dealership=world.own.dealership, name="command_palette", is_on=True)
    page = tab.page
    tab.load("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("nothing is called so")
    page.get_by_text("Nothing found.").wait_for()
    page.keyboard.press("Enter")
    assert urlsplit(page.url).path == "/"
    tab.inspect()
    page.keyboard.press("Escape")
    assert not page.get_by_role("combobox").is_visible()


def test_who_types_on_while_the_palette_searches_gives_up_what_it_asked_before(tab: Tab, world: World) -> None:
    Flag.objects.create(dealership=world.own.dealership, name="command_palette", is_on=True)
    page = tab.page
    tab.load("/")
    held: list[Route] = []
    page.route(SEARCH, lambda route: route.continue_() if held else held.append(route))
    page.keyboard.press("Control+k")
    with page.expect_event("requestfailed"):
        with page.expect_request(SEARCH):
            page.keyboard.type("nothing")
        page.keyboard.type(" is called so")
    page.get_by_text("Nothing found.").wait_for()
    tab.inspect()


def test_without_its_flag_the_keys_of_the_palette_lead_to_the_search(tab: Tab) -> None:
    tab.load("/")
    tab.page.keyboard.press("Control+k")
    assert tab.page.locator("#search").evaluate("(it) => it === document.activeElement")
    assert not tab.page.locator("#palette").count()


# -- lists


def test_a_list_is_filtered_and_its_address_holds_everything(tab: Tab, world: World) -> None:
    dealership = world.own.dealership
    for number in (1, 2):
        record_of(WORK_ORDERS, dealership, lines=0, **{WORK_ORDERS.key: f"BLUE/{number}"})
    page = tab.page
    tab.load("/records/pkb/")
    everything = keys(page)
    assert len(everything) == 3
    tab_to(page, page.locator("#filter-search"))
    page.keyboard.type("blue")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert asked(page) == {"search": ["blue"]}
    assert sorted(keys(page)) == ["BLUE/1", "BLUE/2"]
    tab.inspect()

    tab_to(page, page.locator(f"#sort-{WORK_ORDERS.key}"))
    with page.expect_response(lambda answer: "ordering=" in answer.url):
        page.keyboard.press("Enter")
    page.locator("#rows th[aria-sort=ascending]").wait_for()
    assert keys(page) == ["BLUE/1", "BLUE/2"]
    assert asked(page) == {"search": ["blue"], "ordering": [WORK_ORDERS.key]}
    page.reload()
    assert keys(page) == ["BLUE/1", "BLUE/2"]
    assert page.locator("#filter-search").input_value() == "blue"

    goes(page, page.locator(".chip"))
    assert asked(page) == {"ordering": [WORK_ORDERS.key]}
    assert sorted(keys(page)) == sorted(everything)
    page.go_back()
    assert asked(page) == {"search": ["blue"], "ordering": [WORK_ORDERS.key]}
    assert keys(page) == ["BLUE/1", "BLUE/2"]


def test_the_rows_that_were_filtered_arrive_as_a_file(tab: Tab, world: World, tmp_path: Path) -> None:
    record_of(WORK_ORDERS, world.own.dealership, lines=0, **{WORK_ORDERS.key: "BLUE/1"})
    page = tab.page
    tab.load("/records/pkb/?search=blue")
    tab_to(page, button(page, "Export"))
    page.keyboard.press("Enter")
    csv_button = button(page, "CSV", "dialog[open]")
    csv_button.wait_for()
    tab.inspect()
    tab_to(page, csv_button)
    with page.expect_download() as coming:
        page.keyboard.press("Enter")
    download = coming.value
    assert download.suggested_filename.endswith(".csv")
    file = tmp_path / "rows.csv"
    download.save_as(file)
    with file.open(encoding="utf-8-sig", newline="") as opened:
        head, *rows = csv.reader(opened)
    assert len(rows) == 1
    assert "BLUE/1" in rows[0]
    assert len(head) == len(rows[0])


# -- operations


@pytest.fixture
def feed(world: World) -> Feed:
    """Of the own dealership, with no run or backfill under way."""
    return Feed.objects.get(dealership=world.own.dealership, job_type="pkb")


def test_a_failed_run_is_run_again(tab: Tab, feed: Feed) -> None:
    now = timezone.now()
    window = {"since": now - timedelta(hours=2), "until": now - timedelta(hours=1)}
    failed = RunFactory(feed=feed, state=Run.State.FAILED, error="It ended.", **window)
    page = tab.page
    tab.load("/ingestion/runs/?state=failed")
    goes(page, page.locator(f"#rows a[href='{reverse('runs-detail', args=[failed.pk])}']"))
    tab.inspect()
    goes(page, button(page, "Run again"))
    page.get_by_role("status").filter(has_text="queued").wait_for()
    again = Run.objects.exclude(pk=failed.pk).get(feed=feed, state=Run.State.QUEUED)
    assert (again.since, again.until) == (failed.since, failed.until)
    tab.inspect()


def test_a_record_in_quarantine_is_tried_again(tab: Tab, feed: Feed) -> None:
    raw = json.dumps({"noWorkOrder": "WO/QUIET", "dealerId": OWN_CODE, "namaPemilik": "O'Neil"})
    entry = QuarantineFactory(
        run=RunFactory(feed=feed),
        natural_key="WO/QUIET",
        field="namaPemilik",
        reason="'O'Neil' is no name",
        cause="… is no name",
        raw=raw,
        raw_hash=digest(raw.encode()),
    )
    page = tab.page
    tab.load(reverse("quarantine-causes"))
    goes(page, page.get_by_role("link", name="… is no name"))
    goes(page, page.locator(f"#rows a[href='{reverse('quarantined-detail', args=[entry.pk])}']"))
    assert "O'Neil" in tab.words()
    tab.inspect()
    goes(page, button(page, "Try again"))
    page.get_by_text("1 record is stored.").wait_for()
    entry.refresh_from_db()
    assert entry.state == QuarantinedRecord.State.STORED
    assert WORK_ORDERS.record.objects.get(**{WORK_ORDERS.key: "WO/QUIET"}).nama_pemilik == "O'Neil"
    tab.inspect()


def write_day(page: Page, name: str, day: date) -> None:
    """Into the browser's own field, whose order of day and month is the machine's."""
    field = tab_to(page, page.locator(f"input[name={name}]"))
    for digits in (f"{day:%m%d%Y}", f"{day:%d%m%Y}"):
        for _ in range(3):
            page.keyboard.press("ArrowLeft")
        page.keyboard.type(digits)
        if field.input_value() == f"{day}":
            return
    raise AssertionError(f"{day} cannot be written, only {field.input_value()}")


def test_a_backfill_is_estimated_started_and_cancelled(tab: Tab, feed: Feed) -> None:
    today = timezone.now().date()
    page = tab.page
    tab.load(reverse("backfills"))
    goes(page, page.get_by_role("link", name="Start backfills"))
    for box in (f"input[name=dealerships][value='{OWN_CODE}']", "input[name=job_types][value=pkb]"):
        tab_to(page, page.locator(box))
        page.keyboard.press("Space")
        assert page.locator(box).is_checked()
    write_day(page, "since", today - timedelta(days=20))
    write_day(page, "until", today - timedelta(days=2))
    tab_to(page, button(page, "Estimate"))
    page.keyboard.press("Enter")
    page.get_by_role("region", name="Estimate for each feed").wait_for()
    assert not Backfill.objects.filter(feed=feed).exists()
    tab.inspect()
    goes(page, button(page, "Start"))
    page.get_by_text("1 backfill is started.").wait_for()
    backfill = Backfill.objects.get(feed=feed)
    assert backfill.state == Backfill.State.RUNNING

    goes(page, page.locator(f"main a[href='{reverse('backfills-detail', args=[backfill.pk])}']").first)
    assert page.get_by_role("progressbar").is_visible()
    tab.inspect()
    goes(page, button(page, "Cancel"))
    page.get_by_text(f"Backfill #{backfill.pk} is cancelled.").wait_for()
    backfill.refresh_from_db()
    assert backfill.state == Backfill.State.CANCELLED
    tab.inspect()


# -- without a connection


def test_the_service_worker_keeps_static_files_and_the_offline_page_alone(tab_for: Open, world: World) -> None:
    tab = tab_for(world.own.people["owner"], service_workers="allow")
    page, offline = tab.page, reverse("offline")
    tab.load("/")
    wait_for_worker(page)
    for path in ("/records/pkb/", reverse("runs"), "/"):
        tab.load(path)
    found = kept(page)
    assert offline in found.cached
    assert any(path.endswith(".css") for path in found.cached)
    assert found.pages(offline) == []

    tab.quiet()
    page.context.set_offline(True)
    page.goto(f"{tab.site}/records/")
    page.get_by_role("heading", name="You are offline").wait_for()
    style = "() => getComputedStyle(document.querySelector('.btn.primary')).borderRadius"
    assert page.evaluate(style) != "0px", "it looks like Forecourt"
    tab.inspect()
    assert kept(page).pages(offline) == []

    page.context.set_offline(False)
    goes(page, page.get_by_role("link", name="Try again"))
    assert page.locator("h1").inner_text() == "Records"
