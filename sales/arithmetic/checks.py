"""Whether an offer can be calculated."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import get_args

from django.utils.translation import gettext_lazy as _

from sales.arithmetic.numbers import LARGEST
from sales.arithmetic.offer import Kind, Method, Offer
from sales.arithmetic.prices import added, due_of, parts
from sales.arithmetic.refusals import over
from sales.arithmetic.values import check_above_zero, check_amount, check_choice, check_number, check_term, step_of


def check(offer: Offer) -> None:
    """Raises BadOffer for whatever is wrong with a value or with two of them together."""
    step_of(offer.currency)
    for field, value in amounts(offer):
        check_amount(field, value, offer.currency)
    for field, value, most in rates(offer):
        check_number(field, value, most, 6)
    if offer.discount > offer.price:
        words = _("%(name)s: %(value)s is more than the price of %(most)s; lower it")
        raise over("discount", words, offer.discount, offer.price, offer.currency)
    for place, line in enumerate(offer.lines):
        check_choice(f"lines.{place}.kind", line.kind, get_args(Kind))
        check_number(f"lines.{place}.quantity", line.quantity, LARGEST, 6)
        check_above_zero(f"lines.{place}.quantity", line.quantity)
    for place, deposit in enumerate(offer.deposits):
        check_above_zero(f"deposits.{place}", deposit)
    if offer.finance:
        check_choice("finance.method", offer.finance.method, get_args(Method))
        check_term(offer.finance.term)
    vehicle, lines = parts(offer)
    for field, value in ("total", added([vehicle, *lines]).gross), ("due", abs(due_of(offer))):
        check_amount(field, value, offer.currency)


def amounts(offer: Offer) -> Iterator[tuple[str, Decimal]]:
    """Every amount of money with its field."""
    yield "price", offer.price
    yield "discount", offer.discount
    if offer.cost is not None:
        yield "cost", offer.cost
    for place, line in enumerate(offer.lines):
        yield f"lines.{place}.unit_price", line.unit_price
        yield f"lines.{place}.unit_cost", line.unit_cost
    for place, trade_in in enumerate(offer.trade_ins):
        yield f"trade_ins.{place}.allowance", trade_in.allowance
        yield f"trade_ins.{place}.payoff", trade_in.payoff
    for place, deposit in enumerate(offer.deposits):
        yield f"deposits.{place}", deposit
    if offer.finance:
        yield "finance.down_payment", offer.finance.down_payment
        yield "finance.balloon", offer.finance.balloon


def rates(offer: Offer) -> Iterator[tuple[str, Decimal, Decimal]]:
    """Every percentage with its field and the most that it may be; taxes on luxury goods exceed a hundred."""
    yield "tax_rate", offer.tax_rate, Decimal(1000)
    yield "commission_rate", offer.commission_rate, Decimal(100)
    for place, line in enumerate(offer.lines):
        yield f"lines.{place}.tax_rate", line.tax_rate, Decimal(1000)
    if offer.finance:
        yield "finance.rate", offer.finance.rate, Decimal(100)
