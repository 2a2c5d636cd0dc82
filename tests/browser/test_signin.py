"""Signing in through the page, by keyboard alone."""

from __future__ import annotations

import pytest
from allauth.usersessions.models import UserSession

from dealers.models import User
from tests.browser.conftest import Open
from tests.browser.keyboard import tab_to
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)


def test_somebody_signs_in_by_keyboard_and_lands_where_they_wanted_to_go(tab_for: Open, alice: User) -> None:
    tab = tab_for()
    page = tab.page
    page.goto(f"{tab.site}/accounts/factors/")
    assert page.url == f"{tab.site}/accounts/login/?next=/accounts/factors/"
    tab_to(page, page.locator("input[name=login]"))
    page.keyboard.type(alice.email)
    tab_to(page, page.locator("input[name=password]"))
    page.keyboard.type(PASSWORD)
    with page.expect_navigation(url=f"{tab.site}/accounts/factors/"):
        page.keyboard.press("Enter")
    tab.inspect()
    assert UserSession.objects.filter(user=alice).count() == 1


def test_a_wrong_password_is_told_on_a_page_that_keeps_the_rules(tab_for: Open, alice: User) -> None:
    tab = tab_for()
    tab.visit("/accounts/login/")
    tab.page.locator("input[name=login]").fill(alice.email)
    tab.page.locator("input[name=password]").fill("not the password")
    tab.page.locator("input[name=password]").press("Enter")
    tab.page.get_by_text("not correct").wait_for()
    tab.inspect_everywhere()
