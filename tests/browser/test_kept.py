"""A browser keeps no page: the next who sits down at it finds nothing of whoever sat there before."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Open
from tests.browser.kept import kept
from tests.tenancy.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_no_storage_of_the_browser_holds_a_page(tab_for: Open, world: World) -> None:
    tab = tab_for(world.own.people["owner"], service_workers="allow")
    for path in ("/", "/accounts/sessions/", "/"):
        tab.load(path)
    assert kept(tab.page).pages("/offline") == []


def test_what_a_browser_keeps_is_found(tab_for: Open) -> None:
    tab = tab_for()
    tab.load("/flawed/none")
    tab.page.evaluate(
        """
        async () => {
          const cache = await caches.open("a");
          for (const path of ["/static/a.css", "/offline", "/records/"]) await cache.put(path, new Response("x"));
          sessionStorage.setItem("history", "<main>Somebody</main>");
          localStorage.setItem("theme", "dark");
        }
        """
    )
    assert kept(tab.page).pages("/offline") == ["/records/", "history"]
