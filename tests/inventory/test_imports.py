"""Files of vehicles: received, looked at, stored once; what is wrong with a row is said in words."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import Mock

import openpyxl
import pytest
from celery import current_app
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError, connection, transaction
from django.test import Client
from django.utils import timezone, translation

from config.backoffice import sheets_read
from dealers.models import Dealership, Event, User
from dealers.roles import Role
from dealers.tenancy import acting_for, platform
from inventory import importing, tasks
from inventory.models import ImportColumn, Source, Vehicle, VehicleImport
from tests.config.test_sheets_read import book_of
from tests.factories import MembershipFactory, VehicleFactory
from tests.people import api_of, with_role

pytestmark = pytest.mark.django_db
NEW, API = "/inventory/imports/new/", "/api/v1/vehicle-imports/"
FRAME = "MH1JM2110LK123456"
STOCK = f"""No Stok;No Rangka;Merk;Tipe;Tahun;Kondisi;Harga Jual;KM;Gudang
A-1;{FRAME};Honda;BeAT;2025;Baru;Rp 18.500.000;12;Depan
A-2;;Yamaha;NMAX;2024;Bekas;32.000.000;4.500;
"""


@pytest.fixture
def person(dealership_a: Dealership) -> User:
    return MembershipFactory(dealership=dealership_a, role=Role.INVENTORY_MANAGER).user


def sent(text: str, name: str = "stok.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode(), "text/csv")


def received(dealership: Dealership, text: str, user: User) -> VehicleImport:
    return importing.receive(dealership, "stok.csv", text.encode(), by=user)


def looked_at(dealership: Dealership, text: str, user: User) -> VehicleImport:
    """A file whose columns are as proposed."""
    found = received(dealership, text, user)
    importing.choose_columns(found, found.columns, by=user)
    return found


def stored(dealership: Dealership, text: str, user: User, **more: Any) -> VehicleImport:
    found = looked_at(dealership, text, user)
    importing.store(found, by=user, **more)
    return found


def counts(imported: VehicleImport) -> tuple[int, int, int, int]:
    return imported.added, imported.changed, imported.same, imported.refused


def problems(imported: VehicleImport) -> list[tuple[int, str, str]]:
    return [(each["row"], *words) for each in imported.outcomes for words in each["problems"]]


# -- what comes of rows


def test_a_file_is_looked_at_before_anything_is_stored(dealership_a: Dealership, person: User) -> None:
    found = looked_at(dealership_a, STOCK, person)
    assert (found.state, counts(found)) == ("checked", (2, 0, 0, 0))
    assert not Vehicle.objects.exists()
    importing.store(found, by=person)
    assert (found.state, counts(found)) == ("done", (2, 0, 0, 0))
    first, second = Vehicle.objects.order_by("stock_number")
    assert (first.vin, first.make, first.model, first.year) == (FRAME, "Honda", "BeAT", 2025)
    assert (first.asking_price, first.odometer, first.location) == (Decimal(18_500_000), 12, "Depan")
    assert (second.condition, second.odometer, second.location) == ("used", 4500, "")
    assert first.sources["model"] == Source.HUMAN
    assert first.odometer_readings.get().km == 12
    assert Event.objects.filter(verb="vehicle.added").count() == 2
    assert Event.objects.get(verb="vehicleimport.stored").changes == {"new": 2}


def test_the_same_file_again_changes_nothing(dealership_a: Dealership, person: User) -> None:
    stored(dealership_a, STOCK, person)
    before = list(Vehicle.objects.order_by("pk").values())
    versions = Vehicle.history.count()
    again = looked_at(dealership_a, STOCK, person)
    assert counts(again) == (0, 0, 2, 0)
    importing.store(again, by=person)
    assert list(Vehicle.objects.order_by("pk").values()) == before
    assert Vehicle.history.count() == versions


def test_an_exported_list_is_imported_without_a_change(owner: User, dealership_a: Dealership, client: Client) -> None:
    VehicleFactory(dealership=dealership_a, description="", plate="B 1234 XYZ", status="reserved", odometer=9)
    VehicleFactory(dealership=dealership_a, trim="=1+1")
    for ending in ("csv", "xlsx"):
        answer = client.post("/exports/", {"resource": "vehicles", "query": "", "format": ending, "columns": COLUMNS})
        data = b"".join(answer.streaming_content)
        found = importing.receive(dealership_a, "x", data, by=owner)
        importing.choose_columns(found, found.columns, by=owner)
        assert (counts(found), problems(found)) == ((0, 0, 2, 0), [])


COLUMNS = [
    *("stock_number", "name", "status", "condition", "vin", "engine_number", "plate", "make", "model", "trim", "year"),
    *("colour", "odometer", "location", "days", "acquired_on", "asking_price", "minimum_price", "purchase_price"),
]


def test_a_vehicle_is_known_by_its_stock_number_or_its_frame_number(dealership_a: Dealership, person: User) -> None:
    VehicleFactory(dealership=dealership_a, stock_number="A-1", vin="")
    VehicleFactory(dealership=dealership_a, stock_number="B-2", vin=FRAME, colour="red")
    found = stored(dealership_a, "Stock,Frame,Colour\nA-1,,blue\n,mh1jm2110 lk123456,green\n", person)
    assert counts(found) == (0, 2, 0, 0)
    assert dict(Vehicle.objects.values_list("stock_number", "colour")) == {"A-1": "blue", "B-2": "green"}
    assert found.outcomes[1]["changes"] == {"colour": ["red", "green"]}


def test_a_blank_cell_leaves_what_is_there(dealership_a: Dealership, person: User) -> None:
    VehicleFactory(dealership=dealership_a, stock_number="A-1", colour="red", location="front")
    stored(dealership_a, "Stock,Colour,Location\nA-1,,back\n", person)
    vehicle = Vehicle.objects.get()
    assert (vehicle.colour, vehicle.location) == ("red", "back")


def test_a_cell_that_says_nothing_leaves_what_is_there_too(dealership_a: Dealership, person: User) -> None:
    VehicleFactory(dealership=dealership_a, stock_number="A-1", vin=FRAME)
    found = stored(dealership_a, "Stock,Frame,Colour\nA-1,-,blue\n,-,red\n", person)
    assert (counts(found), Vehicle.objects.get().vin) == ((0, 1, 0, 1), FRAME)
    assert "by which it is known again" in problems(found)[0][2]


def test_what_a_frame_number_says_of_the_make_is_nobodys_word(dealership_a: Dealership, person: User) -> None:
    stored(dealership_a, f"Stock,Frame,Model\nA-1,{FRAME},BeAT\n", person)
    vehicle = Vehicle.objects.get()
    assert (vehicle.make, vehicle.sources["make"], vehicle.sources["model"]) == ("Honda", "decoded", "human")
    assert "make" not in vehicle.locked


@pytest.mark.parametrize("number", ["1E+9999999", "1E+999999", "1E+400", "1E-400"])
def test_a_number_that_no_amount_is_is_refused_in_words_and_given_back(
    dealership_a: Dealership, owner: User, client: Client, number: str
) -> None:
    VehicleFactory(dealership=dealership_a, stock_number="A-1")
    texts, data = ('<c t="inlineStr"><is><t>{}</t></is></c>'.format, f"<c><v>{number}</v></c>")
    rows = [[texts("Stock"), texts("Price"), texts("Colour")], [texts("A-1"), data, data]]
    cells = "".join(f"<row>{''.join(row)}</row>" for row in rows)
    book = book_of(sheet=f"<worksheet><sheetData>{cells}</sheetData></worksheet>")
    found = importing.receive(dealership_a, "a.xlsx", book, by=owner)
    importing.choose_columns(found, found.columns, by=owner)
    assert [each[:2] for each in problems(found)] == [(2, "Price")]
    answer = client.get(f"/inventory/imports/{found.pk}/refused/")
    assert openpyxl.load_workbook(io.BytesIO(answer.content)).active["B2"].value == number


def test_a_lock_against_feeds_does_not_stop_a_person(dealership_a: Dealership, person: User) -> None:
    vehicle = VehicleFactory(dealership=dealership_a, stock_number="A-1", locked=["colour"], colour="red")
    stored(dealership_a, "Stock,Colour\nA-1,blue\n", person)
    vehicle.refresh_from_db()
    assert (vehicle.colour, vehicle.sources["colour"]) == ("blue", Source.HUMAN)


def test_a_price_is_changed_by_who_may_set_prices_alone(dealership_a: Dealership, person: User, owner: User) -> None:
    VehicleFactory(dealership=dealership_a, stock_number="A-1", asking_price=18_500_000)
    VehicleFactory(dealership=dealership_a, stock_number="A-2", asking_price=18_500_000)
    text = "Stock,Price,Colour\nA-1,19000000,red\nA-2,18.500.000,red\n"
    found = stored(dealership_a, text, person)
    assert counts(found) == (0, 1, 0, 1)
    [(row, column, words)] = problems(found)
    assert (row, column) == (2, "")
    assert "You may not change the asking price" in words
    assert dict(Vehicle.objects.values_list("stock_number", "colour"))["A-2"] == "red"
    assert counts(stored(dealership_a, text, owner)) == (0, 1, 1, 0)
    assert Vehicle.objects.get(stock_number="A-1").asking_price == 19_000_000


def test_status_and_odometer_change_by_their_verbs_and_as_these_allow(dealership_a: Dealership, person: User) -> None:
    VehicleFactory(dealership=dealership_a, stock_number="A-1", status="received", odometer=100)
    VehicleFactory(dealership=dealership_a, stock_number="A-2", status="received", odometer=100)
    VehicleFactory(dealership=dealership_a, stock_number="A-3", status="sold")
    text = "Stock,Status,KM\nA-1,available,120\nA-2,,90\nA-3,available,\nA-4,sold,\n"
    found = looked_at(dealership_a, text, person)
    assert (found.added, found.changed, found.refused) == (0, 1, 3)
    assert "it said 100 km" in problems(found)[0][2]
    assert "its deal decides" in problems(found)[1][2]
    assert problems(found)[2][:2] == (5, "Status")
    assert Vehicle.objects.get(stock_number="A-1").status == "received"
    importing.store(found, by=person)
    vehicle = Vehicle.objects.get(stock_number="A-1")
    assert (vehicle.status, vehicle.odometer) == ("available", 120)
    assert Event.objects.filter(verb="vehicle.moved").count() == 1


def test_a_new_vehicle_gets_its_status_by_the_verb_where_there_is_a_way(dealership_a: Dealership, person: User) -> None:
    text = "Stock,Make,Model,Status\nA-1,H,B,On order\nA-2,H,B,tersedia\nA-3,H,B,\nA-4,H,B,in_service\n"
    found = stored(dealership_a, text, person)
    assert counts(found) == (3, 0, 0, 1)
    assert problems(found) == [(5, "Status", "A vehicle that is new here is not “in service” at once.")]
    statuses = dict(Vehicle.objects.values_list("stock_number", "status"))
    assert statuses == {"A-1": "on_order", "A-2": "available", "A-3": "received"}
    assert Vehicle.objects.get(stock_number="A-1").acquired_on is None
    assert Event.objects.get(verb="vehicle.moved").changes == {"status": ["received", "available"]}


def test_each_error_is_said_with_its_row_and_its_column(dealership_a: Dealership, person: User) -> None:
    VehicleFactory(dealership=dealership_a, stock_number="A-1", vin="")
    VehicleFactory(dealership=dealership_a, stock_number="A-2", vin=FRAME)
    text = f"""Kode;Rangka;Merk;Tipe;Tahun;Harga;Harga minimum;Kondisi
