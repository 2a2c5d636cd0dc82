"""The only calculator of a deal: what the vehicle and everything beside it costs, what is owed, and how it is paid off.

Pure: no database, no models. Every amount is a Decimal in units of the offer's currency (rupiah, dollars), rounded half
up to its smaller unit; every rate is a percentage (11 is 11 %).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar, get_args

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

from config.backoffice.formats import money, number

MINOR_UNITS = {
    **dict.fromkeys(("CLP", "IDR", "JPY", "KRW", "VND"), 0),
    **dict.fromkeys(("AED", "AUD", "BRL", "CAD", "CHF", "CNY", "EUR", "GBP", "HKD", "INR", "MXN", "MYR"), 2),
    **dict.fromkeys(("NZD", "PHP", "SAR", "SGD", "THB", "TWD", "USD", "ZAR"), 2),
    **dict.fromkeys(("BHD", "KWD", "TND"), 3),
}
"""Decimals of a currency (ISO 4217) in which people trade: sen of a rupiah exist in law only."""
LARGEST = Decimal(10**15)
LONGEST = 120
"""Months."""
ZERO = Decimal(0)
WHOLE_YEAR = Decimal(1200)
"""Divides a percentage a year into a share a month."""
PRECISION = Context(prec=60, rounding=ROUND_HALF_UP)
"""Far more than the 19 digits of an amount, so that compounding over 120 months never shows in what is rounded."""
RATE_STEP = Decimal("0.000001")
SETTLED = Context(prec=40, rounding=ROUND_HALF_UP)
"""The digits that several divisions in a row leave beyond doubt."""

Kind = Literal["fee", "warranty", "service", "accessory", "other"]
Method = Literal["annuity", "flat"]
Lever = Literal["discount", "down_payment", "term"]
P = ParamSpec("P")
R = TypeVar("R")

lazy_money = lazy(money, str)
lazy_number = lazy(number, str)

NAMES: dict[str, str | Promise] = {
    "currency": _("currency"),
    "price": _("price of the vehicle"),
    "discount": _("discount"),
    "cost": _("cost of the vehicle"),
    "tax_rate": _("tax rate"),
    "commission_rate": _("commission rate"),
    "lines": _("line"),
    "kind": _("kind"),
    "quantity": _("quantity"),
    "unit_price": _("unit price"),
    "unit_cost": _("unit cost"),
    "trade_ins": _("trade-in"),
    "allowance": _("allowance"),
    "payoff": _("payoff"),
    "deposits": _("deposit"),
    "finance": _("finance"),
    "down_payment": _("down payment"),
    "rate": _("interest rate"),
    "method": _("method of interest"),
    "term": _("term"),
    "balloon": _("balloon"),
    "total": _("total price"),
    "due": _("amount due"),
    "target_payment": _("monthly payment aimed at"),
}


NOT_A_NUMBER = _("%(name)s: %(value)s is not a number; enter digits")
NEGATIVE = _("%(name)s: %(value)s is negative; enter 0 or more")
NOT_ABOVE_ZERO = _("%(name)s: %(value)s is not above 0; enter more, or leave it out")
TOO_LARGE = _("%(name)s: %(value)s is more than %(most)s, the most that is possible; look for a slip in its digits")
TOO_FINE = _("%(name)s: %(value)s has more decimals than the %(decimals)s that are possible; round it")
TOO_FINE_FOR_CURRENCY = _("%(name)s: %(value)s has more decimals than the %(decimals)s of %(currency)s; round it")
NO_FINANCE = _("%(name)s: there is no monthly payment without it; add it first")
UNKNOWN = _("%(name)s: %(value)s is unknown; choose one of %(known)s")


class BadOffer(ValueError):
    """An offer we cannot calculate: `field` says where (such as `lines.0.quantity`), the words why and what to do."""

    def __init__(self, field: str, words: str | Promise, **told: Any) -> None:
        super().__init__(field, words)
        self.field = field
        self.words = words
        self.told = told

    def __str__(self) -> str:
        return str(self.words) % (self.told | {"name": named(self.field)})


@dataclass(frozen=True)
class Line:
    """Something sold beside the vehicle; its unit price contains the tax or not."""

    kind: Kind
    quantity: Decimal
    unit_price: Decimal
    tax_rate: Decimal = ZERO
    tax_inclusive: bool = False
    unit_cost: Decimal = ZERO


@dataclass(frozen=True)
class TradeIn:
    """A vehicle taken in: what is allowed for it, and what its owner still owes on it and we pay off."""

    allowance: Decimal
    payoff: Decimal = ZERO

    @property
    def equity(self) -> Decimal:
        """Below zero it is added to what is owed."""
        return self.allowance - self.payoff


@dataclass(frozen=True)
class Finance:
    """How what is due is paid off: percent a year, months; the balloon falls due with the last payment.

    An annuity pays interest on what is still owed, flat on what was owed at first, all the time.
    """

    rate: Decimal
    term: int
    method: Method = "annuity"
    down_payment: Decimal = ZERO
    balloon: Decimal = ZERO


@dataclass(frozen=True)
class Offer:
    """All that a deal's figures depend on. `price` is the vehicle's before the discount, `cost` what it cost us."""

    currency: str
    price: Decimal
    discount: Decimal = ZERO
    tax_rate: Decimal = ZERO
    tax_inclusive: bool = False
    lines: tuple[Line, ...] = ()
    trade_ins: tuple[TradeIn, ...] = ()
    deposits: tuple[Decimal, ...] = ()
    finance: Finance | None = None
    cost: Decimal | None = None
    commission_rate: Decimal = ZERO


@dataclass(frozen=True)
class Priced:
    """A price taken apart: net + tax = gross."""

    rate: Decimal
    net: Decimal
    tax: Decimal
    gross: Decimal


@dataclass(frozen=True)
class Instalment:
    """A monthly payment, which is interest + principal, and what of the principal is owed after it.

    The last one's payment contains the balloon.
    """

    number: int
    payment: Decimal
    interest: Decimal
    principal: Decimal
    balance: Decimal


@dataclass(frozen=True)
class Summary:
    """Every figure of a deal: those of finance are zero without it, those of the margin None if the cost is unknown."""

    currency: str
    price: Decimal
    discount: Decimal
    discounted: Decimal
    """The vehicle's price after the discount, as typed: with the tax if it is inclusive."""
    vehicle: Priced
    lines: tuple[Priced, ...]
    """In the order of the offer's."""
    taxes: tuple[Priced, ...]
    """One for each rate, the lowest first; of rate 0 too, so that they sum up to the total."""
    subtotal: Decimal
    """Without taxes."""
    total_tax: Decimal
    total: Decimal
    allowance: Decimal
    payoff: Decimal
    equity: Decimal
    deposits: Decimal
    due: Decimal
    """Total - equity - deposits; below zero we owe the customer."""
    finance: Finance | None
    """As offered; what `schedule` goes by."""
    down_payment: Decimal
    financed: Decimal
    payments: int
    monthly_payment: Decimal
    last_payment: Decimal
    """Without the balloon that falls due with it; differs from the others by what rounding left."""
    balloon: Decimal
    total_of_payments: Decimal
    """With the balloon: financed + interest."""
    total_interest: Decimal
    cash_due: Decimal
    """At delivery: the down payment if there is finance, else all that is due."""
    cost: Decimal | None
    gross: Decimal | None
    """Margin: what is sold, without taxes, less what it cost."""
    commission: Decimal | None


