"""The sizes and colours in which every page is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