;;Honda;BeAT;;;;
A-1;{FRAME};;;;;;
A-3;MH1JM2110LK12345O;Honda;BeAT;;;;
A-4;;Honda;BeAT;1776;;;
A-5;;Honda;BeAT;;soon;;
A-6;;Honda;BeAT;;5;6;
A-7;;Honda;BeAT;;;;shiny
A-8;;;BeAT;;;;
A-9;;Honda;BeAT;;;;
A-9;;Honda;Vario;;;;
"""
    ImportColumn.objects.create(dealership=dealership_a, header="kode", attribute="stock_number")
    found = looked_at(dealership_a, text, person)
    told = problems(found)
    assert [(row, column) for row, column, _words in told] == [
        (2, "Kode"),
        (3, "Rangka"),
        (4, "Rangka"),
        (5, "Tahun"),
        (6, "Harga"),
        (7, ""),
        (8, "Kondisi"),
        (9, "Merk"),
        (11, "Kode"),
    ]
    assert "by which it is known again" in told[0][2]
    assert "is it the digit 0?" in told[2][2]
    assert "minimum price is above" in told[5][2]
    assert told[8][2] == "Row 10 is about the same vehicle."
    assert counts(found) == (1, 0, 0, 9)


# -- storing


def test_good_rows_are_stored_and_the_others_given_back_with_their_reasons(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    found = stored(
        dealership_a, "Stock,Make,Model,Year,=cmd()\nA-1,Honda,BeAT,2025,x\nA-2,Honda,BeAT,1776,=1+1\n", owner
    )
    assert (Vehicle.objects.get().stock_number, counts(found)) == ("A-1", (1, 0, 0, 1))
    answer = client.get(f"/inventory/imports/{found.pk}/refused/")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="stok-errors.csv"')
    table = sheets_read.read(answer.content, most_rows=9)
    assert b"'=1+1" in answer.content
    assert list(table.header) == ["Stock", "Make", "Model", "Year", "=cmd()", "Why it was refused"]
    [(_number, values)] = table.rows
    assert values[:4] == ["A-2", "Honda", "BeAT", "1776"]
    assert values[5].startswith("Year: Write a year from 1900")


def test_all_rows_or_none_if_the_person_wants_it_so(dealership_a: Dealership, person: User) -> None:
    found = stored(dealership_a, "Stock,Make,Model,Year\nA-1,Honda,BeAT,2025\nA-2,H,B,1776\n", person, whole=True)
    assert not Vehicle.objects.exists()
    assert (found.state, found.error) == ("checked", "Nothing was stored, since not every row is good.")
    assert (found.outcomes[0]["vehicle"], found.outcomes[0]["vehicle_id"]) == ("A-1 2025 Honda BeAT", None)
    importing.store(found, by=person)
    assert Vehicle.objects.count() == 1


def test_of_rows_that_were_not_stored_no_number_of_ours_is_told(dealership_a: Dealership, person: User) -> None:
    text = f"Frame,Make,Model,Year\n{FRAME},Honda,BeAT,2025\nMH1JM2110LK123457,H,B,1776\n"
    found = stored(dealership_a, text, person, whole=True)
    assert (found.outcomes[0]["vehicle"], found.outcomes[0]["vehicle_id"]) == ("2025 Honda BeAT", None)
    importing.store(found, by=person)
    assert found.outcomes[0]["vehicle"] == str(Vehicle.objects.get())


def test_what_changed_since_the_rows_were_looked_at_is_looked_at_again(dealership_a: Dealership, person: User) -> None:
    found = looked_at(dealership_a, "Stock,Frame,Make,Model\nA-1,,Honda,BeAT\n", person)
    VehicleFactory(dealership=dealership_a, stock_number="A-1", vin="", make="Honda", model="Vario")
    importing.store(found, by=person)
    assert counts(found) == (0, 1, 0, 0)
    assert Vehicle.objects.get().model == "BeAT"


@pytest.mark.django_db(transaction=True)
def test_a_button_pressed_several_times_at_once_stores_once(dealership_a: Dealership, person: User) -> None:
    found = looked_at(dealership_a, STOCK, person)

    def press(_: int) -> str:
        try:
            with acting_for([dealership_a.pk], user_id=person.pk), transaction.atomic():
                importing.store(VehicleImport.objects.get(pk=found.pk), by=User.objects.get(pk=person.pk))
            return "stored"
        except ValidationError as error:
            return error.messages[0]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(press, range(4)))
    assert sorted(outcomes) == ["This file is stored already."] * 3 + ["stored"]
    assert Vehicle.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_two_files_of_the_same_vehicles_stored_at_once_leave_each_vehicle_once(
    dealership_a: Dealership, person: User
) -> None:
    files = [looked_at(dealership_a, STOCK, person).pk for _ in range(2)]

    def store(pk: int) -> None:
        with acting_for([dealership_a.pk], user_id=person.pk), transaction.atomic():
            importing.store(VehicleImport.objects.get(pk=pk), by=User.objects.get(pk=person.pk))
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(store, files))
    assert Vehicle.objects.count() == 2
    assert set(VehicleImport.objects.values_list("state", flat=True)) == {"done"}


# -- columns


def test_what_was_chosen_is_remembered_for_the_dealership(
    dealership_a: Dealership, dealership_b: Dealership, person: User, charlie: User
) -> None:
    text = "Kode X,Ket,Merk,Tipe\nA-1,x,Honda,BeAT\n"
    found = received(dealership_a, text, person)
    assert found.columns == ["", "", "make", "model"]
    importing.choose_columns(found, ["stock_number", "", "make", ""], by=person)
    assert received(dealership_a, text, person).columns == ["stock_number", "", "make", ""]
    assert received(dealership_b, text, with_role(charlie, Role.OWNER)).columns == ["", "", "make", "model"]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        (["stock_number", "make"], "has 3 columns"),
        (["stock_number", "make", "make"], "Two columns hold “make”"),
        (["stock_number", "make", "password"], "no such attribute of a vehicle: password"),
        (["stock_number", "make", "dealership"], "no such attribute of a vehicle: dealership"),
        (["", "make", "model"], "stock number or the frame number"),
    ],
)
def test_columns_that_cannot_be_are_refused_in_words(
    dealership_a: Dealership, person: User, columns: list[str], words: str
) -> None:
    found = received(dealership_a, "a,b,c\n1,2,3\n", person)
    with pytest.raises(ValidationError, match=words):
        importing.choose_columns(found, columns, by=person)


# -- many rows


def many(count: int) -> str:
    return "Stock,Make,Model\n" + "".join(f"M-{number},Honda,BeAT\n" for number in range(count))


@pytest.mark.django_db(transaction=True)
def test_many_rows_are_looked_at_and_stored_by_a_worker(
    dealership_a: Dealership, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, kwargs: told.append((name, kwargs)))
    monkeypatch.setattr(importing, "AT_ONCE", 3)
    found = looked_at(dealership_a, many(4), person)
    assert (found.state, told) == ("checking", [(importing.TASK, {"dealership_id": dealership_a.pk, "pk": found.pk})])
    tasks.work_on_import(**told[0][1])
    found.refresh_from_db()
    assert (found.state, counts(found), found.rows_done) == ("checked", (4, 0, 0, 0), 4)
    importing.store(found, by=person)
    assert not Vehicle.objects.exists()
    for each in told:
        tasks.work_on_import(**each[1])
    found.refresh_from_db()
    assert (found.state, Vehicle.objects.count()) == ("done", 4)
    added = Event.objects.filter(verb="vehicle.added").first()
    assert added is not None
    assert added.user_id == person.pk


@pytest.mark.django_db(transaction=True)
def test_who_lost_the_right_meanwhile_stores_nothing(
    dealership_a: Dealership, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_app, "send_task", lambda *_, **__: None)
    monkeypatch.setattr(importing, "AT_ONCE", 3)
    found = looked_at(dealership_a, many(4), person)
    with_role(person, Role.VIEWER)
    tasks.work_on_import(dealership_id=dealership_a.pk, pk=found.pk)
    found.refresh_from_db()
    assert (found.state, found.error) == ("failed", "You may not import vehicles any more.")


@pytest.mark.django_db(transaction=True)
def test_an_import_that_lost_its_worker_is_carried_on_with_and_given_up_after_three(
    dealership_a: Dealership, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Any] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, kwargs: told.append(kwargs["pk"]))
    monkeypatch.setattr(importing, "AT_ONCE", 3)
    found = looked_at(dealership_a, many(4), person)
    assert found.begin()
    assert not VehicleImport.objects.get(pk=found.pk).begin(), "two workers do not have it in hand"
    told.clear()
    tasks.look_after_imports()
    assert told == []
    long_ago = timezone.now() - timedelta(minutes=5)
    VehicleImport.objects.update(sign_of_life_at=long_ago)
    tasks.look_after_imports()
    assert told == [found.pk]
    VehicleImport.objects.update(sign_of_life_at=long_ago, attempt=3)
    tasks.look_after_imports()
    assert VehicleImport.objects.get().state == "failed"


@pytest.mark.django_db(transaction=True)
def test_an_import_whose_database_was_away_for_a_moment_is_begun_anew(
    dealership_a: Dealership, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_app, "send_task", lambda *_, **__: None)
    monkeypatch.setattr(importing, "AT_ONCE", 3)
    found = looked_at(dealership_a, many(4), person)
    with monkeypatch.context() as patch:
        patch.setattr(importing, "Rows", Mock(side_effect=OperationalError("deadlock detected")))
        tasks.work_on_import(dealership_id=dealership_a.pk, pk=found.pk)
    found.refresh_from_db()
    assert (found.state, found.error) == ("checking", "")
    VehicleImport.objects.update(sign_of_life_at=timezone.now() - timedelta(minutes=5))
    tasks.work_on_import(dealership_id=dealership_a.pk, pk=found.pk)
    found.refresh_from_db()
    assert found.state == "checked"


@pytest.mark.django_db(transaction=True)
def test_an_import_whose_person_is_gone_says_so(
    dealership_a: Dealership, person: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current_app, "send_task", lambda *_, **__: None)
    monkeypatch.setattr(importing, "AT_ONCE", 3)
    found = looked_at(dealership_a, many(4), person)
    VehicleImport.objects.update(asked_by=None)
    tasks.work_on_import(dealership_id=dealership_a.pk, pk=found.pk)
    found.refresh_from_db()
    assert (found.state, found.error) == ("failed", "Whoever sent this is here no more: send the file again.")


def test_what_went_wrong_is_said_in_the_language_it_was_asked_in(dealership_a: Dealership, person: User) -> None:
    found = received(dealership_a, STOCK, person)
    gone = {"sign_of_life_at": timezone.now() - timedelta(minutes=5), "attempt": importing.MOST_ATTEMPTS}
    VehicleImport.objects.filter(pk=found.pk).update(state="storing", language="id", **gone)
    with platform("test"):
        importing.look_after()
    found.refresh_from_db()
    with translation.override("id"):
        assert found.error == translation.gettext("Its worker was lost %(count)d times.") % {"count": 3}
    assert "worker was lost" not in found.error


def test_a_program_sends_few_rows_at_a_time(dealership_a: Dealership, person: User) -> None:
    found = received(dealership_a, many(201), person)
    with pytest.raises(ValidationError, match="at most 200 rows"):
        importing.begin(found, VehicleImport.State.CHECKING, object())


def test_a_file_is_forgotten_after_a_week(dealership_a: Dealership, person: User) -> None:
    old, young = (received(dealership_a, STOCK, person) for _ in range(2))
    VehicleImport.objects.filter(pk=old.pk).update(made_at=timezone.now() - timedelta(days=8))
    with platform("test"):
        importing.look_after()
    assert list(VehicleImport.objects.values_list("pk", flat=True)) == [young.pk]


# -- pages and the API


def test_a_file_is_imported_on_pages(owner: User, dealership_a: Dealership, client: Client) -> None:
    assert NEW in client.get("/inventory/", follow=True).content.decode()
    page = client.get(NEW)
    data = {"dealership": dealership_a.pk, "file": sent(STOCK), "once": page.context["once"]}
    there = client.post(NEW, data).headers["Location"]
    again = client.post(NEW, {**data, "file": sent(STOCK)}).headers["Location"]
    assert there == again
    assert VehicleImport.objects.count() == 1
    page = client.get(there)
    assert "No Rangka" in page.content.decode()
    proposal = [chosen for _name, chosen in page.context["pairs"]]
    assert proposal[:4] == ["stock_number", "vin", "make", "model"]
    assert client.post(f"{there}columns/", {"column": [*proposal[:8], "location"]}).status_code == 302
    text = client.get(there).content.decode()
    assert "Nothing is stored yet." in text
    assert "A-2 2024 Yamaha NMAX" in text
    assert client.post(f"{there}store/", {}).status_code == 302
    assert Vehicle.objects.count() == 2
    assert client.get(f"{there}?show=new&page=7").status_code == 200
    client.post(f"{there}store/", {})
    assert Vehicle.objects.count() == 2


def test_a_file_that_cannot_be_read_is_refused_on_its_page(
    owner: User, dealership_a: Dealership, client: Client
) -> None:
    for content in (b"x" * (5 * 1024 * 1024 + 9), b"\xff\xfe\xfd"):
        file = SimpleUploadedFile("a.csv", content)
        answer = client.post(NEW, {"dealership": dealership_a.pk, "file": file, "once": "k"})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.content.decode()
    assert not VehicleImport.objects.exists()


def test_a_workbook_is_imported_by_the_api(owner: User, dealership_a: Dealership) -> None:
    book = openpyxl.Workbook()
    for row in (["Stock", "Make", "Model", "Price"], ["A-1", "Honda", "BeAT", 18500000], ["A-2", "Honda", "", 1]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    api = api_of(owner)
    sent = lambda: SimpleUploadedFile("a.xlsx", out.getvalue())  # noqa: E731
    answers = [
        api.post(API, {"dealership": dealership_a.pk, "file": sent()}, format="multipart", HTTP_IDEMPOTENCY_KEY="one")
        for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [201, 200]
    made = answers[0].json()
    assert made["columns"] == ["stock_number", "make", "model", "asking_price"]
    there = f"{API}{made['id']}/"
    assert api.post(f"{there}store/", {"whole": False}, format="json").status_code == 409
    assert api.post(f"{there}columns/", {"columns": ["make"]}, format="json").status_code == 409
    looked = api.post(f"{there}columns/", {"columns": made["columns"]}, format="json")
    assert (looked.status_code, looked.json()["state"], looked.json()["refused"]) == (200, "checked", 1)
    assert [each["outcome"] for each in api.get(f"{there}rows/").json()] == ["new", "refused"]
    assert api.post(f"{there}store/", {}, format="json").json()["state"] == "done"
    assert Vehicle.objects.get().asking_price == 18_500_000
    assert openpyxl.load_workbook(io.BytesIO(api.get(f"{there}refused/").content)).active["A2"].value == "A-2"


def test_a_key_is_good_for_one_file_of_one_dealership(
    owner: User, dealership_a: Dealership, dealership_b: Dealership, client: Client
) -> None:
    MembershipFactory(user=owner, dealership=dealership_b, role=Role.OWNER)
    api = api_of(owner)

    def send(text: str, dealership: Dealership) -> Any:
        data = {"dealership": dealership.pk, "file": sent(text)}
        return api.post(API, data, format="multipart", HTTP_IDEMPOTENCY_KEY="one")

    answers = [send(*each) for each in ((STOCK, dealership_a), (many(2), dealership_a), (STOCK, dealership_b))]
    assert [each.status_code for each in answers] == [201, 409, 409]
    assert answers[1].json()["type"] == "key_taken"
    assert send(STOCK, dealership_a).json()["id"] == answers[0].json()["id"]
    holiday = client.get("/settings/holidays/new/").context["once"]
    client.post(
        "/settings/holidays/new/", {"dealership": dealership_a.pk, "day": "2026-12-25", "name": "x", "once": holiday}
    )
    for key, words in (("one", "This key was sent before"), (holiday, "was used for something else")):
        data = {"dealership": dealership_a.pk, "file": sent(many(3)), "once": key}
        refused = client.post(NEW, data)
        assert refused.status_code == 422
        assert words in " ".join(refused.context["form"].non_field_errors())
        assert refused.context["once"] != key
    assert client.post(NEW, {**data, "file": sent(many(3)), "once": refused.context["once"]}).status_code == 302
    assert VehicleImport.objects.count() == 2


def test_who_may_not_add_vehicles_imports_none(
    dealership_a: Dealership, owner: User, charlie: User, client_for: Any
) -> None:
    found = looked_at(dealership_a, STOCK, owner)
    seller = MembershipFactory(dealership=dealership_a, role=Role.SALESPERSON).user
    neighbour = with_role(charlie, Role.OWNER)
    there = f"/inventory/imports/{found.pk}/"
    for user, status in ((seller, 403), (neighbour, 404)):
        client = client_for(user)
        assert client.get(there).status_code == status
        assert {client.post(f"{there}{each}/").status_code for each in ("columns", "store")} == {status}
        assert client.get(f"{there}refused/").status_code == status
    assert client_for(seller).get(NEW).status_code == 403
    answer = client_for(neighbour).post(NEW, {"dealership": dealership_a.pk, "file": sent(STOCK)})
    assert answer.status_code == 422
    file = sent(STOCK)
    answer = api_of(neighbour).post(API, {"dealership": dealership_a.pk, "file": file}, format="multipart")
    assert answer.status_code == 400
    assert not Vehicle.objects.exists()
