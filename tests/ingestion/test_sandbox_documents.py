"""The sandbox's documents: complete, consistent with each other, changing over time, always the same."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ingestion.sandbox.config import SandboxConfig
from ingestion.sandbox.documents import Record
from ingestion.sandbox.modules import MODULES
from ingestion.sandbox.world import STORIES, STORY_DAYS, World

FIELDS: dict[str, Any] = json.loads(Path(__file__).with_name("dgi_fields.json").read_text())
NOW = datetime(2025, 11, 20, 7, 30, tzinfo=UTC)  # 14:30 in Jakarta
CONFIG = SandboxConfig(now=lambda: NOW)
LOCAL_NOW = CONFIG.local_now()
# One main dealer has one code; a frame is one motorcycle (a quirk makes lines of several).
CONSTANT = {"mainDealerId", "quantity", "kuantitasTerkirim", "unit.kuantitas"}


@pytest.fixture(scope="module")
def world() -> World:
    return World(CONFIG)


def shown(world: World, module: str, days: float = 30, dealers: tuple[str, ...] = CONFIG.dealers) -> list[Record]:
    now = world.config.local_now()
    found = world.documents(module, dealers, now - timedelta(days=days), now)
    return [document.record(version) for document, version in found]


def by_key(world: World, module: str) -> dict[str, Record]:
    return {record[MODULES[module].key]: record for record in shown(world, module, days=60)}


def lines(records: Iterator[Record] | list[Record], array: str) -> list[Record]:
    return [line for record in records for line in record[array]]


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M:%S")


def test_the_modules_are_those_of_the_reference() -> None:
    assert set(MODULES) == set(FIELDS) == set(STORIES)
    for name, module in MODULES.items():
        assert module.key == FIELDS[name]["key"]
        assert set(FIELDS[name]["filters"]) <= set(module.filters)


@pytest.mark.parametrize("module", MODULES)
def test_records_have_exactly_the_keys_of_the_reference(world: World, module: str) -> None:
    expected = FIELDS[module]
    records = shown(world, module)
    assert records
    for record in records:
        assert set(record) == {name for name, _ in expected["fields"]} | set(expected["children"])
        for array, fields in expected["children"].items():
            assert all(set(line) == {name for name, _ in fields} for line in record[array])


@pytest.mark.parametrize("module", MODULES)
def test_every_field_says_something_and_not_always_the_same(world: World, module: str) -> None:
    records = shown(world, module)
    holders = {"": records} | {array: lines(records, array) for array in FIELDS[module]["children"]}
    for array, found in holders.items():
        names = FIELDS[module]["children"][array] if array else FIELDS[module]["fields"]
        for name, _ in names:
            if not CONSTANT & {name, f"{array}.{name}"}:
                assert len({row[name] for row in found}) > 1, f"{module}.{array}.{name} is constant"


@pytest.mark.parametrize("module", MODULES)
def test_natural_keys_are_unique_and_within_the_length_of_the_reference(world: World, module: str) -> None:
    keys = [record[MODULES[module].key] for record in shown(world, module)]
    assert len(set(keys)) == len(keys)
    assert max(map(len, keys)) <= 30


@pytest.mark.parametrize("module", MODULES)
def test_every_dealer_has_documents_in_any_week(world: World, module: str) -> None:
    for dealer in CONFIG.dealers:
        assert {record["dealerId"] for record in shown(world, module, 7, (dealer,))} == {dealer}


def test_the_same_seed_gives_the_same_answer_and_another_seed_another(world: World) -> None:
    again, other = World(CONFIG), World(replace(CONFIG, seed=2))
    list(again.documents("doch", ("08139",), LOCAL_NOW - timedelta(days=3), LOCAL_NOW))  # another order of asking
    for module in MODULES:
        assert shown(again, module, 7) == shown(world, module, 7)
        assert shown(other, module, 7) != shown(world, module, 7)


def test_a_unit_is_invoiced_received_sold_delivered_registered_and_serviced(world: World) -> None:
    invoices, receipts = by_key(world, "mdinvh1"), by_key(world, "uinb")
    received = {unit["noRangka"]: record for record in receipts.values() for unit in record["unit"]}
    delivered = {line["noRangka"]: line for line in lines(shown(world, "bast"), "detail")}
    registered = {line["nomorRangka"]: line for line in lines(shown(world, "doch"), "unit")}
    serviced = {record["noRangka"]: record for record in shown(world, "pkb")}
    for receipt in shown(world, "uinb"):
        invoice = invoices[receipt["noInvoice"]]
        assert [unit["noRangka"] for unit in invoice["unit"]] == [unit["noRangka"] for unit in receipt["unit"]]
        assert [unit["poId"] for unit in invoice["unit"]] == [unit["poId"] for unit in receipt["unit"]]
    for frame, line in delivered.items():
        unit = next(unit for unit in received[frame]["unit"] if unit["noRangka"] == frame)
        assert unit["noMesin"] == line["noMesin"]
        assert len(frame) == 14
    assert len(set(registered) & set(delivered)) > 100
    full_circle = set(serviced) & set(registered) & set(delivered)
    assert len(full_circle) > 10
    for frame in full_circle:
        assert serviced[frame]["noPolisi"] in ("", registered[frame]["platNomor"])


def test_a_prospect_becomes_order_loan_bill_delivery_and_papers(world: World) -> None:
    prospects, orders = by_key(world, "prsp"), by_key(world, "spk")
    for order in shown(world, "spk", 20):
        prospect = prospects[order["idProspect"]]
        assert (prospect["namaLengkap"], prospect["noKtp"]) == (order["namaCustomer"], order["noKtp"])
        assert prospect["statusProspect"] == "4"
        assert prospect["unit"][0]["kodeTipeUnit"] == order["unit"][0]["kodeTipeUnit"]
    for loan in shown(world, "lsng"):
        assert orders[loan["idSPK"]]["unit"][0]["tipePembayaran"] == "2"
    for bill in shown(world, "inv1"):
        on_credit = orders[bill["idSPK"]]["unit"][0]["tipePembayaran"] == "2"
        assert bill["tipePembayaran"] == ("1" if on_credit else "2")
    papers = by_key(world, "doch")
    for detail in lines(shown(world, "bast", 10), "detail"):
        assert detail["idSPK"] in orders
        if detail["noSO"] in papers:
            assert papers[detail["noSO"]]["idSPK"] == detail["idSPK"]


def test_the_bills_of_a_delivered_order_add_up_to_its_price(world: World) -> None:
    billed: dict[str, int] = {}
    for bill in shown(world, "inv1", 40):
        billed[bill["idSPK"]] = billed.get(bill["idSPK"], 0) + bill["amount"]
    orders = by_key(world, "spk")
    finished = [line["idSPK"] for line in lines(shown(world, "bast", 20), "detail")]
    assert finished
    for number in finished:
        unit = orders[number]["unit"][0]
        assert billed[number] == unit["hargaJual"] - unit["diskon"]


def test_notes_have_the_lines_and_totals_of_their_work_order(world: World) -> None:
    work_orders = by_key(world, "pkb")
    for notes in shown(world, "inv2"):
        order = work_orders[notes["noWorkOrder"]]
        assert order["statusWorkOrder"] == "4"
        assert [line["idJob"] for line in notes["njb"]] == [line["idJob"] for line in order["services"]]
        assert [line["partsNumber"] for line in notes["nsc"]] == [line["partsNumber"] for line in order["parts"]]
        assert notes["totalHargaNJB"] == sum(line["totalHargaServis"] for line in notes["njb"])
        assert notes["totalHargaNSC"] == sum(line["totalHargaParts"] for line in notes["nsc"])
        assert order["totalBiayaService"] == notes["totalHargaNJB"] + notes["totalHargaNSC"]


def test_a_job_return_names_an_earlier_work_order_of_the_same_motorcycle(world: World) -> None:
    work_orders = by_key(world, "pkb")
    returned = [record for record in shown(world, "pkb") if record["noWorkOrderJobReturn"]]
    assert returned
    for record in returned:
        assert work_orders[record["noWorkOrderJobReturn"]]["noRangka"] == record["noRangka"]


def test_a_paid_hotline_order_leaves_the_drafts_and_is_sold_later(world: World) -> None:
    payments = {record["idHLODocument"]: record for record in shown(world, "dphlo", 40)}
    drafts = {record["idHLODocument"] for record in shown(world, "unpaidhlo")}
    assert drafts
    assert not drafts & set(payments)
    sold = {line["bookingIdReference"] for line in lines(shown(world, "prsl"), "parts")} - {""}
    assert sold
    assert sold <= set(payments)
    work_orders = by_key(world, "pkb")
    for payment in shown(world, "dphlo"):
        assert payment["noWorkOrder"] in work_orders
        for part in payment["parts"]:
            assert part["totalHargaParts"] == part["kuantitas"] * part["hargaParts"]
            assert part["sisaBayar"] == part["totalHargaParts"] - part["uangMuka"]


def test_received_parts_were_invoiced_on_the_same_purchase_order(world: World) -> None:
    invoiced = {(line["noPO"], line["partsNumber"]) for line in lines(shown(world, "mdinvh3", 40), "parts")}
    assert {(line["noPO"], line["partsNumber"]) for line in lines(shown(world, "pinb"), "po")} <= invoiced


@pytest.mark.parametrize(
    ("module", "array", "discount", "total"),
    [
        ("mdinvh1", "unit", "diskonPerUnit", "totalDiskonPerUnit"),
        ("mdinvh3", "parts", "diskonPerPartsNumber", "totalDiskonPerPartsNumber"),
    ],
)
def test_invoices_carry_eleven_percent_vat(world: World, module: str, array: str, discount: str, total: str) -> None:
    for invoice in shown(world, module):
        gross = sum(line["kuantitas"] * line["hargaSatuanSebelumDiskon"] for line in invoice[array])
        less = sum(line["kuantitas"] * line[discount] for line in invoice[array])
        base = gross - less - invoice["potonganPerInvoice"]
        assert (invoice["totalHargaSebelumDiskon"], invoice[total]) == (gross, less)
        assert invoice["totalPPN"] == pytest.approx(base * 0.11)
        assert invoice["totalHarga"] == pytest.approx(base + invoice["totalPPN"])


@pytest.mark.parametrize("module", MODULES)
def test_only_what_has_happened_is_shown(world: World, module: str) -> None:
    for record in shown(world, module):
        created = moment(record["createdTime"])
        modified = moment(record["modifiedTime"]) if record["modifiedTime"] else created
        assert created <= modified <= LOCAL_NOW
        assert max(created, modified) >= LOCAL_NOW - timedelta(days=30)


@pytest.mark.parametrize("module", MODULES)
def test_documents_appear_and_change_as_time_goes_by(module: str) -> None:
    clock = [NOW - timedelta(days=2)]
    world = World(replace(CONFIG, now=lambda: clock[0]))
    before = {record[MODULES[module].key]: record for record in shown(world, module)}
    clock[0] = NOW
    after = {record[MODULES[module].key]: record for record in shown(world, module, days=7)}
    appeared = [key for key in after if key not in before]
    changed = [key for key in after if key in before and after[key] != before[key]]
    assert appeared
    assert changed
    for key in changed:
        assert moment(after[key]["modifiedTime"]) > NOW.replace(tzinfo=None) + timedelta(hours=7) - timedelta(days=2)
        assert after[key]["createdTime"] == before[key]["createdTime"]


def test_something_happens_every_few_minutes_even_at_night(world: World) -> None:
    day = datetime(2025, 11, 20)
    moments = []
    for module in MODULES:
        for document, _ in world.documents(module, CONFIG.dealers, day - timedelta(days=9), LOCAL_NOW):
            moments += [document.created, *document.changes]
    for hour in range(14):
        since = day + timedelta(hours=hour)
        assert sum(since <= happened < since + timedelta(hours=1) for happened in moments) >= 4


@pytest.mark.parametrize("story", STORY_DAYS)
def test_no_story_outlives_the_days_that_are_looked_back(world: World, story: str) -> None:
    for offset in range(60):
        day = date(2025, 9, 1) + timedelta(days=offset)
        for documents in world.shelf(story, "08138", day).values():
            for document in documents:
                moments = [document.created, *document.changes]
                assert moments == sorted(set(moments))
                assert all(moment.microsecond == 0 for moment in moments)
                assert day <= document.created.date()
                assert (document.last.date() - day).days < STORY_DAYS[story]


@pytest.mark.parametrize("module", MODULES)
def test_a_week_of_one_dealer_takes_less_than_fifty_milliseconds(world: World, module: str) -> None:
    shown(world, module, 7, ("08138",))
    seconds = []
    for _ in range(5):
        started = time.perf_counter()
        json.dumps(shown(world, module, 7, ("08138",)))
        seconds.append(time.perf_counter() - started)
    assert min(seconds) < 0.05
