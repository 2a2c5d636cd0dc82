"""What the showroom's widgets say of known rows."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from ingestion.job_types import JOB_TYPES
from ingestion.models import Holding
from tests.factories import DealershipFactory, MembershipFactory
from tests.ingestion.dashboard.conftest import tile, values, words

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 21)


def test_prospects_of_the_last_days_are_counted_with_their_states(looks, made, alice):
    for day, state in (("2026-11-21", "3"), ("2026-11-15", "3"), ("2026-11-14", "1"), ("2026-10-23", "4")):
        made("prospect", tanggal_prospect=day, status_prospect=state)
    made("prospect", tanggal_prospect="2026-10-22", status_prospect="5")
    found = looks("prospects", alice)
    assert words(found) == {"last 7 days": "2", "last 30 days": "4", "low": "1", "hot": "2", "deal": "1"}
    assert values(found) == {"23 Oct": 1, "14 Nov": 1, "15 Nov": 1, "21 Nov": 1}


def test_a_figure_leads_to_its_rows(looks, made, alice, browser):
    made("prospect", tanggal_prospect="2026-11-21", status_prospect="3", nama_lengkap="Siti Hot")
    made("prospect", tanggal_prospect="2026-11-21", status_prospect="1", nama_lengkap="Budi Low")
    address = tile(looks("prospects", alice), "hot").address
    assert address == "/records/prospect/?tanggal_prospect_from=2026-10-23&status_prospect=3"
    text = browser.get(address).content.decode()
    assert "Siti Hot" in text
    assert "Budi Low" not in text


def test_a_state_that_the_table_lacks_is_shown_as_it_came(looks, made, alice):
    made("prospect", tanggal_prospect=TODAY, status_prospect="77")
    made("prospect", tanggal_prospect=TODAY, status_prospect=None)
    assert words(looks("prospects", alice)) == {
        "last 7 days": "2",
        "last 30 days": "2",
        "77": "1",
        "status not said": "1",
    }


def test_today_is_the_dealerships_day(looks, made, alice):
    made("prospect", tanggal_prospect="2026-11-15")
    before_midnight = datetime(2026, 11, 21, 16, 59, tzinfo=UTC)  # 23:59 in Jakarta
    assert words(looks("prospects", alice, now=before_midnight))["last 7 days"] == "1"
    after = datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
    assert words(looks("prospects", alice, now=after))["last 7 days"] == "0"


def test_units_are_counted_and_not_shipping_lists_alone(looks, made, alice):
    made("uinb_read", tanggal_terima=TODAY, line={"kuantitas_diterima": 4})
    made("uinb_read", tanggal_terima="2026-11-01", line={"kuantitas_diterima": 3})
    found = looks("units", alice)
    assert words(found) == {"units, last 7 days": "4", "units, last 30 days": "7", "shipping lists": "2"}
    assert values(found) == {"1 Nov": 3, "21 Nov": 4}


def test_deliveries_are_counted_by_state(looks, made, alice):
    made("bast_read", tanggal_pengiriman=TODAY, status_delivery_document="4")
    made("bast_read", tanggal_pengiriman="2026-11-01", status_delivery_document="2")
    assert words(looks("deliveries", alice)) == {
        "last 7 days": "1",
        "last 30 days": "2",
        "completed": "1",
        "in progress": "1",
    }


def papers(frame, bpkb=(None, None), stnk=(None, None)):
    return {
        "nomor_rangka": frame,
        "tanggal_penerimaan_bpkb_dari_biro": bpkb[0],
        "tanggal_terima_bpkb_oleh_konsumen": bpkb[1],
        "tanggal_penerimaan_stnk_dari_biro": stnk[0],
        "tanggal_terima_stnk_oleh_konsumen": stnk[1],
    }


def test_papers_wait_from_the_day_they_came_until_they_are_handed_over(looks, made, alice):
    made("doch_read", line=papers("WAITS-15", bpkb=("2026-11-06", None), stnk=("2026-10-01", "2026-10-02")))
    made("doch_read", line=papers("WAITS-14", bpkb=("2026-11-07", None)))
    made("doch_read", line=papers("HANDED-OVER", bpkb=("2026-01-01", "2026-01-05")))
    made("doch_read", line=papers("AT-THE-AGENCY"))
    made("doch_read", line=papers("STNK-ONLY", stnk=("2026-11-20", None)))
    found = looks("registrations", alice)
    assert [(each.label, each.words, each.kind) for each in found.tiles] == [
        ("BPKB waiting", "2", ""),
        ("BPKB, longer than 14 days", "1", "bad"),
        ("STNK waiting", "1", ""),
        ("STNK, longer than 14 days", "0", "ok"),
    ]
    assert [(each.title, each.words, each.kind) for each in found.items] == [
        ("WAITS-15", "15 days", "bad"),
        ("WAITS-14", "14 days", ""),
        ("STNK-ONLY", "1 day", ""),
    ]
    assert found.items[0].about == "BPKB · 6 Nov 2026"


def test_what_waits_leads_to_its_record(looks, made, alice):
    record = made("doch_read", line=papers("WAITS", bpkb=("2026-11-01", None)))
    assert looks("registrations", alice).items[0].address == f"/records/doch_read/{record.pk}/"


def test_another_dealerships_rows_count_nowhere(looks, made, alice, charlie, dealership_b):
    made("prospect", dealership=dealership_b, tanggal_prospect=TODAY)
    made("doch_read", dealership=dealership_b, line=papers("THEIRS", bpkb=("2026-01-01", None)))
    assert words(looks("prospects", alice))["last 30 days"] == "0"
    assert looks("registrations", alice).items == ()
    assert words(looks("prospects", charlie))["last 30 days"] == "1"


def test_whoever_works_in_several_sees_them_together_or_the_chosen_one(looks, made, alice, dealership_a):
    west = DealershipFactory(name="Papua", time_zone="Asia/Jayapura")
    MembershipFactory(user=alice, dealership=west)
    made("doch_read", line=papers("HERE", bpkb=("2026-11-01", None)))
    made("doch_read", dealership=west, line=papers("THERE", bpkb=("2026-11-02", None)))
    assert [each.about for each in looks("registrations", alice).items] == [
        f"BPKB · {dealership_a.name} · 1 Nov 2026",
        "BPKB · Papua · 2 Nov 2026",
    ]
    assert [each.title for each in looks("registrations", alice, west).items] == ["THERE"]


def test_figures_are_remembered_until_a_run_stores_something(looks, made, alice, django_assert_max_num_queries):
    made("prospect", tanggal_prospect=TODAY, status_prospect="3")
    assert words(looks("prospects", alice))["last 30 days"] == "1"
    JOB_TYPES["prospect"].record.objects.all().delete()
    assert words(looks("prospects", alice))["last 30 days"] == "1", "nothing was stored since"
    made("prospect", tanggal_prospect=TODAY, status_prospect="1")
    assert words(looks("prospects", alice))["low"] == "1"
    made("doch_read", line=papers("FIRST", bpkb=("2026-11-01", None)))
    assert len(looks("registrations", alice).items) == 1
    JOB_TYPES["doch_read"].lines["unit"].objects.update(tanggal_terima_bpkb_oleh_konsumen=TODAY)
    assert len(looks("registrations", alice).items) == 1
    Holding.objects.filter(job_type="doch_read").update(changes=99)
    assert looks("registrations", alice).items == ()
