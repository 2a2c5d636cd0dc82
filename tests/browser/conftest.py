"""A browser, a server of its own beside it, and a world of two dealerships that both look at."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from dealers.models import User
from tests.browser import axe, chromium, looks, site
from tests.browser.sessions import session_of
from tests.browser.tab import Tab
from tests.tenancy.conftest import built, world

__all__ = ["built", "world"]
"""The world of the tests of the isolation serves these as well."""

Open = Callable[..., Tab]


@pytest.fixture(scope="package")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where Forecourt is served from this process's database, with static files as in production."""
    static = Path(os.environ["STATIC_ROOT"]) / "browser"
    env = {**os.environ, "STATIC_ROOT": str(static), "DJANGO_SETTINGS_MODULE": "tests.browser.settings"}
    site.collect(static, env)
    with site.serving(env, tmp_path_factory.mktemp("site") / "log") as found:
        yield found


@pytest.fixture(scope="package")
def browser(address: str) -> Iterator[Browser]:
    """One for all tests of this process; the server is started before, for a fork wants no other thread.

    Playwright keeps an event loop in this thread, which Django would take for a reason to refuse every query.
    """
    try:
        program = chromium.path()
    except chromium.NoBrowser as missing:
        pytest.fail(str(missing), pytrace=False)
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        found = playwright.chromium.launch(executable_path=program, args=list(chromium.ARGUMENTS))
        yield found
        found.close()


@pytest.fixture(autouse=True)
def _patience() -> None:
    """Tries of one test do not count in the next."""
    cache.clear()


def new_context(browser: Browser, service_workers: str = "block") -> BrowserContext:
    """As good as a browser of its own, which knows nothing yet."""
    width, height = looks.FIRST.size
    return browser.new_context(
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        locale="en-GB",
        timezone_id="Asia/Jakarta",
        service_workers=service_workers,  # type: ignore[arg-type]
    )


def sign_in(context: BrowserContext, user: User, address: str) -> None:
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session_of(user), "url": address}])


@pytest.fixture
def page_for(browser: Browser, address: str, transactional_db: None) -> Iterator[Callable[..., Page]]:
    """A page in a browser of its own, with somebody signed in or nobody."""
    opened = []

    def opening(user: User | None = None, *, service_workers: str = "block") -> Page:
        context = new_context(browser, service_workers)
        opened.append(context)
        if user is not None:
            sign_in(context, user, address)
        return context.new_page()

    yield opening
    for context in opened:
        context.close()


@pytest.fixture
def tab_for(page_for: Callable[..., Page], address: str) -> Iterator[Open]:
    """A tab with somebody signed in or nobody; what went wrong in it unseen fails the test in the end."""
    opened = []

    def opening(user: User | None = None, **more: str) -> Tab:
        opened.append(Tab(page_for(user, **more), address))
        return opened[-1]

    yield opening
    for tab in opened:
        tab.quiet()


@pytest.fixture(scope="package")
def warm_tabs(browser: Browser) -> list[Tab]:
    """Of this browser, those that nobody has open now: they know the static files, and bring axe along."""
    return []


@pytest.fixture
def warm_tab_for(
    browser: Browser, address: str, transactional_db: None, warm_tabs: list[Tab]
) -> Iterator[Callable[[User | None], Tab]]:
    """As `tab_for`, but what the tests before fetched of static files is there: the next test uses the tab again."""
    opened = []

    def opening(user: User | None) -> Tab:
        tab = warm_tabs.pop() if warm_tabs else warm_tab(browser, address)
        opened.append(tab)
        if user is not None:
            sign_in(tab.page.context, user, address)
        return tab

    yield opening
    for tab in opened:
        tab.quiet()
        tab.leave()
        warm_tabs.append(tab)


def warm_tab(browser: Browser, address: str) -> Tab:
    page = new_context(browser).new_page()
    page.add_init_script(path=axe.SOURCE)
    return Tab(page, address)
