"""A browser keeps no page: the next who sits down at it finds nothing of whoever sat there before."""

from __future__ import annotations

import pytest

from tests.browser import looks
from tests.browser.conftest import Open
from tests.browser.kept import kept, wait_for_worker
from tests.browser.looks import Look
from tests.tenancy.world import World

pytestmark = pytest.mark.django_db(transaction=True)


OFFLINE = "/offline/"


def test_a_browser_keeps_static_files_and_the_offline_page_alone(tab_for: Open, world: World) -> None:
    tab = tab_for(world.own.people["owner"], service_workers="allow")
    tab.load("/")
    wait_for_worker(tab.page)
    for path in ("/accounts/sessions/", "/records/", "/"):
        tab.load(path)
    found = kept(tab.page)
    assert found.pages(OFFLINE) == []
    assert OFFLINE in found.cached


def test_whoever_is_offline_is_told_so_and_sees_nothing_of_before(tab_for: Open, world: World) -> None:
    tab = tab_for(world.own.people["owner"], service_workers="allow")
    tab.load("/")
    wait_for_worker(tab.page)
    tab.load("/records/")
    seen = tab.words()
    tab.page.context.set_offline(True)
    tab.page.goto(f"{tab.site}/records/")
    assert tab.words() != seen
    assert "offline" in tab.page.title().lower()
    tab.page.context.set_offline(False)


def test_what_a_browser_keeps_is_found(tab_for: Open) -> None:
    tab = tab_for()
    tab.load("/flawed/none")
    tab.page.evaluate(
        """
        async () => {
          const cache = await caches.open("a");
          for (const path of ["/static/a.css", "/offline/", "/records/"]) await cache.put(path, new Response("x"));
          sessionStorage.setItem("history", "<main>Somebody</main>");
          localStorage.setItem("theme", "dark");
        }
        """
    )
    assert kept(tab.page).pages(OFFLINE) == ["/records/", "history"]


def test_a_tab_that_is_used_again_shows_nothing_of_before(warm_tab_for: Open, world: World) -> None:
    tab = warm_tab_for(world.own.people["owner"])
    tab.visit("/", look=Look(looks.PHONE, "dark"))
    tab.page.evaluate(
        """
        async () => {
          await (await caches.open("a")).put("/records/", new Response("x"));
          sessionStorage.setItem("history", "<main>Somebody</main>");
          localStorage.setItem("theme", "dark");
        }
        """
    )
    tab.faults.append("late")
    tab.leave()
    assert tab.page.context.cookies() == []
    assert tab.faults == []
    loaded = tab.visit("/accounts/login/")
    found = kept(tab.page)
    assert found.cached == []
    assert not {"history", "theme"} & found.stored.keys()
    assert tab.page.evaluate("() => [innerWidth, navigator.maxTouchPoints]") == [looks.DESK[0], 0]
    assert tab.page.evaluate("() => matchMedia('(prefers-color-scheme: dark)').matches") is False
    assert loaded.transferred.get("Stylesheet", 0) == 0, "it was fetched for the page before"
