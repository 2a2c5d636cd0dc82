"""The rules have teeth: a page with one fault does not pass, and one without does."""

from __future__ import annotations

import re

import pytest

from tests.browser import looks
from tests.browser.conftest import Open
from tests.browser.looks import Look

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("console", "console warning: said aloud"),
        ("page-error", "script: Cannot read properties of undefined"),
        ("policy", "policy: style-src-attr inline"),
        ("missing-file", "no-such-file.png: 404"),
        ("wide", "<svg .* reaches to 30"),
        ("spilling", r"Unbreakable\) has words \d+ wide in 44"),
        ("no-cell", "<th></th> .Head. is no cell of its table but grid"),
        ("unlabelled", r"label \(critical\)"),
        ("small-target", r"<a href=\"/\">Start</a> is \d+ x \d\d\b"),
    ],
)
def test_a_page_with_one_fault_does_not_pass(tab_for: Open, fault: str, words: str) -> None:
    tab = tab_for()
    with pytest.raises(AssertionError, match=words):
        tab.visit(f"/flawed/{fault}", look=Look(looks.PHONE))


def test_a_page_without_a_fault_passes_everywhere(tab_for: Open) -> None:
    tab = tab_for()
    tab.visit("/flawed/none")
    tab.inspect_everywhere()


def test_a_fault_that_was_meant_is_forgiven_once(tab_for: Open) -> None:
    tab = tab_for()
    tab.visit("/flawed/none")
    tab.page.evaluate("() => fetch('/flawed/no-such-page')")
    tab.forgive("no-such-page: 404")
    with pytest.raises(AssertionError, match="nothing went wrong"):
        tab.forgive("no-such-page: 404")


def test_another_answer_than_expected_does_not_pass(tab_for: Open) -> None:
    with pytest.raises(AssertionError, match=re.escape("/no/such/page/ answers 404, not 200")):
        tab_for().visit("/no/such/page/")
