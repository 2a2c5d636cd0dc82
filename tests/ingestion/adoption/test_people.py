"""Prospects become customers once, and leads while there is something to follow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError
from django.test import Client
from django.utils import timezone

from crm import merging, privacy, services
from crm.models import ContactPoint, Customer, Lead
from dealers.models import Dealership, User
from dealers.tenancy import platform
from ingestion import adoption
from ingestion.job_types import JOB_TYPES
from ingestion.models import Adoption, Feed
from ingestion.tasks import adopt_again
from tests.factories import CustomerFactory, FeedFactory, record_of

pytestmark = pytest.mark.django_db
PROSPECT = JOB_TYPES["prospect"]
KTP = "3171234567890001"


@pytest.fixture(autouse=True)
def feed(dealership_a: Dealership) -> Feed:
    return FeedFactory(dealership=dealership_a, job_type="prospect", adopts=True)


def prospect(dealership: Dealership, **more: Any) -> Any:
    today = timezone.localdate(timezone=dealership.zone)
    said = {
        "nama_lengkap": "Budi Santoso",
        "no_kontak": "081234567890",
        "no_ktp": KTP,
        "status_prospect": "3",
        "sumber_prospect": "0004",
        "tanggal_prospect": today,
        "tanggal_appointment": None,
        "alamat": "Jalan Merdeka 1",
        **more,
    }
    return record_of(PROSPECT, dealership, lines=1, **said)


def adopt() -> None:
    with platform("a test"):
        adoption.work()


def again() -> None:
    Adoption.objects.update(state=Adoption.State.WAITING)
    adopt()


def test_an_open_prospect_is_a_customer_and_a_lead(dealership_a: Dealership) -> None:
    record = prospect(dealership_a)
    adopt()
    customer, lead = Customer.objects.get(), Lead.objects.get()
    assert (customer.name, customer.phone, customer.identity_number) == ("Budi Santoso", "+6281234567890", KTP)
    assert customer.addresses.get().street == "Jalan Merdeka 1"
    assert (lead.customer, lead.temperature, lead.source) == (customer, "hot", "walk_in")
    assert lead.wish == record.unit.get().kode_tipe_unit
    assert {label for label, _pk, _words in Adoption.objects.get().made} == {"crm.customer", "crm.lead"}


def test_to_adopt_again_makes_nobody_twice_and_overwrites_nothing(dealership_a: Dealership) -> None:
    prospect(dealership_a)
    adopt()
    Lead.objects.get().lose("price")
    Customer.objects.update(name="Pak Budi")
    before = [list(model.objects.values()) for model in (Customer, Lead, ContactPoint)]
    again()
    again()
    assert [list(model.objects.values()) for model in (Customer, Lead, ContactPoint)] == before


@pytest.mark.parametrize("more", [{"status_prospect": "5"}, {"status_prospect": None}, {"tanggal_prospect": None}])
def test_a_prospect_that_is_over_is_a_customer_alone(dealership_a: Dealership, more: dict[str, Any]) -> None:
    prospect(dealership_a, **more)
    adopt()
    assert Customer.objects.count() == 1
    assert not Lead.objects.exists()


def test_an_old_prospect_is_nobodys_work_of_today(dealership_a: Dealership) -> None:
    prospect(dealership_a, tanggal_prospect=timezone.localdate() - timedelta(days=60))
    adopt()
    assert not Lead.objects.exists()


def test_a_customer_is_known_by_identity_number_and_by_telephone(dealership_a: Dealership) -> None:
    by_number = CustomerFactory(dealership=dealership_a, name="Budi")
    by_number.set_identity_number(KTP)
    by_number.save()
    by_phone = services.add(Customer(dealership=dealership_a, name="Siti"), phone="+628111111111")
    prospect(dealership_a)
    prospect(dealership_a, no_kontak="08111111111", no_ktp=None, nama_lengkap="SITI")
    adopt()
    assert set(Customer.objects.all()) == {by_number, by_phone}
    assert set(Lead.objects.values_list("customer", flat=True)) == {by_number.pk, by_phone.pk}


def test_one_telephone_and_two_identity_numbers_are_two_people(dealership_a: Dealership) -> None:
    prospect(dealership_a)
    prospect(dealership_a, no_ktp="3171234567890002", nama_lengkap="Ani Santoso")
    adopt()
    assert set(Customer.objects.values_list("name", flat=True)) == {"Budi Santoso", "Ani Santoso"}


def test_a_number_that_is_none_is_left_out_and_a_prospect_without_a_name_refused(dealership_a: Dealership) -> None:
    prospect(dealership_a, no_kontak="-")
    prospect(dealership_a, nama_lengkap=None)
    adopt()
    assert Customer.objects.get().phone == ""
    assert Adoption.objects.get(state="refused").problems == ["Namanya tidak ada."]


def test_an_appointment_to_come_is_the_next_step(dealership_a: Dealership) -> None:
    tomorrow = timezone.localdate(timezone=dealership_a.zone) + timedelta(days=1)
    prospect(dealership_a, tanggal_appointment=tomorrow)
    adopt()
    assert timezone.localdate(Lead.objects.get().next_step_at, dealership_a.zone) == tomorrow


def test_who_was_erased_is_written_down_by_no_feed_again(dealership_a: Dealership) -> None:
    prospect(dealership_a)
    adopt()
    privacy.erase(Customer.objects.get(), reason="asked for it")
    again()
    assert not Customer.objects.exists()
    assert Adoption.objects.get().state == Adoption.State.REFUSED


def test_who_was_merged_is_the_one_that_stays(dealership_a: Dealership) -> None:
    prospect(dealership_a)
    adopt()
    winner = CustomerFactory(dealership=dealership_a)
    merging.merge(winner, Customer.objects.exclude(pk=winner.pk).get())
    again()
    assert [pk for label, pk, _words in Adoption.objects.get().made if label == "crm.customer"] == [winner.pk]


# -- strangers


@pytest.mark.parametrize("number", ["0", "123", "-", "1111111111111111", "0000000000000001"])
def test_a_number_that_fills_a_form_makes_no_two_people_one(dealership_a: Dealership, number: str) -> None:
    prospect(dealership_a, no_ktp=number)
    prospect(dealership_a, no_ktp=number, nama_lengkap="Siti", no_kontak="08111111111")
    adopt()
    assert set(Customer.objects.values_list("name", flat=True)) == {"Budi Santoso", "Siti"}
    assert set(Customer.objects.values_list("identity_hash", flat=True)) == {""}


def test_one_telephone_and_two_names_are_two_people(dealership_a: Dealership) -> None:
    prospect(dealership_a, no_ktp=None)
    prospect(dealership_a, no_ktp=None, nama_lengkap="Ani Santoso")
    adopt()
    assert set(Customer.objects.values_list("name", flat=True)) == {"Budi Santoso", "Ani Santoso"}


def test_who_said_half_their_name_is_no_second_person(dealership_a: Dealership) -> None:
    prospect(dealership_a, no_ktp=None, nama_lengkap="Budi")
    prospect(dealership_a, no_ktp=None, nama_lengkap="BUDI  Santoso")
    prospect(dealership_a, no_ktp=None, nama_lengkap="Budi Hartono")
    adopt()
    assert set(Customer.objects.values_list("name", flat=True)) == {"Budi"}, "what he said first"


def test_who_is_known_by_telephone_and_name_learns_the_identity_number(dealership_a: Dealership) -> None:
    known = services.add(Customer(dealership=dealership_a, name="budi santoso"), phone="+6281234567890")
    prospect(dealership_a)
    adopt()
    prospect(dealership_a, no_kontak="08111111111", nama_lengkap="B. Santoso")
    adopt()
    known.refresh_from_db()
    assert Customer.objects.get() == known
    assert known.identity_number == KTP


def test_a_lead_that_people_deleted_is_not_made_again(dealership_a: Dealership) -> None:
    prospect(dealership_a)
    adopt()
    Lead.objects.get().delete()
    again()
    again()
    assert not Lead.objects.exists()
    assert Customer.objects.count() == 1


def test_a_record_that_contradicts_what_is_just_being_written_is_tried_once_more(
    dealership_a: Dealership, monkeypatch: pytest.MonkeyPatch
) -> None:
    adopter, errors = adoption.ADOPTERS["prospect"], [IntegrityError("duplicate key")]

    def fail_once(record: Any, outcome: Any) -> None:
        adopter(record, outcome)
        if errors:
            raise errors.pop()

    monkeypatch.setitem(adoption.ADOPTERS, "prospect", fail_once)
    prospect(dealership_a)
    adopt()
    assert Adoption.objects.get().state == Adoption.State.ADOPTED
    assert Customer.objects.count() == 1


def test_a_record_waits_on_where_the_database_saw_a_deadlock(
    dealership_a: Dealership, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    def locked(record: Any, outcome: Any) -> None:
        raise OperationalError("deadlock detected") from Deadlock()

    prospect(dealership_a)
    with monkeypatch.context() as meanwhile:
        meanwhile.setitem(adoption.ADOPTERS, "prospect", locked)
        adopt()
    assert Adoption.objects.get().state == Adoption.State.WAITING
    adopt()
    assert Adoption.objects.get().state == Adoption.State.ADOPTED


# -- switches and retries


def test_to_switch_it_off_forgets_nothing_that_a_record_became(dealership_a: Dealership, feed: Feed) -> None:
    prospect(dealership_a)
    prospect(dealership_a, nama_lengkap=None)
    adopt()
    prospect(dealership_a)
    before = list(Adoption.objects.exclude(state="waiting").values())
    Adoption.objects.update(state=Adoption.State.WAITING)
    adoption.switch(feed, False)
    assert list(Adoption.objects.values()) == before


def test_what_could_not_be_is_tried_again_every_night_where_its_feed_adopts(
    dealership_a: Dealership, dealership_b: Dealership, feed: Feed
) -> None:
    theirs = FeedFactory(dealership=dealership_b, job_type="prospect", adopts=True)
    for each in (dealership_a, dealership_b):
        prospect(each, nama_lengkap=None)
    adopt()
    PROSPECT.record.objects.update(nama_lengkap="Budi Santoso")
    adoption.switch(theirs, False)
    with platform("a test"):
        adopt_again()
    adopt()
    assert Customer.objects.get().dealership == dealership_a


def test_what_is_switched_off_is_not_tried_again(
    owner: User, client: Client, dealership_a: Dealership, feed: Feed
) -> None:
    Dealership.objects.update(language="en")
    prospect(dealership_a, nama_lengkap=None)
    adopt()
    adoption.switch(feed, False)
    answer = client.post(f"/ingestion/adoptions/{Adoption.objects.get().pk}/again/", follow=True)
    assert "is not adopted at" in answer.content.decode()
    adoption.try_again("prospect", dealership_a, "no_ktp", [KTP])
    assert Adoption.objects.get().state == Adoption.State.REFUSED
