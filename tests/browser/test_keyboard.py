"""Whoever has no mouse reaches everything, and always sees where they are."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Open
from tests.browser.keyboard import tab_to, walk
from tests.tenancy.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_link_and_button_of_the_first_page_is_a_stop(tab_for: Open, world: World) -> None:
    tab = tab_for(world.own.people["owner"])
    tab.load("/")
    assert "Forecourt" in walk(tab.page)


def test_every_field_of_the_sign_in_is_a_stop(tab_for: Open) -> None:
    tab = tab_for()
    tab.load("/accounts/login/")
    assert "Sign in" in walk(tab.page)


def test_a_stop_that_nobody_sees_does_not_pass(tab_for: Open) -> None:
    tab = tab_for()
    tab.load("/flawed/no-ring")
    with pytest.raises(AssertionError, match="nobody sees that 'Go' has the focus"):
        walk(tab.page)


def test_what_tab_leads_past_does_not_pass(tab_for: Open) -> None:
    tab = tab_for()
    tab.load("/flawed/trap")
    with pytest.raises(AssertionError, match=r"Tab leads past .*After"):
        walk(tab.page)
    with pytest.raises(AssertionError, match="Tab does not lead to 'After'"):
        tab_to(tab.page, "After")
