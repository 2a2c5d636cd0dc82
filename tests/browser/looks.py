"""The sizes and colours in which every page is looked at."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from playwright.sync_api import Page

DESK, PHONE, NARROW = (1440, 900), (390, 844), (320, 640)
"""Width and height of the window; 320 is a desk's window at 400 %, and the smallest phone."""
FINGER = 44
"""The least width and height of what a finger hits, in pixels."""

Scheme = Literal["light", "dark"]


@dataclass(frozen=True)
class Look:
    size: tuple[int, int]
    scheme: Scheme = "light"
    forced: bool = False
    """Whether the person chose the colours of everything."""

    @property
    def by_touch(self) -> bool:
        return self.size != DESK

    def __str__(self) -> str:
        width, height = self.size
        return f"{width}x{height} {'forced colours' if self.forced else self.scheme}"


FIRST = Look(DESK)
EVERY = (FIRST, Look(DESK, "dark"), Look(PHONE, "dark"), Look(PHONE))
"""In the order that changes least from one to the next."""
FORCED = Look(PHONE, forced=True)


def put_on(page: Page, look: Look) -> None:
    """Let the page look so, without loading it again."""
    width, height = look.size
    if page.viewport_size != {"width": width, "height": height}:
        page.set_viewport_size({"width": width, "height": height})
    page.emulate_media(color_scheme=look.scheme, forced_colors="active" if look.forced else "none")
    with devtools(page) as session:
        session.send("Emulation.setTouchEmulationEnabled", {"enabled": look.by_touch})


@contextmanager
def devtools(page: Page) -> Iterator:
    session = page.context.new_cdp_session(page)
    try:
        yield session
    finally:
        session.detach()
