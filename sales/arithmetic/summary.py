"""Every figure of an offer."""

from __future__ import annotations

from decimal import Decimal

from sales.arithmetic.checks import check
from sales.arithmetic.finance import financed, monthly, paid_off
from sales.arithmetic.numbers import ZERO, precisely, rounded, summed
from sales.arithmetic.offer import Instalment, Offer, Summary
from sales.arithmetic.prices import added, by_rate, cost_of, due_of, parts
from sales.arithmetic.values import step_of


@precisely
def summarize(offer: Offer) -> Summary:
    """Every figure of an offer. Raises BadOffer."""
    check(offer)
    step = step_of(offer.currency)
    vehicle, lines = parts(offer)
    total = added([vehicle, *lines])
    due, finance, cost = due_of(offer), offer.finance, cost_of(offer)
    principal = financed(due, finance, offer.currency) if finance else ZERO
    payment = monthly(principal, finance, step) if finance else ZERO
    rows = paid_off(principal, finance, payment, step) if finance else []
    gross = None if cost is None else total.net - cost

    def amount(value: Decimal) -> Decimal:
        # What was typed may have fewer decimals than what was calculated.
        return rounded(value, step)

    return Summary(
        currency=offer.currency,
        price=amount(offer.price),
        discount=amount(offer.discount),
        discounted=amount(offer.price - offer.discount),
        vehicle=vehicle,
        lines=lines,
        taxes=by_rate([vehicle, *lines]),
        subtotal=total.net,
        total_tax=total.tax,
        total=total.gross,
        allowance=amount(summed(each.allowance for each in offer.trade_ins)),
        payoff=amount(summed(each.payoff for each in offer.trade_ins)),
        equity=amount(summed(each.equity for each in offer.trade_ins)),
        deposits=amount(summed(offer.deposits)),
        due=amount(due),
        finance=finance,
        down_payment=amount(finance.down_payment if finance else ZERO),
        financed=amount(principal),
        payments=len(rows),
        monthly_payment=amount(payment),
        last_payment=amount(rows[-1].payment - finance.balloon if finance else ZERO),
        balloon=amount(finance.balloon if finance else ZERO),
        total_of_payments=amount(summed(row.payment for row in rows)),
        total_interest=amount(summed(row.interest for row in rows)),
        cash_due=amount(finance.down_payment if finance else due),
        cost=cost,
        gross=gross,
        commission=None if gross is None else amount(max(gross, ZERO) * offer.commission_rate / 100),
    )


@precisely
def schedule(summary: Summary) -> tuple[Instalment, ...]:
    """How what is financed is paid off, month by month; nothing without finance."""
    if summary.finance is None:
        return ()
    step = step_of(summary.currency)
    return tuple(paid_off(summary.financed, summary.finance, summary.monthly_payment, step))
