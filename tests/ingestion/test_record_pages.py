"""A job type's pages: what a list marks and keeps, and what a record's page tells of it."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client

from dealers import saved_views
from dealers.models import Dealership, Flag, User
from dealers.roles import Role
from ingestion import search, versions
from ingestion.job_types import JOB_TYPES
from ingestion.resources import LineTable
from tests.factories import record_of
from tests.people import api_of, with_role

PKB = JOB_TYPES["pkb"]
LIST = "/records/pkb/"

pytestmark = pytest.mark.django_db


def test_words_are_marked_where_they_stand(owner: User, dealership_a: Dealership, client: Client) -> None:
    record_of(PKB, dealership_a, nama_pembawa="Amir Nasution")
    assert "<mark>Amir</mark>" in client.get(LIST, {"search": "amir"}).content.decode()


def test_words_that_no_column_shows_are_told_with_their_place(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    record = record_of(PKB, dealership_a)
    record.services.filter(position=2).update(nama_pekerjaan="Ganti kampas rem")
    search.write(PKB, [record.pk])
    text = client.get(LIST, {"search": "kampas"}).content.decode()
    assert "Ganti <mark>kampas</mark> rem" in text
    assert "Work order&#x27;s service 2" in text


def test_each_of_several_values_of_a_filter_is_kept_when_the_form_is_sent_again(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    text = client.get(LIST, {"no_polisi": ["B 1", "B 2"], "status_work_order": ["4", "5"]}).content.decode()
    assert re.findall(r'<input[^>]* name="no_polisi" value="([^"]*)"', text) == ["B 1", "B 2"]
    assert re.findall(r'<input[^>]* name="status_work_order" value="([^"]*)"', text) == ["5"]
    assert re.search(r'<option value="4" selected>', text)


def test_a_filter_is_told_in_the_language_of_who_reads_it(owner: User, client: Client) -> None:
    asked = {"tanggal_servis_from": "2026-01-31", "total_biaya_service_from": "1000"}
    for language, words in [("en", "Service date, from: 2026-01-31"), ("id", "Tanggal servis, dari: 2026-01-31")]:
        User.objects.filter(pk=owner.pk).update(language=language)
        text = client.get(LIST, asked).content.decode()
        assert words.casefold() in text.casefold()
        assert re.search(r'name="total_biaya_service_from" value="1000" type="text" inputmode="decimal"', text)


def test_columns_that_an_address_names_are_shown_in_its_order(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    record_of(PKB, dealership_a)
    columns = client.get(LIST, {"columns": ["no_rangka", "no_polisi"]}).context["columns"]
    assert [column.name for column in columns] == ["no_rangka", "no_polisi"]


def test_columns_that_a_person_chose_are_shown_until_the_address_says_others(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    record_of(PKB, dealership_a)
    saved_views.prefer(owner, "records-pkb", columns=["no_work_order", "km_terakhir"])
    assert [column.name for column in client.get(LIST).context["columns"]] == ["no_work_order", "km_terakhir"]


def test_a_list_opens_with_the_view_that_a_person_made_the_usual_one(owner: User, client: Client) -> None:
    saved_views.save(owner, "records-pkb", "Mine", "search=amir", default=True)
    assert client.get(LIST).headers["Location"] == f"{LIST}?search=amir"
    assert client.get(LIST, {"all": "1"}).status_code == 200


def test_figures_and_charts_follow_the_filters(owner: User, dealership_a: Dealership, client: Client) -> None:
    record_of(PKB, dealership_a, total_biaya_service=Decimal(100), nama_pembawa="Amir")
    record_of(PKB, dealership_a, total_biaya_service=Decimal(50), nama_pembawa="Budi")
    figures = client.get(f"{LIST}summary/", {"search": "amir"}).context["figures"]
    assert [figure.words for figure in figures][:2] == ["1", "Rp100"]


def test_a_summary_of_filters_that_cannot_be_read_says_so(owner: User, client: Client) -> None:
    assert client.get(f"{LIST}summary/", {"tanggal_servis_from": "tomorrow"}).status_code == 422


def test_lines_are_summed_where_a_sum_means_something(dealership_a: Dealership) -> None:
    record = record_of(PKB, dealership_a)
    lines = list(record.parts.all())
    for line in lines:
        line.dealership, line.total_harga_parts, line.harga_parts, line.kuantitas = (
            dealership_a,
            Decimal(10),
            Decimal(5),
            2,
        )
    table = LineTable(type(lines[0]), lines)
    totals = {field.name: total.text for field, total in zip(table.columns, table.totals, strict=True)}
    assert (totals["total_harga_parts"], totals["harga_parts"], totals["kuantitas"]) == ("Rp20", "", "4")


def test_a_page_tells_what_changed_between_versions_lines_included(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    record = record_of(PKB, dealership_a, no_polisi="B 1")
    record.history.update(raw='{"noPolisi": "B 1", "parts": [{"partsNumber": "P1", "kuantitas": 1}]}')
    record.save()
    later = record.history.order_by("-history_id").first()
    record.history.filter(pk=later.pk).update(
        raw='{"noPolisi": "B 2", "parts": [{"partsNumber": "P1", "kuantitas": 3}]}'
    )
    newest, first = versions.versions(PKB, record, owner)
    told = [(change.label, change.place, change.before, change.after) for change in newest.changes]
    assert told == [("licence plate", "", "B 1", "B 2"), ("quantity", "parts 1", "1", "3")]
    assert first.changes == []
    text = client.get(f"{LIST}{record.pk}/").content.decode()
    assert "<del>B 1</del> → <ins>B 2</ins>" in text


def test_a_version_shows_no_identity_number_to_whom_it_is_not_told(
    alice: User, dealership_a: Dealership, client: Client
) -> None:
    prospect = JOB_TYPES["prospect"]
    record = record_of(prospect, dealership_a, no_ktp="3171234567890001")
    record.history.update(raw='{"noKtp": "3171234567890001"}')
    client.force_login(with_role(alice, Role.VIEWER))
    text = client.get(f"/records/prospect/{record.pk}/").content.decode()
    assert "3171234567890001" not in text
    assert "••••0001" in text


def test_the_records_page_has_a_card_for_each_job_type_that_a_role_sees(
    alice: User, dealership_a: Dealership, client: Client
) -> None:
    client.force_login(with_role(alice, Role.TECHNICIAN))
    shown = {card.job.division for card, _resource, _state in client.get("/records/").context["cards"]}
    assert shown == {"H23"}


def test_the_search_at_the_top_finds_pages_and_records(owner: User, dealership_a: Dealership, client: Client) -> None:
    record = record_of(PKB, dealership_a, no_rangka="MH1JM0110NK777777")
    text = client.get("/search/", {"q": "NK777777"}).content.decode()
    assert f'href="{LIST}{record.pk}/"' in text
    assert 'href="/passport/"' in client.get("/search/", {"q": "pass"}).content.decode()


def test_the_palette_is_there_where_its_flag_is_on(owner: User, client: Client) -> None:
    assert 'id="palette"' not in client.get("/records/").content.decode()
    part = {"HTTP_HX_REQUEST": "true"}
    assert client.get("/search/", {"q": "pass"}, **part).status_code == 404
    Flag.objects.create(name="command_palette", is_on=True)
    assert 'id="palette"' in client.get("/records/").content.decode()
    assert 'role="option"' in client.get("/search/", {"q": "pass"}, **part).content.decode()


def test_a_filter_that_there_is_not_is_no_export_of_everything(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    record_of(PKB, dealership_a)
    asked = {"resource": "records-pkb", "format": "csv"}
    refused = client.post("/exports/", {**asked, "query": "no_rangkaa=MH1"})
    assert "There is no such filter: no_rangkaa." in client.get(refused.headers["Location"]).content.decode()
    fine = client.post("/exports/", {**asked, "query": "no_rangka=MH1&ordering=id&columns=no_rangka&all=1"})
    assert fine.headers["Content-Type"].startswith("text/csv")
    fine.close()


@pytest.fixture
def _slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks at a list's rows waits for longer than the database lets them."""

    def sleeping(self: object, *_: object) -> object:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout TO '20ms'")
            cursor.execute("SELECT pg_sleep(1)")

    monkeypatch.setattr("config.backoffice.pagination.Page.at", sleeping)


@pytest.mark.usefixtures("_slow")
def test_a_list_that_takes_too_long_is_told_in_words(owner: User, dealership_a: Dealership, client: Client) -> None:
    record_of(PKB, dealership_a)
    answer = client.get(LIST, {"search": "amir"})
    assert answer.status_code == 422
    assert "This took too long and was stopped." in answer.content.decode()
    assert "Nothing matches" not in answer.content.decode(), "nobody knows"
    answer = api_of(owner).get("/api/v1/dgi/pkb/")
    assert (answer.status_code, answer.json()["type"]) == (503, "too_slow")