def precisely(work: Callable[P, R]) -> Callable[P, R]:
    """Whatever the thread's own decimal context is, `work` gets ours."""

    @wraps(work)
    def done(*args: P.args, **kwargs: P.kwargs) -> R:
        with localcontext(PRECISION):
            return work(*args, **kwargs)

    return done


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


@precisely
def annuity(principal: Decimal, rate: Decimal, months: int, balloon: Decimal = ZERO) -> Decimal:
    """The equal payment, not rounded, at the end of each month that leaves `balloon` of the principal to the end."""
    share = rate / WHOLE_YEAR
    if not share:
        return (principal - balloon) / months
    discounting = (1 + share) ** -months
    # A payment of exactly half a unit must not be rounded down for a last digit that a division lost.
    return SETTLED.plus((principal - balloon * discounting) * share / (1 - discounting))


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


# -- prices and taxes


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


# -- finance


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


def flat_rate(principal: Decimal, instalment: Decimal, term: int) -> Decimal:
    """The percentage a year of flat interest that instalments over a term (months) come to; below zero if they do not
    pay the principal off, and for no principal 0."""
    if principal <= 0 or term <= 0:
        return ZERO
    with localcontext(PRECISION):
        interest = instalment * term - principal
        return rounded(interest * WHOLE_YEAR / (principal * term), RATE_STEP)


