"""Document handling fills the papers of deals as they come, and never over what people wrote."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from dealers import audit
from dealers.models import Dealership, User
from ingestion.models import Adoption
from inventory.models import Vehicle
from sales.models import Deal, Registration
from tests.ingestion.adoption.said import FRAME, adopt, again, delivery, feeds, letter, papers, told

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def adopting(dealership_a: Dealership) -> None:
    Dealership.objects.update(language="en")
    dealership_a.refresh_from_db()
    feeds(dealership_a, "spk_read", "doch_read", "bast_read")


def rows() -> list[Any]:
    return [list(model.objects.values()) for model in (Deal, Vehicle, Registration)]


@pytest.mark.parametrize("first", [papers, letter])
def test_papers_come_with_days_and_who_received_them(dealership_a: Dealership, first: Any) -> None:
    first(dealership_a)
    adopt()
    (letter if first is papers else papers)(dealership_a)
    adopt()
    stnk, bpkb = Registration.objects.get(kind="stnk"), Registration.objects.get(kind="bpkb")
    assert (stnk.deal, stnk.number, stnk.status) == (Deal.objects.get(), "18513793/B", "handed_over")
    assert (stnk.requested_on, stnk.received_on) == (date(2026, 1, 13), date(2026, 1, 20))
    assert (stnk.handed_over_on, stnk.received_by) == (date(2026, 1, 22), "Ani Santoso")
    assert (bpkb.status, bpkb.requested_on) == ("requested", date(2026, 1, 13))
    vehicle = Vehicle.objects.get()
    assert (vehicle.vin, vehicle.plate, vehicle.sources["plate"]) == (FRAME, "B 1234 XYZ", "feed")
    before, versions = rows(), Registration.history.count()
    again()
    again()
    assert (rows(), Registration.history.count()) == (before, versions)


def test_what_comes_later_is_added(dealership_a: Dealership) -> None:
    letter(dealership_a)
    record = papers(dealership_a)
    adopt()
    record.unit.update(nomor_bpkb="M-1", tanggal_penerimaan_bpkb_dari_biro=date(2026, 3, 1), nomor_stnk="2/B")
    again()
    assert Registration.objects.get(kind="bpkb").status == "received"
    assert Registration.objects.get(kind="stnk").number == "2/B", "nobody has written in it but the feed"


def test_what_people_wrote_in_a_paper_stays_and_is_told(dealership_a: Dealership, owner: User) -> None:
    letter(dealership_a)
    record = papers(dealership_a, nama_penerima_stnk="Ani", nomor_stnk=None)
    adopt()
    paper = Registration.objects.get(kind="stnk")
    with audit.circumstances(audit.Circumstances(user=owner)):
        paper.received_by = "Budi Santoso himself"
        paper.save()
    record.unit.update(nomor_stnk="18513793/B")
    again()
    paper.refresh_from_db()
    assert (paper.received_by, paper.number) == ("Budi Santoso himself", "18513793/B")
    assert told("doch_read").kept == [[str(paper), "received_by", "Budi Santoso himself", "Ani"]]


def test_a_plate_that_a_person_wrote_stays(dealership_a: Dealership) -> None:
    letter(dealership_a)
    adopt()
    vehicle = Vehicle.objects.get()
    vehicle.plate = "B 9 ZZ"
    vehicle.wrote(["plate"])
    vehicle.save()
    papers(dealership_a)
    adopt()
    vehicle.refresh_from_db()
    assert vehicle.plate == "B 9 ZZ"
    assert told("doch_read").kept == [[str(vehicle), "plate", "B 9 ZZ", "B 1234 XYZ"]]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"tanggal_penerimaan_stnk_dari_biro": date(2026, 1, 1)}, "STNK: It is received after it was requested."),
        ({"nama_penerima_stnk": None}, "STNK: Write to whom it was handed over."),
        ({"plat_nomor": "123"}, "is no Indonesian plate"),
        ({"nomor_rangka": "JM91"}, "4 characters"),
    ],
)
def test_what_does_not_add_up_is_told_and_the_rest_is_there(
    dealership_a: Dealership, line: dict[str, Any], words: str
) -> None:
    letter(dealership_a)
    papers(dealership_a, **line)
    adopt()
    assert told("doch_read").state == Adoption.State.REFUSED
    assert words in " ".join(told("doch_read").problems)
    assert Registration.objects.filter(kind="bpkb").exists() == ("nomor_rangka" not in line)


def test_papers_without_a_frame_number_are_those_of_the_letters_one_deal(dealership_a: Dealership) -> None:
    letter(dealership_a)
    delivery(dealership_a)
    papers(dealership_a, nomor_rangka=None)
    adopt()
    assert Registration.objects.filter(deal=Deal.objects.get()).count() == 2


def test_a_plate_that_is_not_there_yet_is_none(dealership_a: Dealership) -> None:
    letter(dealership_a)
    papers(dealership_a, plat_nomor="-")
    adopt()
    assert told("doch_read").state == Adoption.State.ADOPTED
    assert Vehicle.objects.get().plate == ""
