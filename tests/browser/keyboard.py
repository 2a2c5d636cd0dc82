"""A person without a mouse: goes from stop to stop, and sees at each where they are."""

from __future__ import annotations

from playwright.sync_api import Locator, Page

FARTHEST = 200
"""Stops after which whatever was looked for is out of reach."""
NAME = """
() => {
  const at = document.activeElement;
  if (!at || at === document.body) return "";
  const labelled = (at.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id));
  const words = [...labelled, ...(at.labels || [])].filter(Boolean).map((each) => each.textContent).join(" ");
  const name = at.getAttribute("aria-label") || words || at.textContent || at.value || at.title;
  return name.replace(/\\s+/g, " ").trim();
}
"""
RINGED = """
(at) => {
  const style = getComputedStyle(at), ring = parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== "none";
  return ring || style.boxShadow !== "none" || at.matches("html, body");
}
"""
UNCOVERED = """
(at) => {
  at.scrollIntoView({ block: "nearest" });
  const box = at.getBoundingClientRect();
  if (box.width <= 1 || box.height <= 1) return true;
  const top = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height / 2, 20));
  return !top || at.contains(top) || top.contains(at) || [...(at.labels || [])].some((each) => each.contains(top));
}
"""


def tab_to(page: Page, target: Locator | str, *, key: str = "Tab") -> Locator:
    """Press Tab (or Shift+Tab, or an arrow) until the element or whatever has this name has the focus.

    Every stop on the way shows a ring, and nothing covers it.
    """
    stops: list[str] = []
    for _ in range(FARTHEST):
        page.keyboard.press(key)
        at = page.locator("*:focus")
        if at.count() == 0:
            continue  # the browser's own bar, once in each round
        name = page.evaluate(NAME)
        assert at.first.evaluate(RINGED), f"nobody sees that {name!r} has the focus"
        assert at.first.evaluate(UNCOVERED), f"something covers {name!r} while it has the focus"
        if name == target if isinstance(target, str) else target.evaluate("(it) => it === document.activeElement"):
            return at.first
        stops.append(name)
    raise AssertionError(f"Tab does not lead to {target!r}; it leads to {list(dict.fromkeys(stops))}")


def focused(page: Page) -> str:
    """The name of what has the focus."""
    return str(page.evaluate(NAME))