def flat_interest(principal: Decimal, finance: Finance, step: Decimal) -> Decimal:
    return rounded(principal * finance.rate * finance.term / WHOLE_YEAR, step)


# -- rolling


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


def first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """The least number from `low` to `high` for which it holds, as then it does for every higher one; else `high`."""
    return low + bisect_left(range(low, high), True, key=holds)


# -- what cannot be calculated


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


def check_amount(field: str, value: Decimal, currency: str) -> None:
    check_number(field, value, LARGEST, MINOR_UNITS[currency], currency)


def check_number(field: str, value: Decimal, most: Decimal, decimals: int, currency: str = "") -> None:
    """From 0 to `most`, with no more than `decimals`."""
    if not isinstance(value, Decimal):
        raise TypeError(f"{field} is a {type(value).__name__}, not a Decimal")
    if not value.is_finite():
        raise BadOffer(field, NOT_A_NUMBER, value=shown(value))
    if value < 0:
        raise BadOffer(field, NEGATIVE, value=shown(value))
    if value > most:
        raise BadOffer(field, TOO_LARGE, value=shown(value), most=lazy_number(most))
    if value != rounded(value, Decimal(1).scaleb(-decimals)):
        words = TOO_FINE_FOR_CURRENCY if currency else TOO_FINE
        raise BadOffer(field, words, value=shown(value), decimals=decimals, currency=currency)


def check_above_zero(field: str, value: Decimal) -> None:
    if value <= 0:
        raise BadOffer(field, NOT_ABOVE_ZERO, value=shown(value))


def check_choice(field: str, value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise BadOffer(field, UNKNOWN, value=value, known=", ".join(sorted(known)))


def check_term(term: int) -> None:
    if not 1 <= term <= LONGEST:
        words = _("%(name)s: %(value)s months are not possible; choose from 1 to %(most)s")
        raise BadOffer("finance.term", words, value=term, most=LONGEST)


def over(field: str, words: str | Promise, value: Decimal, most: Decimal, currency: str) -> BadOffer:
    return BadOffer(field, words, value=lazy_money(value, currency), most=lazy_money(most, currency))


def named(field: str) -> str:
    """A field in words: `lines.1.quantity` is "line 2, quantity"."""
    *where, last = field.split(".")
    if last.isdecimal():
        return f"{NAMES[where[0]]} {int(last) + 1}"
    if len(where) == 2:
        return f"{NAMES[where[0]]} {int(where[1]) + 1}, {NAMES[last]}"
    return str(NAMES[last])


def shown(value: Decimal) -> str:
    """As it was typed, unless somebody typed pages."""
    text = str(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


# -- numbers


def step_of(currency: str) -> Decimal:
    """The currency's smallest amount: 1 rupiah, 0.01 dollars. Raises BadOffer if we do not know it."""
    check_choice("currency", currency, MINOR_UNITS)
    return Decimal(1).scaleb(-MINOR_UNITS[currency])


def rounded(value: Decimal, step: Decimal) -> Decimal:
    return value.quantize(step, ROUND_HALF_UP, PRECISION)


def summed(values: Iterable[Decimal]) -> Decimal:
    return sum(values, ZERO)
