"""How soon a page stands on the screen: a browser of its own, a server of its own, nothing kept from before."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from playwright.sync_api import Browser, sync_playwright

from dealers.models import User
from tests.browser import chromium, figures, looks, site
from tests.browser.sessions import session_of
from tests.browser.tab import Tab

LOADS = 7


def first_paints(user: User, path: str) -> tuple[list[float], list[float]]:
    """Milliseconds until something of a page is seen: on this machine, and on a slow phone with a slow line."""
    session = session_of(user)
    with tempfile.TemporaryDirectory(prefix="forecourt-") as folder:
        env = {**os.environ, "STATIC_ROOT": f"{folder}/static", "DJANGO_SETTINGS_MODULE": "tests.browser.settings"}
        site.collect(Path(env["STATIC_ROOT"]), env)
        with site.serving(env, Path(folder) / "log") as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium.path(), args=list(chromium.ARGUMENTS))

            def tab() -> Tab:
                return signed_in(browser, address, session)

            plain(tab, path)  # warms the server
            here = [plain(tab, path) for _ in range(LOADS)]
            slow = [figures.once(tab(), path, 200).first_paint * 1000 for _ in range(LOADS)]
            browser.close()
    return sorted(here), sorted(slow)


def signed_in(browser: Browser, address: str, session: str) -> Tab:
    width, height = looks.FIRST.size
    context = browser.new_context(viewport={"width": width, "height": height}, service_workers="block")
    context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": address}])
    return Tab(context.new_page(), address)


def plain(tab: Callable[[], Tab], path: str) -> float:
    opened = tab()
    opened.load(path)
    first: float = opened.page.evaluate(figures.PAINTS)[0]
    opened.page.context.close()
    return first


def told(times: list[float]) -> tuple[str, str]:
    """The median, and the slowest."""
    return f"{statistics.median(times):.0f}", f"{times[-1]:.0f}"
