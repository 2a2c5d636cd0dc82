"""The passport of a motorcycle: what happened to it, from every job type, as far as a person may see."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from dealers.models import Dealership, User
from ingestion import passport
from ingestion.fields import IdentityNumber
from ingestion.job_types import JOB_TYPES
from ingestion.naming import is_found
from tests.ingestion.test_links import stored
from tests.people import with_role

pytestmark = pytest.mark.django_db
FRAME, ENGINE, PLATE = "MH1JM8110NK000123", "JM81E1000123", "B 1234 XYZ"


@pytest.fixture
def life(dealership_a: Dealership, dealership_b: Dealership) -> None:
    """A motorcycle sold by A and repaired at B."""
    bought = {"unit": {"no_rangka": FRAME}}
    stored("mdinvh1_read", dealership_a, bought, no_invoice="I1", tanggal_invoice=date(2026, 1, 1))
    stored("uinb_read", dealership_a, bought, tanggal_terima=date(2026, 1, 3))
    stored("prospect", dealership_a, id_prospect="P1", tanggal_prospect=date(2026, 1, 5))
    stored("spk_read", dealership_a, id_spk="S1", id_prospect="P1", tanggal_pesanan=date(2026, 1, 7))
    stored("leasing", dealership_a, id_spk="S1", tanggal_pengajuan=date(2026, 1, 8))
    stored("inv1_read", dealership_a, id_spk="S1", created_time=datetime(2026, 1, 8, 18, tzinfo=UTC))
    delivered = {"no_rangka": FRAME, "no_mesin": ENGINE, "id_spk": "S1"}
    stored("bast_read", dealership_a, {"detail": delivered}, tanggal_pengiriman=date(2026, 1, 10))
    handed = {
        "nomor_rangka": FRAME,
        "plat_nomor": PLATE,
        "tanggal_pengajuan_stnk_ke_biro": date(2026, 1, 11),
        "tanggal_penerimaan_stnk_dari_biro": date(2026, 1, 20),
        "tanggal_penerimaan_bpkb_dari_biro": None,
        "tanggal_terima_stnk_oleh_konsumen": date(2026, 1, 21),
        "tanggal_terima_bpkb_oleh_konsumen": None,
    }
    stored("doch_read", dealership_a, {"unit": handed}, id_so="D1", id_spk="S1")
    repaired = {"no_rangka": FRAME, "no_mesin": ENGINE, "no_polisi": PLATE, "no_work_order": "W1"}
    stored("pkb", dealership_b, tanggal_servis=date(2026, 3, 1), **repaired)
    stored("inv2_read", dealership_b, no_work_order="W1", tanggal_njb=datetime(2026, 3, 1, 9, tzinfo=UTC))
    stored("dphlo_read", dealership_b, no_work_order="W1", tanggal_pemesanan_hlo=date(2026, 3, 2))
    stored("unpaidhlo_read", dealership_b, no_work_order="W1", no_rangka=None, tanggal_pemesanan_hlo=None)
    stored("inv2_read", dealership_a, no_work_order="W1")  # the same number of another dealership
    stored("pkb", dealership_a, no_rangka="MH1JM8110NK999999", no_polisi="B 9 Z")


def told(user: User, frame: str = FRAME) -> list[tuple[str, date | None]]:
    return [(each.job.code, each.day) for each in passport.events(user, frame)]


def test_everything_that_happened_in_its_order(life: None, admin_user: User) -> None:
    assert told(admin_user) == [
        ("mdinvh1_read", date(2026, 1, 1)),
        ("uinb_read", date(2026, 1, 3)),
        ("prospect", date(2026, 1, 5)),
        ("spk_read", date(2026, 1, 7)),
        ("leasing", date(2026, 1, 8)),
        ("inv1_read", date(2026, 1, 9)),  # one in the morning in Jakarta
        ("bast_read", date(2026, 1, 10)),
        ("doch_read", date(2026, 1, 11)),
        ("doch_read", date(2026, 1, 20)),
        ("doch_read", date(2026, 1, 21)),
        ("pkb", date(2026, 3, 1)),
        ("inv2_read", date(2026, 3, 1)),
        ("dphlo_read", date(2026, 3, 2)),
        ("unpaidhlo_read", None),
    ]


def test_an_event_says_what_where_and_by_which_record(life: None, admin_user: User, dealership_a: Dealership) -> None:
    events = passport.events(admin_user, FRAME)
    handed = next(event for event in events if event.day == date(2026, 1, 21))
    invoiced = events[0]

    assert handed.heading == "Document handling D1: STNK handed to customer"
    assert handed.dealership == dealership_a
    assert JOB_TYPES["doch_read"].record.objects.get(pk=handed.record_id).id_so == "D1"
    assert invoiced.heading == "Unit invoice I1"
    assert ("grand total with VAT", "18181.5") in invoiced.details


def test_a_person_sees_what_happened_where_they_belong(life: None, alice: User, charlie: User) -> None:
    alice, charlie = with_role(alice, "sales_manager"), with_role(charlie, "technician")

    assert {code for code, _day in told(alice)} == {
        *("mdinvh1_read", "uinb_read", "prospect", "spk_read", "leasing", "inv1_read", "bast_read", "doch_read")
    }
    assert {code for code, _day in told(charlie)} == {"pkb", "inv2_read", "dphlo_read", "unpaidhlo_read"}


@pytest.mark.parametrize(
    "words",
    [
        FRAME,
        FRAME.lower(),
        f" {FRAME[:5]}-{FRAME[5:]} ",
        ENGINE,
        "jm81e-1000123",
        PLATE,
        "b1234xyz",
        "B-1234-XYZ",
        "b 1234 xyz",
    ],
)
def test_a_motorcycle_is_found_by_frame_engine_and_plate(life: None, admin_user: User, words: str) -> None:
    assert passport.find(admin_user, words) == [FRAME]


@pytest.mark.parametrize("words", ["", "B", "  - ", "nowhere at all", "%", "MH1JM8110NK"])
def test_what_is_no_number_finds_nothing(life: None, admin_user: User, words: str) -> None:
    assert passport.find(admin_user, words) == []
    assert passport.events(admin_user, words) == []


def test_a_plate_stored_without_blanks_is_found_as_people_write_it(dealership_a: Dealership, admin_user: User) -> None:
    stored("pkb", dealership_a, no_rangka=FRAME, no_polisi="B1234XYZ")

    assert passport.find(admin_user, "b 1234 xyz") == [FRAME]


def test_nobody_finds_a_motorcycle_of_another_dealership(life: None, charlie: User) -> None:
    person = with_role(charlie, "owner")

    assert passport.find(person, PLATE) == [FRAME]  # repaired there
    assert passport.find(person, "MH1JM8110NK999999") == []
    assert told(person, "MH1JM8110NK999999") == []


def test_a_delivery_of_several_leads_to_the_letter_of_this_one(dealership_a: Dealership, admin_user: User) -> None:
    for number, letter in (("F-000000001", "S1"), ("F-000000002", "S2")):
        stored("spk_read", dealership_a, id_spk=letter)
        delivery = stored("bast_read", dealership_a, {"detail": {"no_rangka": number, "id_spk": letter}})
    line = delivery.detail.get()
    line.pk, line.position, line.no_rangka, line.id_spk = None, 2, "F-000000003", "S1"
    line.save()

    letters = [str(e.record_id) for e in passport.events(admin_user, "F-000000002") if e.job.code == "spk_read"]

    assert letters == [str(JOB_TYPES["spk_read"].record.objects.get(id_spk="S2").pk)]


def test_a_passport_takes_few_queries(life: None, alice: User, django_assert_max_num_queries: Any) -> None:
    person = with_role(alice, "owner")
    person.known_roles = {membership.dealership_id: membership.role for membership in person.memberships.all()}

    with django_assert_max_num_queries(len(passport.TELLING) + len(passport.FOLLOWING)):
        passport.events(person, FRAME)
    with django_assert_max_num_queries(len(passport.TELLING)):
        passport.find(person, FRAME)


@pytest.mark.parametrize("telling", passport.TELLING, ids=lambda each: each.job)
def test_every_number_that_a_motorcycle_is_found_by_is_indexed(telling: passport.Telling) -> None:
    assert all(is_found(telling.model, column) for column in (telling.frame, telling.engine, telling.plate) if column)


def test_no_identity_number_stands_in_a_passport() -> None:
    for job in JOB_TYPES.values():
        assert not [name for name in job.listed if isinstance(job.column(name), IdentityNumber)]
