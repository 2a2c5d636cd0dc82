"""Every page, at every size and in every colour: no error, no refused script, no fault of axe's, within its budget."""

from __future__ import annotations

import pytest

from tests.browser import looks, pages
from tests.browser.conftest import Open
from tests.browser.looks import Look
from tests.browser.pages import LEADS_ELSEWHERE, Place
from tests.tenancy.conftest import Built, made_once
from tests.tenancy.surfaces import routes
from tests.tenancy.world import World

pytestmark = pytest.mark.django_db(transaction=True)

FIRST_VISIT = 120 * 1024
"""Bytes over the wire of a page with all it needs, when nothing of it is kept yet."""
SHIFT = 0.05


@pytest.fixture(scope="module")
def furnished_before() -> Built:
    """Of the world with what pages show beside."""
    return []


@pytest.fixture
def furnished(transactional_db: None, request: pytest.FixtureRequest, furnished_before: Built) -> World:
    """The world with what pages show beside, committed."""
    made = made_once(furnished_before, lambda: pages.furnish(request.getfixturevalue("world")))
    pages.lay_out_photos()
    return made


@pytest.mark.parametrize("place", pages.places(), ids=str)
def test_every_page_keeps_the_rules(tab_for: Open, warm_tab_for: Open, furnished: World, place: Place) -> None:
    path = place.path(furnished)
    first, *others = place.visitors(furnished)
    tab = warm_tab_for(first)
    answer = tab.page.request.get(f"{tab.site}{path}", max_redirects=0)
    if place.surface.name in LEADS_ELSEWHERE:
        assert answer.status != 200, f"{path} is a page: take it out of tests/browser/pages.py"
        return
    if not pages.is_page(answer):
        return
    assert answer.status == 200, f"{path} answers {answer.status}: say in tests/browser/pages.py why, or mend it"
    if not place.is_first:
        tab.visit(path, look=Look(looks.PHONE, "dark"))
        return
    loaded = tab_for(first).visit(path, everywhere=True)
    assert loaded.bytes <= FIRST_VISIT, f"{path} takes {loaded.bytes} bytes: {loaded.transferred}"
    assert loaded.shift <= SHIFT, f"{path} moves by {loaded.shift:.3f} while it loads"
    for other in others:
        warm_tab_for(other).visit(path, look=Look(looks.PHONE, "dark"))


def test_what_is_said_of_addresses_is_said_of_addresses_that_there_are() -> None:
    assert {*LEADS_ELSEWHERE, *pages.PLACES} <= {name for name, _, _ in routes()}
