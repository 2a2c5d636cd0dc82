"""What goes into the calculation of a deal, and what comes out of it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sales.arithmetic.numbers import ZERO

Kind = Literal["fee", "warranty", "service", "accessory", "other"]
Method = Literal["annuity", "flat"]
Lever = Literal["discount", "down_payment", "term"]


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
