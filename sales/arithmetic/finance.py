"""How what is financed is paid off: annuities and flat interest."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from sales.arithmetic.numbers import SETTLED, WHOLE_YEAR, ZERO, first, precisely, rounded
from sales.arithmetic.offer import Finance, Instalment, Offer
from sales.arithmetic.prices import due_of
from sales.arithmetic.refusals import over
from sales.arithmetic.values import step_of

RATE_STEP = Decimal("0.000001")


@precisely
def annuity(principal: Decimal, rate: Decimal, months: int, balloon: Decimal = ZERO) -> Decimal:
    """The equal payment, not rounded, at the end of each month that leaves `balloon` of the principal to the end."""
    share = rate / WHOLE_YEAR
    if not share:
        return (principal - balloon) / months
    discounting = (1 + share) ** -months
    # A payment of exactly half a unit must not be rounded down for a last digit that a division lost.
    return SETTLED.plus((principal - balloon * discounting) * share / (1 - discounting))


def financed(due: Decimal, finance: Finance, currency: str) -> Decimal:
    """The principal. Raises BadOffer if it is below zero or the balloon."""
    principal = due - finance.down_payment
    if principal < 0:
        words = _("%(name)s: %(value)s is more than the %(most)s that is due; lower it, or do without finance")
        raise over("finance.down_payment", words, finance.down_payment, due, currency)
    if finance.balloon > principal:
        words = _("%(name)s: %(value)s is more than the %(most)s that is financed; lower it, or the down payment")
        raise over("finance.balloon", words, finance.balloon, principal, currency)
    return principal


def monthly(principal: Decimal, finance: Finance, step: Decimal) -> Decimal:
    """The payment of every month but the last, which carries what rounding left."""
    if finance.method == "flat":
        owed = principal + flat_interest(principal, finance, step)
        payment = rounded((owed - finance.balloon) / finance.term, step)
    else:
        payment = rounded(annuity(principal, finance.rate, finance.term, finance.balloon), step)

    def overpays(units: int) -> bool:
        *_others, (last, _interest) = payments(principal, finance, units * step, step)
        return last < finance.balloon

    # Sixty rupiah over ten years: a payment that was rounded up to one would have paid them off after half the time.
    units = int(payment / step)
    return step * (first(0, units, overpays) - 1) if overpays(units) else payment


def paid_off(principal: Decimal, finance: Finance, payment: Decimal, step: Decimal) -> list[Instalment]:
    rows, balance = [], principal
    for month, (paid, interest) in enumerate(payments(principal, finance, payment, step), 1):
        balance -= paid - interest
        rows.append(Instalment(month, paid, interest, paid - interest, balance))
    return rows


def payments(
    principal: Decimal, finance: Finance, payment: Decimal, step: Decimal
) -> Iterator[tuple[Decimal, Decimal]]:
    """What is paid each month, and the interest in it: `payment`, but in the last month all that is left."""
    if finance.method == "flat":
        return flatly(principal, finance, payment, step)
    return reducing(principal, finance, payment, step)


def reducing(
    principal: Decimal, finance: Finance, payment: Decimal, step: Decimal
) -> Iterator[tuple[Decimal, Decimal]]:
    """Each month's interest is on what is still owed."""
    balance = principal
    for _month in range(finance.term - 1):
        interest = rounded(balance * finance.rate / WHOLE_YEAR, step)
        balance += interest - payment
        yield payment, interest
    interest = rounded(balance * finance.rate / WHOLE_YEAR, step)
    yield balance + interest, interest


def flatly(principal: Decimal, finance: Finance, payment: Decimal, step: Decimal) -> Iterator[tuple[Decimal, Decimal]]:
    """Interest on all of the principal is spread evenly."""
    to_pay, interest_left = principal - finance.balloon, flat_interest(principal, finance, step)
    usual = rounded(interest_left / finance.term, step)
    for _month in range(finance.term - 1):
        # Of tiny amounts rounding would pay off either part before its time; the other part then takes all.
        interest = payment - min(payment - min(usual, interest_left, payment), to_pay)
        to_pay -= payment - interest
        interest_left -= interest
        yield payment, interest
    yield to_pay + finance.balloon + interest_left, interest_left


@precisely
def flat_rate(principal: Decimal, instalment: Decimal, term: int) -> Decimal:
    """The percentage a year of flat interest that instalments over a term (months) come to; below zero if they do not
    pay the principal off, and for no principal 0."""
    if principal <= 0 or term <= 0:
        return ZERO
    interest = instalment * term - principal
    return rounded(interest * WHOLE_YEAR / (principal * term), RATE_STEP)


def flat_interest(principal: Decimal, finance: Finance, step: Decimal) -> Decimal:
    return rounded(principal * finance.rate * finance.term / WHOLE_YEAR, step)


def payment_of(offer: Offer) -> Decimal | None:
    """The monthly payment; None where the finance does not fit what is due."""
    finance = offer.finance
    if finance is None:
        return None
    principal = due_of(offer) - finance.down_payment
    if principal < max(finance.balloon, ZERO):
        return None
    step = step_of(offer.currency)
    return rounded(monthly(principal, finance, step), step)
