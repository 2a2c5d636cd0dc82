"""How precisely it is calculated, and the small tools of it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import wraps
from typing import ParamSpec, TypeVar

from config.backoffice.currencies import PRECISION

LARGEST = Decimal(10**15)
LONGEST = 120
"""Months."""
ZERO = Decimal(0)
WHOLE_YEAR = Decimal(1200)
"""Divides a percentage a year into a share a month."""
SETTLED = Context(prec=40, rounding=ROUND_HALF_UP)
"""The digits that several divisions in a row leave beyond doubt."""
P = ParamSpec("P")
R = TypeVar("R")


def precisely(work: Callable[P, R]) -> Callable[P, R]:
    """Whatever the thread's own decimal context is, `work` gets ours."""

    @wraps(work)
    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(PRECISION):
            return work(*args, **kwargs)

    return done


def rounded(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(step, ROUND_HALF_UP, PRECISION)


def summed(values: Iterable[Decimal]) -> Decimal:
    return sum(values, ZERO)


def first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The least number from `low` to `high` for which it holds, as then it does for every higher one; else `high`."""
    return low + bisect_left(range(low, high), True, key=holds)
