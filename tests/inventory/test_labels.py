"""Labels of vehicles to print, whose codes lead to the vehicles' pages."""

from __future__ import annotations

import io
import re
from decimal import Decimal

import pypdf
import pytest
import qrcode
from django.test import Client

from dealers.models import Dealership, User
from dealers.roles import Role
from inventory import labels
from inventory.labels import Label
from tests.factories import VehicleFactory
from tests.people import with_role

pytestmark = pytest.mark.django_db
BULK = "/inventory/bulk/labels.pdf"


def pages(content: bytes) -> list[str]:
    return [page.extract_text() for page in pypdf.PdfReader(io.BytesIO(content)).pages]


def test_a_label_says_which_vehicle_it_is(owner: User, dealership_a: Dealership, client: Client) -> None:
    vehicle = VehicleFactory(dealership=dealership_a, stock_number="A-7", colour="red #strong[x]", trim="CBS")
    there = f"/inventory/{vehicle.pk}/"
    assert f"{there}labels.pdf" in client.get(there).content.decode()
    answer = client.get(f"{there}labels.pdf")
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    [text] = pages(answer.content)
    for words in ("A-7", "Honda BeAT CBS", "2026", "red #strong[x]", "18,500,000"):
        assert words in text
    assert "17,000,000" not in text


def test_chosen_vehicles_are_on_sheets_of_24(owner: User, dealership_a: Dealership, client: Client) -> None:
    rows = [VehicleFactory(dealership=dealership_a, asking_price=None, minimum_price=None) for _ in range(25)]
    assert BULK in client.get("/inventory/", follow=True).content.decode()
    found = pages(client.post(BULK, {"pk": [row.pk for row in rows]}).content)
    assert len(found) == 2
    assert rows[0].stock_number in found[0]
    assert rows[24].stock_number in found[1]


def test_the_code_is_the_whole_address_of_the_page() -> None:
    """The squares drawn are the dark modules of a code for this address, and of no other."""
    drawn = labels.code("https://x.example/inventory/1/")
    squares = {(int(x), int(y)) for x, y in re.findall(r"M(\d+) (\d+)h1v1h-1z", drawn)}
    expected = matrix_of("https://x.example/inventory/1/")
    assert squares == {(x, y) for y, row in enumerate(expected) for x, is_dark in enumerate(row) if is_dark}
    assert f'viewBox="0 0 {len(expected)} {len(expected)}"' in drawn
    assert matrix_of("https://x.example/inventory/2/") != expected


def matrix_of(address: str) -> list[list[bool]]:
    """The modules of a code that says this, a sixth of which may be damaged."""
    made = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, border=0, mask_pattern=labels.MASK)
    made.add_data(address)
    found: list[list[bool]] = made.get_matrix()
    return found


def test_the_page_gives_the_code_its_own_address(
    owner: User, dealership_a: Dealership, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    vehicle, found = VehicleFactory(dealership=dealership_a), []

    def sheet(made: list[Label]) -> bytes:
        found.extend(made)
        return b"%PDF"

    monkeypatch.setattr(labels, "sheet", sheet)
    client.get(f"/inventory/{vehicle.pk}/labels.pdf")
    assert [each.address for each in found] == [f"http://testserver/inventory/{vehicle.pk}/"]


def test_a_price_that_is_not_told_is_not_printed(dealership_a: Dealership) -> None:
    vehicle = VehicleFactory(dealership=dealership_a, asking_price=Decimal(18_500_000))
    [text] = pages(labels.sheet([Label(vehicle, "https://x.example/", priced=False)]))
    assert "500" not in text


def test_vehicles_of_others_are_not_printed(
    owner: User, dealership_a: Dealership, dealership_b: Dealership, client: Client, charlie: User
) -> None:
    mine, theirs = VehicleFactory(dealership=dealership_a), VehicleFactory(dealership=dealership_b, stock_number="ZZ")
    assert client.get(f"/inventory/{theirs.pk}/labels.pdf").status_code == 404
    [text] = pages(client.post(BULK, {"pk": [mine.pk, theirs.pk]}).content)
    assert "ZZ" not in text
    for picked in ([], [theirs.pk], ["x"], range(501)):
        assert client.post(BULK, {"pk": list(picked)}).headers["Location"] == "/inventory/"
    client.force_login(with_role(charlie, Role.OWNER))
    assert client.get(f"/inventory/{mine.pk}/labels.pdf").status_code == 404
