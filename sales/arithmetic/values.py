"""What a single value may be."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from config.backoffice.currencies import MINOR_UNITS
from sales.arithmetic.numbers import LARGEST, LONGEST, rounded
from sales.arithmetic.refusals import (
    NEGATIVE,
    NOT_A_NUMBER,
    NOT_ABOVE_ZERO,
    TOO_FINE,
    TOO_FINE_FOR_CURRENCY,
    TOO_LARGE,
    UNKNOWN,
    BadOffer,
    lazy_number,
    shown,
)


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


def step_of(currency: str) -> Decimal:
    """The currency's smallest amount: 1 rupiah, 0.01 dollars. Raises BadOffer if we do not know it."""
    check_choice("currency", currency, MINOR_UNITS)
    return Decimal(1).scaleb(-MINOR_UNITS[currency])
