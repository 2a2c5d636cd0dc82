"""Axes of charts: round ticks that hold every value, and where a value lies between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from django.utils.formats import number_format
from django.utils.translation import pgettext

Number = int | Decimal
ROUND = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
"""What a step may begin with."""


@dataclass(frozen=True)
class Scale:
    """An axis from its lowest tick to its highest."""

    ticks: tuple[Decimal, ...]

    def share(self, value: Number) -> float:
        """How far up the axis a value lies, from 0 to 1."""
        low, high = self.ticks[0], self.ticks[-1]
        return float((value - low) / (high - low))


def scale(values: Iterable[Number], about: int = 4) -> Scale:
    """Round ticks, some `about` of them, from 0 or below the lowest value up to the highest or above."""
    found = [Decimal(0), *map(Decimal, values)]
    low, high = min(found), max(found)
    step = round_step((high - low) / about, whole=all(value == value.to_integral_value() for value in found))
    first = (low / step).to_integral_value(ROUND_FLOOR)
    last = max((high / step).to_integral_value(ROUND_CEILING), first + 1)
    return Scale(tuple(step * number for number in range(int(first), int(last) + 1)))


def round_step(least: Decimal, *, whole: bool) -> Decimal:
    """The next round step that is no smaller; of whole numbers it is one itself."""
    if least <= 0:
        return Decimal(1)
    ten = Decimal(1).scaleb(least.adjusted())
    step = next(ten * begin for begin in ROUND if ten * begin >= least)
    return max(step, Decimal(1)).to_integral_value(ROUND_CEILING) if whole else step


def short(value: Number) -> str:
    """A number in few letters: 12M, 1.5B; as it is below ten thousand."""
    found = Decimal(value)
    if abs(found) < 10_000:
        places = 0 if found == found.to_integral_value() else 2
        return number_format(found, places, use_l10n=True, force_grouping=True)
    texts = {
        12: pgettext("short for 1,000,000,000,000", "%(number)sT"),
        9: pgettext("short for 1,000,000,000", "%(number)sB"),
        6: pgettext("short for 1,000,000", "%(number)sM"),
        3: pgettext("short for 1,000", "%(number)sk"),
    }
    digits = next(digits for digits in texts if abs(found) >= 10**digits)
    few = round(found.scaleb(-digits), 1)
    return texts[digits] % {"number": number_format(few, 0 if few == int(few) else 1, use_l10n=True)}
