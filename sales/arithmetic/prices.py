"""Prices and taxes, and what is due and what it cost."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from sales.arithmetic.numbers import ZERO, rounded, summed
from sales.arithmetic.offer import Offer, Priced
from sales.arithmetic.values import step_of


def parts(offer: Offer) -> tuple[Priced, tuple[Priced, ...]]:
    """The vehicle and the lines, taken apart."""
    step = step_of(offer.currency)
    vehicle = priced(offer.price - offer.discount, offer.tax_rate, offer.tax_inclusive, step)
    return vehicle, tuple(
        priced(line.quantity * line.unit_price, line.tax_rate, line.tax_inclusive, step) for line in offer.lines
    )


def priced(price: Decimal, rate: Decimal, inclusive: bool, step: Decimal) -> Priced:
    """An inclusive tax is taken out of the price, so that people pay what was typed; an exclusive one is added."""
    price = rounded(price, step)
    if inclusive:
        tax = rounded(price * rate / (100 + rate), step)
        return Priced(rate, price - tax, tax, price)
    tax = rounded(price * rate / 100, step)
    return Priced(rate, price, tax, price + tax)


def added(prices: Iterable[Priced], rate: Decimal = ZERO) -> Priced:
    several = list(prices)
    return Priced(
        rate,
        summed(each.net for each in several),
        summed(each.tax for each in several),
        summed(each.gross for each in several),
    )


def by_rate(prices: Sequence[Priced]) -> tuple[Priced, ...]:
    rates = sorted({each.rate for each in prices})
    return tuple(added((each for each in prices if each.rate == rate), rate) for rate in rates)


def due_of(offer: Offer) -> Decimal:
    """What is left to pay after what was traded in and paid already."""
    vehicle, lines = parts(offer)
    total = added([vehicle, *lines]).gross
    return total - summed(each.equity for each in offer.trade_ins) - summed(offer.deposits)


def cost_of(offer: Offer) -> Decimal | None:
    if offer.cost is None:
        return None
    step = step_of(offer.currency)
    return rounded(offer.cost, step) + summed(rounded(line.quantity * line.unit_cost, step) for line in offer.lines)
