"""Labels of vehicles to print: sheets of A4 with a QR code on each, which leads to the vehicle's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import qrcode
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.backoffice import formats, printing
from inventory.models import Vehicle

TEMPLATE = Path(__file__).parent / "labels.typ"
MASK = 2
"""Of a code's eight patterns: a reader takes any, and to weigh them against each other takes five times as long."""


@dataclass(frozen=True)
class Label:
    vehicle: Vehicle
    address: str
    """Of the vehicle's page, whole."""
    priced: bool
    """Whether the asking price may stand on it."""


def sheet(labels: Sequence[Label]) -> bytes:
    """The labels as a PDF, 24 on a page of A4: three beside each other, of 70 by 37 mm."""
    data = {
        "title": _("Labels"),
        "language": translation.get_language() or "en",
        "labels": [shown(label) for label in labels],
    }
    return printing.pdf_of(TEMPLATE, data, int(timezone.now().timestamp()))


def shown(label: Label) -> dict[str, str]:
    vehicle = label.vehicle
    price = vehicle.asking_price if label.priced else None
    return {
        "number": vehicle.stock_number,
        "model": " ".join(filter(None, (vehicle.make, vehicle.model, vehicle.trim))),
        "facts": " · ".join(filter(None, (str(vehicle.year or ""), vehicle.colour, vehicle.plate))),
        "price": "" if price is None else formats.money(price.normalize() if price else price, currency(vehicle)),
        "code": code(label.address),
    }


def currency(vehicle: Vehicle) -> str:
    return str(vehicle.dealership.currency)


def code(address: str) -> str:
    """A QR code as SVG, a square for each of its dark modules; a sixth of it may be damaged."""
    made = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=0, mask_pattern=MASK)
    made.add_data(address)
    made.make(fit=True)
    rows = made.get_matrix()
    dark = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, is_dark in enumerate(row) if is_dark)
    size = len(rows)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"><path d="{dark}"/></svg>'
