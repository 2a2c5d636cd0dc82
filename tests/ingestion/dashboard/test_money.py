"""What has been invoiced, and what falls due when."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dealers.roles import Role
from tests.ingestion.dashboard.conftest import tile, words
from tests.people import with_role

pytestmark = pytest.mark.django_db


def test_invoices_are_added_by_whom_they_come_from(looks, made, alice):
    made("inv1_read", created_time=datetime(2026, 11, 20, 17, 0, tzinfo=UTC), amount="1000000")
    made("inv1_read", created_time=datetime(2026, 10, 22, 16, 59, tzinfo=UTC), amount="5")
    made("mdinvh1_read", tanggal_invoice="2026-11-01", total_harga="20000000.5")
    made("mdinvh3_read", tgl_invoice="2026-11-01", total_harga="300000")
    found = looks("invoiced", alice)
    assert [(each.label, each.words, each.hint) for each in found.tiles] == [
        ("to customers for units", "Rp1,000,000", "1 invoice"),
        ("by the main dealer for units", "Rp20,000,000.50", "1 invoice"),
        ("by the main dealer for parts", "Rp300,000", "1 invoice"),
    ]


def test_what_is_due_is_told_by_its_date_and_never_as_unpaid(looks, made, alice):
    for number, day in enumerate(("2026-10-21", "2026-10-22", "2026-11-20", "2026-11-21", "2026-11-28", "2026-11-29")):
        made("mdinvh1_read", no_invoice=f"INV/{number}", tanggal_jatuh_tempo=day, total_harga="100")
    made("mdinvh3_read", tgl_jatuh_tempo="2026-11-29", total_harga="7", no_invoice="PART/1")
    found = looks("due", alice)
    assert [(each.label, each.words, each.hint) for each in found.tiles] == [
        ("units, fell due in the last 30 days", "Rp200", "2 invoices"),
        ("units, due in the next 7 days", "Rp200", "2 invoices"),
        ("units, due later", "Rp100", "1 invoice"),
        ("parts, fell due in the last 30 days", "0", "0 invoices"),
        ("parts, due in the next 7 days", "0", "0 invoices"),
        ("parts, due later", "Rp7", "1 invoice"),
    ]
    assert [(each.title, each.about) for each in found.items] == [
        ("INV/3", "21 Nov 2026"),
        ("INV/4", "28 Nov 2026"),
        ("INV/5", "29 Nov 2026"),
        ("PART/1", "29 Nov 2026"),
    ]
    assert "do not tell of payments" in found.note


def test_what_is_due_leads_to_its_invoices(looks, made, alice, browser):
    for number, day in ((1, "2026-11-20"), (2, "2026-11-21"), (3, "2026-11-29")):
        made("mdinvh1_read", no_invoice=f"INV/{number}", tanggal_jatuh_tempo=day)
    text = browser.get(tile(looks("due", alice), "units, due in the next 7 days").address).content.decode()
    assert "INV/2" in text
    assert "INV/1" not in text
    assert "INV/3" not in text


def test_whoever_sees_one_kind_of_invoice_is_told_of_no_other(looks, made, alice):
    made("mdinvh1_read", tanggal_jatuh_tempo="2026-11-22")
    made("mdinvh3_read", tgl_jatuh_tempo="2026-11-22")
    clerk = with_role(alice, Role.PARTS_CLERK)
    assert {label.partition(",")[0] for label in words(looks("due", clerk))} == {"parts"}
    assert list(words(looks("invoiced", clerk))) == ["by the main dealer for parts"]
