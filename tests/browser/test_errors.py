"""Pages that say what went wrong look like the rest, and keep the rules as the rest does."""

from __future__ import annotations

import pytest

from tests.browser.broken import GOING_WRONG
from tests.browser.conftest import Open
from tests.tenancy.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("status", [404, *map(int, GOING_WRONG)])
def test_an_error_page_keeps_the_rules_and_leads_back(tab_for: Open, world: World, status: int) -> None:
    tab = tab_for(world.own.people["owner"])
    path = "/no/such/page/" if status == 404 else f"/going-wrong/{status}"
    loaded = tab.visit(path, status=status, everywhere=True)
    assert tab.page.locator("a[href='/']").count(), "it leads back"
    assert loaded.request_id in tab.words(), "whoever tells of it can say which request it was"


@pytest.mark.parametrize("status", [404, 500])
def test_a_stranger_sees_them_as_well(tab_for: Open, status: int) -> None:
    path = "/no/such/page/" if status == 404 else f"/going-wrong/{status}"
    tab_for().visit(path, status=status)
