"""What must change for a payment that somebody can pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import get_args

from django.utils.translation import gettext_lazy as _

from sales.arithmetic.checks import check
from sales.arithmetic.finance import financed, payment_of
from sales.arithmetic.numbers import LONGEST, ZERO, first, precisely
from sales.arithmetic.offer import Finance, Lever, Offer
from sales.arithmetic.prices import due_of
from sales.arithmetic.refusals import NO_FINANCE, BadOffer, lazy_money, lazy_number
from sales.arithmetic.values import check_amount, check_term, step_of


@precisely
def roll(offer: Offer, target_payment: Decimal, by: Lever) -> Offer:
    """The offer with as little more discount, down payment or term as brings its payment down to `target_payment`.

    One that is there already stays as it is. Raises BadOffer, which tells the nearest payment, if nothing gets there.
    """
    check(offer)
    check_amount("target_payment", target_payment, offer.currency)
    if by not in get_args(Lever):
        raise ValueError(f"{by} is none of {get_args(Lever)}")
    if offer.finance is None:
        raise BadOffer("finance", NO_FINANCE)
    financed(due_of(offer), offer.finance, offer.currency)
    if by == "term":
        found = longer(offer, offer.finance, target_payment)
    else:
        found = cheaper(offer, offer.finance, target_payment, by)
    nearest = payment_of(found)
    if nearest is not None and nearest <= target_payment:
        return found
    raise out_of_reach(found, target_payment, by)


@precisely
def term_by_down(
    offer: Offer, terms: Sequence[int], downs: Sequence[Decimal]
) -> tuple[tuple[Decimal | None, ...], ...]:
    """The monthly payment, a row for each term (months) and in it one for each down payment.

    None where what would be financed is below zero or the balloon. Raises BadOffer.
    """
    if offer.finance is None:
        raise BadOffer("finance", NO_FINANCE)
    for down in downs:
        check_amount("finance.down_payment", down, offer.currency)
    for term in terms:
        check_term(term)
    check(offer)
    finances = [[replace(offer.finance, term=term, down_payment=down) for down in downs] for term in terms]
    return tuple(tuple(payment_of(replace(offer, finance=finance)) for finance in row) for row in finances)


def cheaper(offer: Offer, finance: Finance, target: Decimal, by: Lever) -> Offer:
    """The first offer at the target, else the last that the finance fits: more of either never raises the payment."""
    step = step_of(offer.currency)

    def changed(units: int) -> Offer:
        if by == "discount":
            return replace(offer, discount=units * step)
        return replace(offer, finance=replace(finance, down_payment=units * step))

    def there(units: int) -> bool:
        payment = payment_of(changed(units))
        return payment is None or payment <= target

    begin, end = (offer.discount, offer.price) if by == "discount" else (finance.down_payment, due_of(offer))
    low, high = int(begin / step), int(end / step)
    found = first(low, high + 1, there)
    fits = found <= high and payment_of(changed(found)) is not None
    return changed(found if fits else found - 1)


def longer(offer: Offer, finance: Finance, target: Decimal) -> Offer:
    """The first offer at the target, else the one nearest to it."""
    # Flat interest, being rounded, can raise the payment by the smallest unit from one term to the next: no bisection.
    offers = [replace(offer, finance=replace(finance, term=term)) for term in range(finance.term, LONGEST + 1)]
    payments = [payment_of(each) or ZERO for each in offers]
    return offers[next((place for place, each in enumerate(payments) if each <= target), payments.index(min(payments)))]


def out_of_reach(nearest: Offer, target: Decimal, by: Lever) -> BadOffer:
    field = "discount" if by == "discount" else f"finance.{by}"
    value = nearest.discount if by == "discount" else getattr(nearest.finance, by)
    words = _("%(name)s: nothing brings the payment down to %(target)s; the nearest is %(nearest)s, at %(value)s")
    return BadOffer(
        field,
        words,
        target=lazy_money(target, nearest.currency),
        nearest=lazy_money(payment_of(nearest), nearest.currency),
        value=lazy_number(value) if by == "term" else lazy_money(value, nearest.currency),
    )
