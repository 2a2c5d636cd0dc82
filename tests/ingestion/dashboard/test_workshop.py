"""What the widgets of workshop and parts say of known rows."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.factories import DealershipFactory, MembershipFactory
from tests.ingestion.dashboard.conftest import tile, values, words

pytestmark = pytest.mark.django_db


def jakarta(day: int, hour: int, minute: int = 0) -> datetime:
    """In November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=ZoneInfo("Asia/Jakarta"))


def test_work_orders_are_counted_by_the_dealerships_days(looks, made, alice):
    made("pkb", waktu_pkb=jakarta(20, 23, 59), waktu_selesai=jakarta(21, 0, 0))
    made("pkb", waktu_pkb=jakarta(21, 0, 0), waktu_selesai=None)
    found = looks("workshop", alice)
    assert words(found) == {
        "opened today": "1",
        "opened, last 30 days": "2",
        "finished today": "1",
        "finished, last 30 days": "1",
    }
    assert values(found) == {"21 Nov": 1}


def test_the_figures_of_today_lead_to_the_same_rows(looks, made, alice, browser):
    made("pkb", no_work_order="WO/LATE", waktu_pkb=jakarta(20, 23, 59), waktu_selesai=None)
    made("pkb", no_work_order="WO/EARLY", waktu_pkb=jakarta(21, 0, 0), waktu_selesai=None)
    text = browser.get(tile(looks("workshop", alice), "opened today").address).content.decode()
    assert "WO/EARLY" in text
    assert "WO/LATE" not in text


def test_today_is_counted_where_it_is_today(looks, made, alice):
    east = DealershipFactory(time_zone="Asia/Jayapura")
    MembershipFactory(user=alice, dealership=east)
    now = datetime(2026, 11, 21, 16, 0, tzinfo=UTC)  # 23:00 in Jakarta, 01:00 of the 22nd in Jayapura
    made("pkb", waktu_pkb=datetime(2026, 11, 21, 14, 30, tzinfo=UTC), waktu_selesai=None)
    made("pkb", dealership=east, waktu_pkb=datetime(2026, 11, 21, 14, 30, tzinfo=UTC), waktu_selesai=None)
    made("pkb", dealership=east, waktu_pkb=datetime(2026, 11, 21, 15, 30, tzinfo=UTC), waktu_selesai=None)
    assert words(looks("workshop", alice, now=now))["opened today"] == "2", "one there since midnight, one here"


def test_revenue_is_of_services_and_parts_each_on_its_day(looks, made, alice):
    made(
        "inv2_read",
        tanggal_njb=jakarta(20, 23, 59),
        total_harga_njb="50000",
        tanggal_nsc=jakarta(21, 0, 0),
        total_harga_nsc="18181.50",
    )
    made("inv2_read", tanggal_njb=None, total_harga_njb=None, tanggal_nsc=jakarta(21, 9), total_harga_nsc="1818.5")
    found = looks("revenue", alice)
    assert words(found) == {"services, last 30 days": "Rp50,000", "parts in the workshop, last 30 days": "Rp20,000"}
    assert values(found) == {"20 Nov": 50000, "21 Nov": 20000}


def test_money_of_different_currencies_is_never_added(looks, made, alice):
    dili = DealershipFactory(currency="USD", time_zone="Asia/Dili")
    MembershipFactory(user=alice, dealership=dili)
    made("inv2_read", tanggal_njb=jakarta(20, 12), total_harga_njb="50000", tanggal_nsc=None)
    made("inv2_read", dealership=dili, tanggal_njb=jakarta(20, 12), total_harga_njb="7.5", tanggal_nsc=None)
    found = looks("revenue", alice)
    assert words(found)["services, last 30 days"] == "Rp50,000 + US$7.50"
    assert [chart.finding.partition(" per day")[0] for chart in found.charts] == [
        "Workshop revenue in IDR",
        "Workshop revenue in USD",
    ]


