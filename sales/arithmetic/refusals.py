"""Why something cannot be calculated, in words that tell what to do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

from config.backoffice.formats import money, number

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
