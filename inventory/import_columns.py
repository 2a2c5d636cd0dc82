"""Which attribute of a vehicle a file's column holds, and its values as the vehicle's form takes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from django.conf import settings
from django.utils import translation

from config.backoffice.workbooks import Value
from inventory.forms import VehicleForm
from inventory.identification import normalise
from inventory.models import Vehicle

BY_VERB = ("status", "odometer")
"""Attributes that no form changes, but a verb of the vehicle."""
ATTRIBUTES = (*(name for name in VehicleForm.Meta.fields if name != "dealership"), *BY_VERB)
CHOICES: Mapping[str, Any] = {
    "condition": Vehicle.Condition,
    "fuel": Vehicle.Fuel,
    "transmission": Vehicle.Transmission,
    "status": Vehicle.Status,
}
WHOLE = ("year", "keys", "odometer")
AMOUNTS = ("purchase_price", "transport_cost", "preparation_cost", "pack", "asking_price", "minimum_price")
DAYS = ("acquired_on",)
CALLED = {
    "stock_number": "stock no, stock #, stock, nomor stok, no stok, stok, kode unit, número de stock",
    "vin": "vin, frame, frame no, chassis, chassis number, nomor rangka, no rangka, norangka, rangka, bastidor, chasis",
    "engine_number": "engine no, nomor mesin, no mesin, nomesin, número de motor",
    "plate": "licence plate, license plate, registration, nomor polisi, no polisi, nopol, plat, plat nomor, matrícula",
    "make": "brand, manufacturer, merk, merek, marca",
    "model": "model name, tipe, type, modelo",
    "trim": "variant, varian, versión, version",
    "year": "year, model year, tahun, tahun pembuatan, año",
    "body": "body type, bodi, jenis, carrocería",
    "colour": "color, warna, color exterior, exterior color",
    "interior_colour": "interior color, warna interior",
    "engine": "engine, mesin, cc",
    "fuel": "fuel type, bahan bakar, bbm, combustible",
    "transmission": "gearbox, transmisi, transmisión",
    "location": "lot, lokasi, gudang, ubicación",
    "keys": "keys, kunci, jumlah kunci, llaves",
    "acquired_on": "acquired, date in, tanggal masuk, tgl masuk, tanggal beli, fecha de compra",
    "purchase_price": "cost, cost price, purchase cost, harga beli, harga modal, precio de compra",
    "transport_cost": "transport, freight, ongkos kirim, biaya kirim",
    "preparation_cost": "preparation, reconditioning, biaya persiapan",
    "asking_price": "price, sale price, list price, harga, harga jual, harga otr, precio, precio de venta",
    "minimum_price": "minimum price, floor price, harga minimum, harga minimal, precio mínimo",
    "description": "notes, remarks, keterangan, deskripsi, descripción",
    "condition": "new or used, kondisi, estado",
    "status": "state, status",
    "odometer": "km, mileage, kilometer, kilometre, odometer, kilometraje",
}
"""What files call them besides their names in our languages."""
WORDS_FOR = {
    "petrol": "gasoline, gas, bensin, gasolina",
    "diesel": "solar, diésel",
    "electric": "ev, listrik, eléctrico",
    "manual": "mt, manual",
    "automatic": "at, matic, otomatis, matik, automático",
    "new": "baru, nuevo",
    "used": "second, bekas, seken, usado",
    "available": "ready, tersedia, siap jual, disponible",
}
"""What files call a choice besides its code and its words in our languages."""

GROUPED = re.compile(r"-?\d{1,3}(?:(\.\d{3})+|(,\d{3})+|( \d{3})+)")
WITH_CENTS = re.compile(r"(-?\d{1,3}(?:\.\d{3})+),(\d{1,2})|(-?\d{1,3}(?:,\d{3})+)\.(\d{1,2})|(-?\d+),(\d{1,2})")
"""17.000.000,50 or 17,000,000.50 or 17000000,50"""
CURRENCY = re.compile(r"^(?:[A-Z]{3}|Rp\.?|[$€£])\s*(?=[-\d])|(?<=\d)\s*(?:[A-Z]{3}|[$€£]|,-|km)$", re.IGNORECASE)
DAY = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")


def key_of(text: str) -> str:
    """A header's or a choice's letters and digits alone, in small letters."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())[:100]


