"""A customer's page holds all that happened, the newest first, and what other apps know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from config.backoffice.resources import Panel
from crm import services, timeline
from crm.models import Address, Customer, Note
from dealers.models import Event, User
from dealers.roles import Role
from tests.factories import AddressFactory, NoteFactory, OwnershipFactory
from tests.people import with_role

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 5, tzinfo=UTC)


def at(customer: Customer) -> str:
    return f"/customers/{customer.pk}/"


def titles(page: timeline.Page) -> list[str]:
    return [entry.text or entry.title for _, entries in page.days for entry in entries]


def test_a_page_shows_how_to_reach_somebody_and_what_they_agreed_to(
    client: Client, owner: User, budi: Customer
) -> None:
    services.set_primary(budi, "phone", "+6281234567890")
    services.set_primary(budi, "email", "budi@example.com")
    Customer.objects.update(tags=["vip"])
    services.record_consent(
        budi,
        **{"contact": "0812 3456 7890", "channel": "whatsapp", "purpose": "marketing", "is_given": True},
        **{"wording_version": "2026-01", "source": "paper"},
    )
    page = client.get(at(budi)).content.decode()
    for shown in ("tel:+6281234567890", "https://wa.me/6281234567890", "mailto:budi@example.com", ">vip<", "agrees"):
        assert shown in page, shown


def test_a_note_written_on_the_page_stands_on_top_of_the_timeline_once(
    client: Client, owner: User, budi: Customer
) -> None:
    once = client.get(at(budi)).context["composer"]["once"]
    sent = {"kind": "call", "text": "Wants the red one.", "once": str(once)}
    for _ in range(2):
        answer = client.post(f"{at(budi)}add-notes/", sent)
        assert answer.headers["Location"] == f"{at(budi)}#notes"
    note = Note.objects.get()
    assert (note.kind, note.written_by, note.dealership_id) == ("call", str(owner), budi.dealership_id)
    assert "Wants the red one." in client.get(at(budi)).content.decode()
    assert Event.objects.filter(verb="note.added").count() == 1
    assert client.post(f"{at(budi)}add-notes/", {"kind": "call"}).status_code == 422


def test_a_note_whose_key_was_sent_for_something_else_says_so(client: Client, owner: User, budi: Customer) -> None:
    client.post(f"{at(budi)}add-notes/", {"kind": "call", "text": "Wants the red one.", "once": "one"})
    refused = client.post(f"{at(budi)}add-addresses/", {"label": "home", "street": "Jalan Merdeka 1", "once": "one"})
    assert refused.status_code == 422
    assert "used for something else" in refused.content.decode()
    assert refused.context["once"] != "one"


def test_a_note_is_written_about_nobody_else(client: Client, owner: User, budi: Customer, dealership_b: Any) -> None:
    from tests.factories import CustomerFactory

    foreign = CustomerFactory(dealership=dealership_b)
    sent = {"kind": "note", "text": "x", "customer": foreign.pk}
    assert client.post(f"{at(foreign)}add-notes/", sent).status_code == 404
    client.post(f"{at(budi)}add-notes/", sent)
    assert Note.objects.get().customer_id == budi.pk


def test_an_address_is_added_on_the_page_and_deleted_for_good(client: Client, owner: User, budi: Customer) -> None:
    client.post(
        f"{at(budi)}add-addresses/", {"label": "home", "street": "Jalan Merdeka 1", "access_notes": "Blue gate"}
    )
    page = client.get(at(budi)).content.decode()
    assert "Jalan Merdeka 1" in page
    assert "Blue gate" in page
    row = Address.objects.get()
    client.post(f"/crm/addresses/{row.pk}/delete/")
    assert not Address.objects.exists()


def test_the_newest_stands_first_by_the_dealerships_days(budi: Customer, owner: User) -> None:
    for hours, text in ((0, "first"), (1, "second"), (24, "third")):
        NoteFactory(dealership=budi.dealership, customer=budi, text=text, at=NOON + timedelta(hours=hours))
    page = timeline.page(owner, budi)
    assert titles(page) == ["third", "second", "first"]
    assert [len(entries) for _, entries in page.days] == [1, 2]
    NoteFactory(dealership=budi.dealership, customer=budi, text="late", at=datetime(2026, 3, 1, 18, tzinfo=UTC))
    assert [day.day for day, _ in timeline.page(owner, budi).days] == [2, 1], "after midnight in Jakarta"


@pytest.mark.parametrize("together", [1, 7])
def test_pages_of_a_timeline_hold_each_entry_once(budi: Customer, owner: User, together: int) -> None:
    for n in range(40):
        NoteFactory(dealership=budi.dealership, customer=budi, text=f"{n}", at=NOON + timedelta(hours=n // together))
    seen: list[str] = []
    before: datetime | None = None
    while True:
        page = timeline.page(owner, budi, before=before, most=10)
        seen += titles(page)
        before = page.older
        if before is None:
            break
    assert sorted(seen, key=int) == [str(n) for n in range(40)]


def test_a_timeline_shows_one_kind_and_goes_on_by_htmx(client: Client, owner: User, budi: Customer) -> None:
    for n in range(40):
        NoteFactory(dealership=budi.dealership, customer=budi, text=f"note {n}.", at=NOON + timedelta(hours=n))
    NoteFactory(dealership=budi.dealership, customer=budi, kind="call", text="A call.", at=NOON)
    OwnershipFactory(dealership=budi.dealership, customer=budi)
    htmx = {"HTTP_HX_REQUEST": "true"}
    first = client.get(f"{at(budi)}timeline/", **htmx)
    assert "note 39." in first.content.decode()
    assert "A call." not in first.content.decode()
    older = first.context["timeline"].older
    second = client.get(f"{at(budi)}timeline/", {"before": older.isoformat()}, **htmx).content.decode()
    assert "A call." in second
    assert "<html" not in second
    calls = client.get(f"{at(budi)}timeline/", {"kind": "call"}, **htmx).content.decode()
    assert "A call." in calls
    assert "note 39." not in calls
    assert "Became owner" in client.get(f"{at(budi)}timeline/", {"kind": "ownership"}).content.decode()
    assert client.get(f"{at(budi)}timeline/", {"kind": "nothing"}).status_code == 404
    assert client.get(f"{at(budi)}timeline/", {"before": "yesterday"}).status_code == 400


@pytest.fixture
def another_app() -> Iterator[None]:
    """What an app above registers."""

    def read(user: Any, customer: Customer, before: datetime | None, most: int) -> list[timeline.Entry]:
        return [] if before else [timeline.Entry(NOON, "Deal signed", "DL-0001", address="/deals/1/")]

    def panel(user: Any, customer: Customer) -> Panel | None:
        return Panel("Deals", [])

    timeline.SOURCES["deal"] = timeline.Source("deals", "crm.customer:merge", read)
    timeline.PANELS.append(panel)
    yield
    del timeline.SOURCES["deal"]
    timeline.PANELS.remove(panel)


def test_another_app_adds_to_the_timeline_and_the_page(
    client: Client, owner: User, budi: Customer, another_app: None
) -> None:
    page = client.get(at(budi)).content.decode()
    assert "DL-0001" in page
    assert "<h2>Deals</h2>" in page
    client.force_login(with_role(owner, Role.SALESPERSON))
    assert "DL-0001" not in client.get(at(budi)).content.decode(), "a source has a permission"


def test_who_may_only_look_sees_no_forms(client: Client, alice: User, budi: Customer) -> None:
    AddressFactory(dealership=budi.dealership, customer=budi)
    client.force_login(with_role(alice, Role.VIEWER))
    page = client.get(at(budi)).content.decode()
    assert "Jalan Merdeka 1" in page
    for absent in ("add-notes", "add-addresses", "/reveal/", "/export/", "/erase/", "/merge/", "/edit/"):
        assert absent not in page, absent
    assert client.post(f"{at(budi)}add-notes/", {"kind": "note", "text": "x"}).status_code == 403


def test_what_was_learnt_is_confirmed_by_a_person(api: Any, budi: Customer, owner: User) -> None:
    sent = {"customer": budi.pk, "key": "dog", "value": "Rex", "confidence": 80}
    made = api.post("/api/v1/attributes/", sent, format="json").json()
    assert (made["said_by"], made["confirmed_by"]) == (str(owner), "")
    told = api.post(f"/api/v1/attributes/{made['id']}/confirm/").json()
    assert told["confirmed_by"] == str(owner)
    assert api.post(f"/api/v1/attributes/{made['id']}/confirm/").status_code == 409
    assert api.post("/api/v1/attributes/", {**sent, "confidence": 101}, format="json").status_code == 400