def test_parts_are_sold_over_the_counter_and_in_the_workshop(looks, made, alice):
    made("prsl_read", tgl_so="2026-11-21", total_harga_so="65000")
    made("inv2_read", tanggal_njb=None, tanggal_nsc=jakarta(20, 12), total_harga_nsc="20000")
    found = looks("parts", alice)
    assert words(found) == {
        "over the counter, last 30 days": "Rp65,000",
        "sales over the counter": "1",
        "in the workshop, last 30 days": "Rp20,000",
    }
    assert values(found) == {"20 Nov": 20000, "21 Nov": 65000}


def hlo(number: int) -> str:
    return f"PO/HLO/08138/2611/{number:04}"


def test_hotline_orders_wait_for_money_then_for_parts(looks, made, alice):
    made("unpaidhlo_read", id_hlo_document=hlo(1), tanggal_pemesanan_hlo="2026-11-11")
    made("unpaidhlo_read", id_hlo_document=hlo(2), tanggal_pemesanan_hlo="2026-11-01")
    made("dphlo_read", id_hlo_document=hlo(2), tanggal_pemesanan_hlo="2026-11-01", no_work_order=None)
    made("dphlo_read", id_hlo_document=hlo(2), tanggal_pemesanan_hlo="2026-11-03", no_work_order=None)
    made("dphlo_read", id_hlo_document=hlo(3), tanggal_pemesanan_hlo="2026-11-02", no_work_order=None)
    made("dphlo_read", id_hlo_document=hlo(4), tanggal_pemesanan_hlo="2026-11-02", no_work_order="WO/4")
    made("dphlo_read", id_hlo_document=hlo(5), tanggal_pemesanan_hlo="2026-05-01", no_work_order=None)
    made("prsl_read", line={"booking_id_reference": hlo(3)})
    made("inv2_read", no_work_order="WO/4")
    found = looks("hotline", alice)
    assert words(found) == {"wait for a down payment": "1", "wait for their parts": "1"}
    assert [(each.title, each.words, each.about) for each in found.items] == [
        (hlo(2), "20 days", "down payment made · 1 Nov 2026"),
        (hlo(1), "10 days", "no down payment · 11 Nov 2026"),
    ]


def test_an_order_waits_no_longer_once_its_sale_is_stored(looks, made, alice):
    made("unpaidhlo_read", id_hlo_document=hlo(1), tanggal_pemesanan_hlo="2026-11-02")
    assert words(looks("hotline", alice)) == {"wait for a down payment": "1", "wait for their parts": "0"}
    made("dphlo_read", id_hlo_document=hlo(1), tanggal_pemesanan_hlo="2026-11-02", no_work_order=None)
    assert words(looks("hotline", alice)) == {"wait for a down payment": "0", "wait for their parts": "1"}
    made("prsl_read", line={"booking_id_reference": hlo(1)})
    assert words(looks("hotline", alice)) == {"wait for a down payment": "0", "wait for their parts": "0"}


def test_another_dealerships_sale_does_not_end_our_waiting(looks, made, alice, dealership_b):
    made("dphlo_read", id_hlo_document=hlo(1), tanggal_pemesanan_hlo="2026-11-02", no_work_order="WO/1")
    made("prsl_read", dealership=dealership_b, line={"booking_id_reference": hlo(1)})
    made("inv2_read", dealership=dealership_b, no_work_order="WO/1")
    assert words(looks("hotline", alice))["wait for their parts"] == "1"


def test_nobodys_identity_number_stands_in_a_widget(looks, made, alice):
    made("dphlo_read", id_hlo_document=hlo(1), tanggal_pemesanan_hlo="2026-11-02", id_customer="3171234567890001")
    made("unpaidhlo_read", id_hlo_document=hlo(9), tanggal_pemesanan_hlo="2026-11-02", no_ktp="3171234567890002")
    assert "31712345678" not in repr(looks("hotline", alice))
