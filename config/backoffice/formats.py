"""Money, numbers, dates and times as the language of the page writes them (its rules: `config/formats`).

Nothing is rounded: an amount is shown with the decimals it has, and without any if it has none.
"""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils import formats, timezone
from django.utils.translation import get_language

NBSP = "\xa0"
SYMBOLS = {
    "EUR": "€",
    "GBP": "£",
    "IDR": "Rp",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "MXN": "MX$",
    "MYR": "RM",
    "PHP": "₱",
    "SGD": "S$",
    "THB": "฿",
    "USD": "US$",
    "VND": "₫",
}
"""By ISO 4217 code; a currency without one is shown by its code."""
WHOLE = {"CLP", "JPY", "KRW", "VND"}
"""Currencies without a smaller unit; all others that we may meet have hundredths."""
PATTERNS = {"en": "{sign}{symbol}{amount}", "id": f"{{sign}}{{symbol}}{NBSP}{{amount}}"}
AMOUNT_FIRST = f"{{sign}}{{amount}}{NBSP}{{symbol}}"
"""Of every language without a pattern of its own, such as Spanish."""

Numeric = Decimal | int | float | str


def money(value: Numeric | None, currency: str) -> str:
    """An amount of `currency` (ISO 4217): `Rp 12.500.000` in Indonesian, `Rp12,500,000` in English."""
    if value is None:
        return ""
    exact = exactly(value)
    pattern = PATTERNS.get(language(), AMOUNT_FIRST)
    symbol = SYMBOLS.get(currency, currency)
    if symbol == currency and pattern == PATTERNS["en"]:
        symbol += NBSP
    amount = number(abs(exact), at_least=0 if currency in WHOLE else 2)
    return pattern.format(sign="-" if exact < 0 else "", symbol=symbol, amount=amount)


def number(value: Numeric | None, at_least: int = 0) -> str:
    """A number with its thousands apart and all its decimals, `at_least` so many if there are any."""
    if value is None:
        return ""
    whole, _, rest = f"{exactly(value):f}".partition(".")
    rest = rest.rstrip("0")
    if rest:
        whole = f"{whole}.{rest.ljust(at_least, '0')}"
    return formats.number_format(whole, use_l10n=True, force_grouping=True)


def percentage(value: Numeric | None) -> str:
    """Per cent: 20.5 is 20.5 %."""
    if value is None:
        return ""
    return f"{number(value)}{NBSP if language() == 'es' else ''}%"


def day(value: date | datetime | None) -> str:
    """A date with its weekday; a moment's date on the clock of the page."""
    if value is None:
        return ""
    return formats.date_format(local(value) if isinstance(value, datetime) else value, "DATE_FORMAT")


def moment(value: datetime | None, zone: str = "") -> str:
    """Date and time of day on the clock of `zone` (such as Asia/Jakarta), else of the page."""
    return "" if value is None else formats.date_format(local(value, zone), "DATETIME_FORMAT")


def clock(value: time | datetime | None, zone: str = "") -> str:
    """The time of day."""
    if value is None:
        return ""
    return formats.time_format(local(value, zone) if isinstance(value, datetime) else value, "TIME_FORMAT")


def local(value: datetime, zone: str = "") -> datetime:
    """A moment on that clock; one of no known zone as it is."""
    return value if timezone.is_naive(value) else timezone.localtime(value, ZoneInfo(zone) if zone else None)


def exactly(value: Numeric) -> Decimal:
    """The number that is shown of a float is the one that was written: 0.1, not what a computer makes of it."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def language() -> str:
    return (get_language() or "en").partition("-")[0]
