"""What a raw text tells of a lead: with its place in the text, and nothing stored before a person confirms."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm import extraction
from crm.extraction import Suggestion, suggest
from crm.models import Lead
from dealers.models import Dealership, User
from dealers.roles import Role
from tests.factories import VehicleFactory
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db
PAGE, API = "/leads/from-notes/", "/api/v1/leads/suggest/"
TEXT = (
    "Nama: Budi Santoso\nMau tanya Honda Vario, budget 22,5 juta. Sekarang pakai B 1234 XYZ.\n"
    "WA 0812-3456-7890 atau budi.santoso@mail.example."
)


def found_in(text: str, dealership: Dealership) -> dict[str, Any]:
    found = suggest(text, dealership)
    for each in found.found:
        assert 0 <= each.start < each.end <= len(text)
        assert 0 < each.confidence <= 1
    return {name: [each.value for each in several] for name, several in found.best().items()}


def test_a_message_is_read(dealership_a: Dealership) -> None:
    one = VehicleFactory(dealership=dealership_a, model="Vario")
    VehicleFactory(dealership=dealership_a, model="BeAT")
    assert found_in(TEXT, dealership_a) == {
        "name": ["Budi Santoso"],
        "phone": ["+6281234567890"],
        "email": ["budi.santoso@mail.example"],
        "plate": ["B 1234 XYZ"],
        "wish": ["Honda Vario"],
        "vehicles": [one.pk],
        "budget": [Decimal("22500000")],
    }


def test_each_suggestion_knows_its_place(dealership_a: Dealership) -> None:
    said = {each.field: TEXT[each.start : each.end] for each in suggest(TEXT, dealership_a).found}
    assert said["phone"] == "0812-3456-7890"
    assert said["plate"] == "B 1234 XYZ"
    assert "".join(words for words, _said in suggest(TEXT, dealership_a).pieces) == TEXT


def test_a_model_in_stock_several_times_is_a_wish_in_words_alone(dealership_a: Dealership) -> None:
    for _ in range(2):
        VehicleFactory(dealership=dealership_a, model="Vario")
    assert found_in("ada vario?", dealership_a) == {"wish": ["Honda Vario"]}
    assert found_in("variomatic", dealership_a) == {}


def test_a_used_vehicle_is_found_by_its_plate_and_another_dealerships_is_not(
    dealership_a: Dealership, dealership_b: Dealership
) -> None:
    ours = VehicleFactory(dealership=dealership_a, plate="B 1234 XYZ", model="PCX")
    VehicleFactory(dealership=dealership_b, plate="B 1234 XYZ", model="Supra")
    assert found_in("masih ada b1234xyz? supra", dealership_a)["vehicles"] == [ours.pk]
    assert "wish" not in found_in("masih ada supra?", dealership_a)


def test_a_budget_in_millions_is_whole(dealership_a: Dealership) -> None:
    [found] = [each for each in suggest("12,345 juta", dealership_a).found if each.field == "budget"]
    assert str(found.value) == "12345000"


def test_a_text_that_is_longer_than_the_notes_is_told_to_be_cut(
    dealership_a: Dealership, seller: User, client: Client
) -> None:
    answer = client.post(PAGE, {"dealership": dealership_a.pk, "text": "word " * 900})
    assert "The notes hold 4000 letters" in answer.content.decode()


def test_who_is_addressed_is_less_sure_than_who_is_named(dealership_a: Dealership) -> None:
    found = suggest("Dari Pak Agus Salim. Nama: Budi", dealership_a)
    assert [(each.value, each.confidence) for each in found.found] == [("Budi", 0.9), ("Agus Salim", 0.6)]
    assert found.initial()["name"] == "Budi"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
@given(st.text(max_size=300))
def test_any_text_is_read_without_an_error(dealership_a: Dealership, text: str) -> None:
    found_in(text, dealership_a)


@pytest.fixture
def _another_reader() -> Iterator[None]:
    extraction.register("another", lambda text, dealership: [Suggestion("name", "Read by another", 1.0, 0, 1)])
    yield
    del extraction.EXTRACTORS["another"]


@pytest.mark.usefixtures("_another_reader")
def test_another_extractor_is_asked_too_and_the_surest_counts(dealership_a: Dealership) -> None:
    assert suggest(TEXT, dealership_a).initial()["name"] == "Read by another"
    with pytest.raises(ValueError, match="two extractors"):
        extraction.register("another", extraction.plain)


# -- the page


def test_nothing_is_stored_before_a_person_confirms(dealership_a: Dealership, seller: User, client: Client) -> None:
    vehicle = VehicleFactory(dealership=dealership_a, model="Vario")
    assert client.get(PAGE).status_code == 200
    answer = client.post(PAGE, {"dealership": dealership_a.pk, "text": TEXT})
    page = answer.content.decode()
    assert Lead.objects.count() == 0
    assert "Nothing is stored yet" in page
    assert "<mark" in page
    assert 'action="/leads/new/"' in page
    form = answer.context["form"]
    sent = {bound.html_name: value for bound in form if (value := bound.value()) not in (None, "")}
    sent |= {"dealership": dealership_a.pk, "once": answer.context["once"]}
    assert client.post("/leads/new/", sent).status_code == 302
    client.post("/leads/new/", sent)
    lead = Lead.objects.get()
    assert (lead.name, lead.phone, lead.vehicle_ids) == ("Budi Santoso", "+6281234567890", [vehicle.pk])
    assert lead.notes.replace("\r", "") == TEXT
    assert lead.source == "message"


def test_an_empty_text_is_asked_for(dealership_a: Dealership, seller: User, client: Client) -> None:
    assert client.post(PAGE, {"dealership": dealership_a.pk, "text": " "}).status_code == 422


def test_who_may_add_no_lead_reads_no_notes(alice: User, client: Client) -> None:
    client.force_login(with_role(alice, Role.VIEWER))
    assert client.get(PAGE).status_code == 403
    assert api_of(alice).post(API, {"dealership": 1, "text": "x"}, format="json").status_code == 403


def test_the_api_suggests_and_stores_nothing(dealership_a: Dealership, dealership_b: Dealership, siti: User) -> None:
    api = api_of(siti)
    told = api.post(API, {"dealership": dealership_a.pk, "text": TEXT}, format="json")
    assert told.status_code == 200, told.content
    [phone] = [each for each in told.json() if each["field"] == "phone"]
    start = TEXT.index("0812")
    assert phone == {
        "field": "phone",
        "value": "+6281234567890",
        "label": "+6281234567890",
        "confidence": 0.95,
        "start": start,
        "end": start + 14,
    }
    assert Lead.objects.count() == 0
    assert api.post(API, {"dealership": dealership_b.pk, "text": TEXT}, format="json").status_code == 400