def label_of(attribute: str) -> str:
    return str(Vehicle._meta.get_field(attribute).verbose_name)  # type: ignore[union-attr]


def in_all_languages(words: Callable[[], Mapping[str, Any]]) -> dict[str, str]:
    """What each of `words`' values is called, in any of our languages, and which one it is."""
    found: dict[str, str] = {}
    for language, _name in settings.LANGUAGES:
        with translation.override(language):
            for name, label in words().items():
                found.setdefault(key_of(str(label)), name)
    return found


@cache
def headers() -> Mapping[str, str]:
    """The attribute that each header known is about, by `key_of`."""
    found = {key_of(name): name for name in ATTRIBUTES}
    found |= in_all_languages(lambda: {name: label_of(name) for name in ATTRIBUTES})
    for name, words in CALLED.items():
        for each in words.split(","):
            found.setdefault(key_of(each), name)
    return found


@cache
def codes(attribute: str) -> Mapping[str, str]:
    """The code of a choice, by `key_of` what it is called."""
    choices = CHOICES[attribute]
    found = {key_of(code): code for code in choices.values}
    found |= in_all_languages(lambda: dict(choices.choices))
    for code, words in WORDS_FOR.items():
        if code in choices.values:
            for each in words.split(","):
                found.setdefault(key_of(each), code)
    return found


def proposed(header: Sequence[str], remembered: Mapping[str, str], allowed: Sequence[str]) -> list[str]:
    """An attribute for each column, none of them twice: as this dealership chose before, else by its name."""
    found, taken = list[str](), set[str]()
    for name in header:
        key = key_of(name)
        attribute = remembered[key] if key in remembered else headers().get(key, "")
        attribute = attribute if attribute in allowed and attribute not in taken else ""
        taken.add(attribute)
        found.append(attribute)
    return found


# -- values


def written(attribute: str, value: Value, country: str) -> str:
    """A cell as the vehicle's form takes it; what cannot be read stays as it is, and the form says so."""
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, date):
        return (value.date() if isinstance(value, datetime) else value).isoformat()
    if attribute == "vin":
        return normalise(value)
    if attribute in CHOICES:
        return codes(attribute).get(key_of(value), value)
    if attribute in AMOUNTS or attribute in WHOLE:
        return number(value)
    return day(value, country) if attribute in DAYS else value


def number(text: str) -> str:
    """A number however it is written, without its currency; the last three digits behind a mark are no fraction."""
    plain = CURRENCY.sub("", CURRENCY.sub("", text.strip())).strip()
    plain = plain.replace("\xa0", " ").replace("\u202f", " ")
    if GROUPED.fullmatch(plain):
        return re.sub("[., ]", "", plain)
    if found := WITH_CENTS.fullmatch(plain):
        whole, cents = (part for part in found.groups() if part is not None)
        return f"{re.sub('[.,]', '', whole)}.{cents}"
    return plain


def day(text: str, country: str) -> str:
    """A day as ISO writes it: in the United States the month stands first, elsewhere the day."""
    found = DAY.fullmatch(text)
    if found is None:
        return text.partition("T")[0].partition(" ")[0] if re.match(r"\d{4}-\d\d-\d\d[T ]", text) else text
    first, second, year = map(int, found.groups())
    month, day_of_month = (first, second) if country == "US" else (second, first)
    try:
        return date(year, month, day_of_month).isoformat()
    except ValueError:
        return f"?{text}"  # the form says that it is no day


def told(attribute: str, value: Any) -> str:
    """A value in words for the report."""
    if value in (None, ""):
        return ""
    if attribute in CHOICES:
        return str(dict(CHOICES[attribute].choices).get(value, value))
    return format(value, "f") if isinstance(value, Decimal) else str(value)
