"""Each quirk of the sandbox does what its line in the registry says, and only that."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ingestion.sandbox.admission import Query
from ingestion.sandbox.answers import records_for, success
from ingestion.sandbox.config import NATURAL_QUIRKS, SandboxConfig
from ingestion.sandbox.modules import MODULES
from ingestion.sandbox.quirks import INHERENT, NO_DATA, QUIRKS
from ingestion.sandbox.world import World

CONFIG = SandboxConfig(now=lambda: datetime(2025, 11, 20, 7, 30, tzinfo=UTC))
WORLD = World(CONFIG)

Records = list[dict[str, Any]]
Ask = Callable[..., Records]


def ask(module: str, *quirks: str, **filters: str) -> Records:
    now = CONFIG.local_now()
    query = Query(MODULES[module], CONFIG.dealers, now - timedelta(days=7), now, filters)
    return records_for(query, WORLD, CONFIG, frozenset(quirks))


def lines(records: Records, array: str) -> Records:
    return [line for record in records for line in record[array]]


def test_the_registry_has_the_quirks_that_an_answer_can_show() -> None:
    assert {f"Q{number}" for number in range(1, 25)} == set(QUIRKS)
    assert {"Q2", "Q3", "Q7", "Q16", "Q22", "Q24"} == INHERENT
    assert set(QUIRKS) - INHERENT >= NATURAL_QUIRKS
    assert all(quirk.about for quirk in QUIRKS.values())


@pytest.mark.parametrize("name", sorted(name for name, quirk in QUIRKS.items() if quirk.on_records))
def test_a_quirk_changes_some_answer_always_alike_and_never_the_documents(name: str) -> None:
    plain = {module: ask(module) for module in MODULES}
    quirky = {module: ask(module, name) for module in MODULES}
    assert any(quirky[module] != plain[module] for module in MODULES)
    assert {module: ask(module, name) for module in MODULES} == quirky
    assert {module: ask(module) for module in MODULES} == plain


def test_all_quirks_together_still_give_an_answer() -> None:
    for module in MODULES:
        assert ask(module, *QUIRKS)


def test_q1_prints_keys_as_the_specification_does() -> None:
    assert {"Amount", "Status", "Note"} <= set(ask("inv1", "Q1")[0])
    assert "KodeKelurahanKantor" in ask("prsp", "Q1")[0]
    assert {"Kuantitas", "Ppn"} <= set(lines(ask("pkb", "Q1"), "parts")[0])


def test_q4_percentages_are_text_with_a_comma() -> None:
    assert {"0,0", "10,0"} <= {line["discServicePercentage"] for line in lines(ask("pkb", "Q4"), "services")}


def test_q5_coordinates_have_a_comma_and_are_sometimes_swapped() -> None:
    latitudes = [record["latitude"] for record in ask("prsp", "Q5")]
    assert all("," in latitude and "." not in latitude for latitude in latitudes)
    assert {latitude.startswith("10") for latitude in latitudes} == {True, False}


def test_q6_numbers_are_text_and_codes_are_numbers() -> None:
    bill = ask("inv1", "Q6")[0]
    assert bill["amount"].isdigit()
    assert isinstance(bill["status"], int)


def test_q8_writes_dates_in_every_way() -> None:
    created = [record["createdTime"] for record in ask("pkb", "Q8")]
    assert any(text.endswith(":") for text in created)
    assert any(text.startswith("2025/") for text in created)
    assert any(len(record["tanggalServis"]) == 19 for record in ask("pkb", "Q8"))
    assert all(len(record["tanggalNJB"]) == 10 for record in ask("inv2", "Q8"))


def test_q9_writes_some_times_with_a_dot() -> None:
    assert {line["waktuPengiriman"][2] for line in lines(ask("bast", "Q9"), "detail")} == {".", ":"}


def test_q10_puts_blanks_around_some_ids() -> None:
    keys = [record["idDokumenPengajuan"] for record in ask("lsng", "Q10")]
    assert any(key.startswith(" ") for key in keys)
    assert sorted(key.strip() for key in keys) == sorted(record["idDokumenPengajuan"] for record in ask("lsng"))


def test_q11_repeats_the_parent_for_each_pair_of_lines_and_not_always_side_by_side() -> None:
    plain = {record["noWorkOrder"]: record for record in ask("pkb")}
    keys = []
    for record in ask("pkb", "Q11"):
        keys.append(record["noWorkOrder"])
        assert len(record["services"]) == 1
        assert record["services"][0] in plain[keys[-1]]["services"]
    for key, record in plain.items():
        assert keys.count(key) == len(record["services"]) * max(1, len(record["parts"]))
    runs = sum(key != previous for key, previous in zip(keys, ["", *keys], strict=False))
    assert runs > len(plain)


def test_q12_repeats_a_job_and_keeps_the_totals_of_order_and_notes_equal() -> None:
    orders = {record["noWorkOrder"]: record for record in ask("pkb", "Q12")}
    repeated = 0
    for notes in ask("inv2", "Q12"):
        jobs = [line["idJob"] for line in notes["njb"]]
        repeated += len(jobs) > len(set(jobs))
        assert notes["totalHargaNJB"] == sum(line["totalHargaServis"] for line in notes["njb"])
        if notes["noWorkOrder"] in orders:
            total = orders[notes["noWorkOrder"]]["totalBiayaService"]
            assert total == notes["totalHargaNJB"] + notes["totalHargaNSC"]
    assert repeated


def test_q13_merges_units_without_frame_number_and_keeps_the_sums() -> None:
    merged = [record for record in ask("mdinvh1", "Q13") if not record["unit"][0]["noRangka"]]
    assert any(line["kuantitas"] > 1 for line in lines(merged, "unit"))
    for record in merged:
        gross = sum(line["kuantitas"] * line["hargaSatuanSebelumDiskon"] for line in record["unit"])
        assert gross == record["totalHargaSebelumDiskon"]


def test_q14_gives_some_hotline_orders_two_down_payments() -> None:
    plain = {record["idHLODocument"]: record for record in ask("dphlo")}
    paid: dict[str, int] = {}
    records = ask("dphlo", "Q14")
    for record in records:
        paid[record["idHLODocument"]] = paid.get(record["idHLODocument"], 0) + sum(
            part["uangMuka"] for part in record["parts"]
        )
    assert len(records) > len(plain)
    assert len({record["noInvoiceUangJaminan"] for record in records}) == len(records)
    assert paid == {key: sum(part["uangMuka"] for part in record["parts"]) for key, record in plain.items()}


def test_q15_gives_some_work_orders_a_second_note() -> None:
    records = ask("inv2", "Q15")
    keys = [record["noWorkOrder"] for record in records]
    assert len(keys) > len(set(keys))
    assert sum(record["totalHargaNSC"] for record in records) == sum(record["totalHargaNSC"] for record in ask("inv2"))


def test_q17_changes_ids_so_that_documents_still_join_and_filters_still_find() -> None:
    bills, orders = ask("inv1", "Q17"), {record["idSpk"] for record in ask("spk", "Q17")}
    assert not any("/" in order for order in orders)
    assert len({bill["idSPK"] for bill in bills} & orders) > 10
    assert {len(line["kodeTipeUnit"]) for line in lines(ask("uinb", "Q17"), "unit")} == {4}
    wanted = bills[0]["idSPK"]
    assert {bill["idSPK"] for bill in ask("inv1", "Q17", idSPK=wanted)} == {wanted}
    assert len({bill["idInvoice"] for bill in bills}) == len(bills)
    assert all(record["tglPenerimaan"].count("/") == 2 for record in ask("pinb", "Q17"))


def test_q18_leaves_keys_out_and_writes_the_status_in_words() -> None:
    assert "dealerId" not in ask("bast", "Q18")[0]
    unit = lines(ask("doch", "Q18"), "unit")[0]
    assert "nomorRangka" not in unit
    assert "namaPenerima" in unit
    assert not unit["statusFakturSTNK"].isdigit()


def test_q19_names_other_dealers_and_unknown_parents() -> None:
    plain = {record["noWorkOrder"]: record["dealerId"] for record in ask("pkb")}
    others = {record["dealerId"] for record in ask("pkb", "Q19") if record["dealerId"] != plain[record["noWorkOrder"]]}
    assert others & set(CONFIG.dealers)
    assert others - set(CONFIG.dealers)


def test_q20_has_no_names_for_some_staff() -> None:
    nameless = [record for record in ask("pkb", "Q20") if record["hondaIdMekanik"] == "NONE"]
    assert nameless
    assert all(record["hondaIdSA"] == "" for record in nameless)


def test_q21_makes_frame_numbers_longer_everywhere() -> None:
    assert {len(line["noRangka"]) for line in lines(ask("bast", "Q21"), "detail")} == {17}
    assert {len(line["nomorRangka"]) for line in lines(ask("doch", "Q21"), "unit")} == {17}


def test_q23_says_the_status_as_text_and_no_data_as_a_failure() -> None:
    def content(records: Records) -> dict[str, Any]:
        body = success(records, frozenset({"Q23"})).body
        assert isinstance(body, bytes)
        return dict(json.loads(body))

    assert content([]) == {"status": "0", "message": NO_DATA, "data": None}
    assert content([{"a": 1}]) == {"status": "1", "message": None, "data": [{"a": 1}]}


def test_q24_lists_are_one_text() -> None:
    assert any("," in line["salesProgramId"] for line in lines(ask("prsp"), "unit"))
