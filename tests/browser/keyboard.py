"""A person without a mouse: goes from stop to stop, and sees at each where they are."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Locator, Page

from tests.browser.tab import SCRIPTS

FARTHEST = 300
"""Stops of a page at most."""
AFRESH = "() => { window.browserTestStops = new Set(); }"
FROM_THE_TOP = "() => { window.browserTestStops = new Set(); document.activeElement?.blur(); }"
HAS_FOCUS = "(it) => it === document.activeElement"


@dataclass(frozen=True)
class Stop:
    """What has the focus."""

    name: str
    known: bool
    """Whether it had it before on this round."""


def tab_to(page: Page, target: Locator | str, *, key: str = "Tab") -> Locator:
    """Press Tab (or Shift+Tab, or an arrow) until the element, or one of this name, has the focus; returns it.

    Every stop on the way shows a ring, and nothing covers it.
    """
    page.evaluate(AFRESH)
    names: list[str] = []
    for _ in range(FARTHEST):
        stop = press(page, key)
        if stop is None:
            continue  # the browser's own bar, once in each round
        if stop.name == target if isinstance(target, str) else target.evaluate(HAS_FOCUS):
            return page.locator("*:focus")
        if stop.known:
            break
        names.append(stop.name)
    raise AssertionError(f"{key} does not lead to {target!r}; it leads to {names}")


def walk(page: Page) -> list[str]:
    """Tab once around the page: every stop shows a ring, nothing covers one, and nothing is left out.

    Returns the names of the stops.
    """
    page.evaluate(FROM_THE_TOP)
    names: list[str] = []
    while (stop := press(page, "Tab")) and not stop.known:
        names.append(stop.name)
    missed = page.evaluate(SCRIPTS["missed"])
    assert not missed, f"Tab leads past {missed}; it leads to {names}"
    return names


def press(page: Page, key: str) -> Stop | None:
    """Press a key and look where the focus is then; None for the page itself."""
    page.keyboard.press(key)
    found = page.evaluate(SCRIPTS["stop"])
    if found is None:
        return None
    assert found["ringed"], f"nobody sees that {found['name']!r} has the focus"
    assert not found["covered"], f"something covers {found['name']!r} while it has the focus"
    return Stop(found["name"], found["known"])
