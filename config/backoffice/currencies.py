"""The decimals of currencies in which people trade, and how an amount is rounded to them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal

MINOR_UNITS = {
    **dict.fromkeys(("CLP", "IDR", "JPY", "KRW", "VND"), 0),
    **dict.fromkeys(("AED", "AUD", "BRL", "CAD", "CHF", "CNY", "EUR", "GBP", "HKD", "INR", "MXN", "MYR"), 2),
    **dict.fromkeys(("NZD", "PHP", "SAR", "SGD", "THB", "TWD", "USD", "ZAR"), 2),
    **dict.fromkeys(("BHD", "KWD", "TND"), 3),
}
"""Of a currency (ISO 4217): sen of a rupiah exist in law only."""
USUAL = 2
PRECISION = Context(prec=60, rounding=ROUND_HALF_UP)
"""Far more than the 19 digits of an amount, so that what compounds or divides never shows in what is rounded."""


def rounded(value: Decimal, currency: str) -> Decimal:
    """An amount half up to the currency's smallest one; a currency that we do not know has hundredths."""
    return value.quantize(Decimal(1).scaleb(-MINOR_UNITS.get(currency, USUAL)), ROUND_HALF_UP, PRECISION)
