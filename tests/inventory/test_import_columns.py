"""What a file's columns hold, and how its values are written."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inventory.import_columns import ATTRIBUTES, key_of, proposed, written


@pytest.mark.parametrize(
    ("header", "attributes"),
    [
        (
            "Stock number,Frame number,Make,Model,Model year,Asking price",
            "stock_number vin make model year asking_price",
        ),
        ("No. Stok;No. Rangka;No. Mesin;Merk;Tipe;Warna", "stock_number vin engine_number make model colour"),
        ("NOPOL;Tahun;Harga Jual;Harga Beli;KM", "plate year asking_price purchase_price odometer"),
        ("stock_number,purchase_price,acquired_on", "stock_number purchase_price acquired_on"),
    ],
)
def test_columns_are_proposed_by_their_names_in_english_and_indonesian(header: str, attributes: str) -> None:
    names = header.replace(";", ",").split(",")
    assert proposed(names, {}, ATTRIBUTES) == attributes.split()


def test_what_a_dealership_chose_before_goes_before_the_names_and_nothing_is_proposed_twice() -> None:
    remembered = {key_of("Kode"): "stock_number", key_of("Harga"): ""}
    assert proposed(["Kode", "Harga", "Merk", "MERK"], remembered, ATTRIBUTES) == ["stock_number", "", "make", ""]


def test_what_a_person_is_not_told_is_not_proposed() -> None:
    assert proposed(["Harga beli", "Merk"], {}, ["make"]) == ["", "make"]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("17000000", "17000000"),
        ("Rp 17.000.000", "17000000"),
        ("Rp17.000.000,-", "17000000"),
        ("IDR 17,000,000.50", "17000000.50"),
        ("17.000.000,50", "17000000.50"),
        ("18 500 000", "18500000"),
        ("$18,500", "18500"),
        ("18500,5", "18500.5"),
        ("18500.5", "18500.5"),
        ("TBA", "TBA"),
        ("17 or so", "17 or so"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_an_amount_is_read_however_it_is_written(text: str, number: str) -> None:
    assert written("asking_price", text, "ID") == number


@given(st.integers(0, 10**12))
def test_an_amount_with_marks_between_thousands_is_the_amount(amount: int) -> None:
    for mark in ",. ":
        assert written("asking_price", f"Rp {amount:,}".replace(",", mark), "ID") == str(amount)


@pytest.mark.parametrize(
    ("value", "country", "day"),
    [
        ("2026-02-03", "ID", "2026-02-03"),
        ("2026-02-03 00:00:00", "ID", "2026-02-03"),
        ("03/02/2026", "ID", "2026-02-03"),
        ("3.2.2026", "ID", "2026-02-03"),
        ("02/03/2026", "US", "2026-02-03"),
        ("31/31/2026", "ID", "?31/31/2026"),
        (date(2026, 2, 3), "ID", "2026-02-03"),
        (datetime(2026, 2, 3, 4), "ID", "2026-02-03"),
    ],
)
def test_a_day_is_read_as_the_country_writes_it(value: str, country: str, day: str) -> None:
    assert written("acquired_on", value, country) == day


@pytest.mark.parametrize(
    ("attribute", "text", "code"),
    [
        ("condition", "Baru", "new"),
        ("condition", "USED", "used"),
        ("condition", "Bekas", "used"),
        ("transmission", "Matic", "automatic"),
        ("fuel", "Bensin", "petrol"),
        ("status", "available", "available"),
        ("status", "In preparation", "in_preparation"),
        ("condition", "shiny", "shiny"),
    ],
)
def test_a_choice_is_known_by_its_words_in_our_languages(attribute: str, text: str, code: str) -> None:
    assert written(attribute, text, "ID") == code


def test_a_number_in_a_column_of_texts_is_a_text_without_an_exponent() -> None:
    assert written("stock_number", Decimal("1.7E+7"), "ID") == "17000000"
    assert written("engine_number", Decimal("12345"), "ID") == "12345"
