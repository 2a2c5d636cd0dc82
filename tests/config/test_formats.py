"""Money, numbers, dates and times are written as the language of the page writes them, and nothing is rounded."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from django import forms
from django.conf import settings
from django.template import Context, Template
from django.utils import timezone, translation

from config.backoffice import formats

MOMENT = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
JAKARTA = "Asia/Jakarta"


def said(text: str) -> str:
    """Blanks that do not break, as blanks."""
    return text.replace("\xa0", " ")


@pytest.mark.parametrize(
    ("amount", "currency", "en", "id_", "es"),
    [
        (12500000, "IDR", "Rp12,500,000", "Rp 12.500.000", "12.500.000 Rp"),
        (Decimal("12500000.00"), "IDR", "Rp12,500,000", "Rp 12.500.000", "12.500.000 Rp"),
        (Decimal("18181.5"), "IDR", "Rp18,181.50", "Rp 18.181,50", "18.181,50 Rp"),
        (Decimal("18181.125"), "IDR", "Rp18,181.125", "Rp 18.181,125", "18.181,125 Rp"),
        (Decimal("-999.9"), "EUR", "-€999.90", "-€ 999,90", "-999,90 €"),
        (0, "USD", "US$0", "US$ 0", "0 US$"),
        ("1234", "MXN", "MX$1,234", "MX$ 1.234", "1.234 MX$"),
        (1234, "NOK", "NOK 1,234", "NOK 1.234", "1.234 NOK"),
        (Decimal("1234.5"), "JPY", "¥1,234.5", "¥ 1.234,5", "1.234,5 ¥"),
        (Decimal("1E+6"), "IDR", "Rp1,000,000", "Rp 1.000.000", "1.000.000 Rp"),
    ],
)
def test_money_has_its_symbol_and_the_decimals_that_there_are(
    amount: Any, currency: str, en: str, id_: str, es: str
) -> None:
    for language, expected in (("en", en), ("id", id_), ("es", es)):
        with translation.override(language):
            assert said(formats.money(amount, currency)) == expected


@pytest.mark.parametrize(
    ("language", "expected"), [("en", "-1,234,567.125"), ("id", "-1.234.567,125"), ("es", "-1.234.567,125")]
)
def test_a_number_keeps_all_its_decimals(language: str, expected: str) -> None:
    with translation.override(language):
        assert formats.number(Decimal("-1234567.125000")) == expected
        assert formats.number(2**63) == expected[2].join(["9", "223", "372", "036", "854", "775", "808"])


@pytest.mark.parametrize(("language", "expected"), [("en", "20.5%"), ("id", "20,5%"), ("es", "20,5 %")])
def test_a_percentage(language: str, expected: str) -> None:
    with translation.override(language):
        assert said(formats.percentage(20.5)) == expected


@pytest.mark.parametrize(
    ("language", "a_day", "a_moment", "a_time"),
    [
        ("en", "Fri 20 Nov 2026", "Fri 20 Nov 2026, 08:30", "08:30"),
        ("id", "Jum, 20 Nov 2026", "Jum, 20 Nov 2026 08.30", "08.30"),
        ("es", "vie 20 nov 2026", "vie 20 nov 2026, 08:30", "08:30"),
    ],
)
def test_dates_and_times(language: str, a_day: str, a_moment: str, a_time: str) -> None:
    with translation.override(language):
        assert formats.day(date(2026, 11, 20)) == a_day
        assert formats.moment(MOMENT, JAKARTA) == a_moment
        assert formats.clock(time(8, 30)) == formats.clock(MOMENT, JAKARTA) == a_time


def test_a_moment_is_shown_on_the_clock_of_the_page() -> None:
    late = datetime(2026, 11, 19, 17, 30, tzinfo=UTC)
    assert formats.moment(late) == "Thu 19 Nov 2026, 17:30"
    with timezone.override(JAKARTA):
        assert formats.moment(late) == "Fri 20 Nov 2026, 00:30"
        assert formats.day(late) == "Fri 20 Nov 2026"


def test_what_is_not_there_stays_blank() -> None:
    shown = (formats.number, formats.percentage, formats.day, formats.moment, formats.clock)
    assert {each(None) for each in shown} == {formats.money(None, "IDR")} == {""}


def test_a_template_says_the_same() -> None:
    page = Template(
        "{% load formats tz %}{% timezone 'Asia/Jakarta' %}{{ price|money:'IDR' }}; {{ at|moment }}; {{ at|day }};"
        " {{ at|clock:'Asia/Jayapura' }}; {{ share|percentage }}; {{ km|number }}{% endtimezone %}"
    )
    shown = page.render(Context({"price": 12500000, "at": MOMENT, "share": Decimal("20.5"), "km": 64000}))
    assert shown == "Rp12,500,000; Fri 20 Nov 2026, 08:30; Fri 20 Nov 2026; 10:30; 20.5%; 64,000"


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_a_browsers_date_fields_work_in_every_language(language: str) -> None:
    class Form(forms.Form):
        on = forms.DateField(localize=True)
        at = forms.TimeField(localize=True)
        when = forms.DateTimeField(localize=True)

    sent = {"on": "2026-11-20", "at": "08:30", "when": "2026-11-20T08:30"}
    with translation.override(language):
        form = Form(sent)
        assert form.is_valid(), form.errors
        assert form.cleaned_data["on"] == date(2026, 11, 20)
        assert form.cleaned_data["when"].hour == 8
        assert Form({**sent, "on": "20/11/2026", "when": "20-11-2026 08.30"}).is_valid()
        assert 'value="2026-11-20"' in str(Form(initial={"on": date(2026, 11, 20)})["on"])
