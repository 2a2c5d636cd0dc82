"""Each quirk of live gateways that an answer can show, from bytes as they come to what is stored."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from ingestion import answer
from ingestion.models import QuarantinedRecord
from tests.ingestion.roads import DEALER, NEIGHBOUR, STRANGER, Road, counts, envelope, road_for

pytestmark = pytest.mark.django_db


def arrived(job_type: str, *records: str) -> Road:
    """The road after an answer with these records."""
    road = road_for(job_type)
    road.arrive_body(envelope(",".join(records).encode()))
    return road


def lines(road: Road, array: str, *columns: str) -> list[tuple[Any, ...]]:
    return list(road.feed.kind.lines[array].objects.order_by("record_id", "position").values_list(*columns))


# -- spelling


def test_q1_keys_come_in_any_case() -> None:
    road = arrived("inv1_read", '{"IDINVOICE":"IN/1","Amount":500000,"Status":"1","NOTE":"lunas","idspk":"SPK/1"}')
    found = road.record("IN/1")
    assert (found.amount, found.status, found.note, found.id_spk) == (500000, "1", "lunas", "SPK/1")
    road = arrived(
        "parts_inbound", '{"noPenerimaan":"1","PO":[{"Kuantitas":2,"Uom":"pcs"},{"kuantitas":3,"uom":"set"}]}'
    )
    assert lines(road, "po", "kuantitas", "uom") == [(2, "pcs"), (3, "set")]
    assert road.record().extra is None


@pytest.mark.parametrize(
    ("job_type", "record", "column"),
    [
        ("spk_read", '{"idSpk":"SPK/1"}', "id_spk"),
        ("leasing", '{"idDokumenPengajuan":"1","idSPK":"SPK/1"}', "id_spk"),
        ("prospect", '{"idProspect":"1","noKtp":"SPK/1"}', "no_ktp"),
        ("spk_read", '{"idSpk":"1","noKTP":"SPK/1"}', "no_ktp"),
        ("pkb", '{"noWorkOrder":"1","noRangka":"SPK/1"}', "no_rangka"),
    ],
)
def test_q2_the_same_id_has_another_name_in_each_module(job_type: str, record: str, column: str) -> None:
    assert getattr(arrived(job_type, record).record(), column) == "SPK/1"


def test_q2_frame_numbers_have_two_names() -> None:
    assert lines(arrived("doch_read", '{"idSO":"1","unit":[{"nomorRangka":"F"}]}'), "unit", "nomor_rangka") == [("F",)]
    assert lines(arrived("uinb_read", '{"noShippingList":"1","unit":[{"noRangka":"F"}]}'), "unit", "no_rangka") == [
        ("F",)
    ]


def test_q3_a_blank_inside_a_key_is_no_part_of_it() -> None:
    assert arrived("prospect", '{"idProspect ":"1"," namaLengkap":"Amir"}').record("1").nama_lengkap == "Amir"


def test_q4_percentages_are_comma_text_or_numbers() -> None:
    services = ",".join(f'{{"discServicePercentage":{value}}}' for value in ('"0,0"', '"20,5"', 0.0, 20.5, '" 12,50 "'))
    road = arrived("pkb", f'{{"noWorkOrder":"1","services":[{services}]}}')
    found = [percentage for (percentage,) in lines(road, "services", "disc_service_percentage")]
    assert found == [Decimal(0), Decimal("20.5"), Decimal(0), Decimal("20.5"), Decimal("12.5")]


def test_q5_coordinates_are_comma_text_and_stay_swapped_as_they_came() -> None:
    found = arrived("prospect", '{"idProspect":"1","latitude":"111,123121","longitude":"-7,123111"}').record()
    assert (found.latitude, found.longitude) == (Decimal("111.123121"), Decimal("-7.123111"))


def test_q6_numbers_are_text_and_codes_are_numbers() -> None:
    found = arrived(
        "inv1_read", '{"idInvoice":"1","amount":"500000","tipePembayaran":1,"status":3,"caraBayar":"2"}'
    ).record()
    assert (found.amount, found.tipe_pembayaran, found.status, found.cara_bayar) == (500000, "1", "3", "2")


def test_q7_the_same_code_means_the_opposite_in_letters_and_invoices() -> None:
    invoice = arrived("inv1_read", '{"idInvoice":"1","tipePembayaran":"1"}').record()
    letter = arrived("spk_read", '{"idSpk":"1","unit":[{"tipePembayaran":"1"}]}').lines("unit")[0]
    assert (invoice.get_tipe_pembayaran_display(), letter.get_tipe_pembayaran_display()) == ("credit", "cash")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("29/04/2021 11:48:46", datetime(2021, 4, 29, 4, 48, 46, tzinfo=UTC)),
        ("2021/04/29 11:48:46", datetime(2021, 4, 29, 4, 48, 46, tzinfo=UTC)),
        ("29/04/2021 11:48:46:", datetime(2021, 4, 29, 4, 48, 46, tzinfo=UTC)),
        ("29/04/2021", datetime(2021, 4, 28, 17, tzinfo=UTC)),
        ("2021/04/29", datetime(2021, 4, 28, 17, tzinfo=UTC)),
        ("", None),
    ],
)
def test_q8_moments_come_in_many_forms(text: str, moment: datetime | None) -> None:
    record = f'{{"noWorkOrder":"1","tanggalNJB":"{text}","createdTime":"{text}","njb":[{{"createdTime":"{text}"}}]}}'
    road = arrived("inv2_read", record)
    assert (road.record().tanggal_njb, road.record().created_time) == (moment, moment)
    assert lines(road, "njb", "created_time") == [(moment,)]


@pytest.mark.parametrize("text", ["29/04/2021", "2021/04/29", "29/04/2021 00:00:00", "2021-04-29 23:59:59:"])
def test_q8_a_moment_where_a_date_is_expected_gives_its_date(text: str) -> None:
    found = arrived("pkb", f'{{"noWorkOrder":"1","tanggalServis":"{text}"}}').record()
    assert found.tanggal_servis == date(2021, 4, 29)


def test_q9_times_have_a_dot_or_a_colon() -> None:
    details = '{"waktuPengiriman":"09.00"},{"waktuPengiriman":"14:00"},{"waktuPengiriman":""}'
    road = arrived("bast_read", '{"deliveryDocumentId":"1","detail":[' + details + "]}")
    assert lines(road, "detail", "waktu_pengiriman") == [(time(9),), (time(14),), (None,)]


def test_q10_blanks_around_values_and_ids_are_trimmed() -> None:
    found = arrived("leasing", '{"idDokumenPengajuan":" FIF01/08138/23/03/00021","tenor":" 35 "}').record()
    assert (found.id_dokumen_pengajuan, found.tenor) == ("FIF01/08138/23/03/00021", 35)
    road = arrived("pkb", '{"noWorkOrder":"1\\t","noMesin":" JB22E1572318","services":[{"idJob":"BA082 "}]}')
    assert (road.record("1").no_mesin, lines(road, "services", "id_job")) == ("JB22E1572318", [("BA082",)])


# -- documents


def test_q11_a_parent_repeated_for_each_line_is_one_record() -> None:
    cross = [(service, part) for service in "AB" for part in "XYZ"]
    elements = [
        f'{{"noWorkOrder":"1","services":[{{"idJob":"{service}"}}],"parts":[{{"partsNumber":"{part}"}}]}}'
        for service, part in cross
    ]
    road = road_for("pkb")
    run = road.arrive_body(envelope(",".join([*elements[:4], '{"noWorkOrder":"2"}', *elements[4:]]).encode()))
    assert counts(run) == {"received": 2, "created": 2}
    assert lines(road, "services", "position", "id_job") == [(1, "A"), (2, "B")]
    assert lines(road, "parts", "position", "parts_number") == [(1, "X"), (2, "Y"), (3, "Z")]


def test_q12_lines_that_repeat_their_job_are_all_kept_in_order() -> None:
    njb = ",".join(f'{{"idJob":"{job}","totalHargaServis":{price}}}' for job, price in JOBS)
    road = arrived("inv2_read", f'{{"noWorkOrder":"1","totalHargaNJB":145000,"njb":[{njb}]}}')
    assert lines(road, "njb", "id_job", "total_harga_servis") == JOBS
    assert sum(price for _, price in JOBS) == road.record().total_harga_njb


JOBS = [("SO062", 65000), ("SO081", 25000), ("SO081", 30000), ("SO081", 25000)]


def test_q13_lines_without_frame_number_stay_apart() -> None:
    unit = '{"kodeTipeUnit":"HP5","kodeWarna":"%s","kuantitas":2,"noRangka":"","noMesin":""}'
    road = arrived("mdinvh1_read", '{"noInvoice":"1","unit":[%s,%s]}' % (unit % "BK", unit % "RD"))  # noqa: UP031
    assert lines(road, "unit", "kode_warna", "kuantitas", "no_rangka") == [("BK", 2, None), ("RD", 2, None)]


def test_q14_several_down_payments_on_one_hotline_order_are_several_records() -> None:
    road = arrived("dphlo_read", *(f'{{"noInvoiceUangJaminan":"{n}","idHLODocument":"HLO/1"}}' for n in (1, 2)))
    assert [record.id_hlo_document for record in road.records()] == ["HLO/1", "HLO/1"]


def test_q15_several_notes_of_one_work_order_lose_no_line() -> None:
    notes = [f'{{"noWorkOrder":"1","noNSC":"{n}","nsc":[{{"partsNumber":"{n}","totalHargaParts":5}}]}}' for n in "AB"]
    road = arrived("inv2_read", *notes)
    assert road.record().no_nsc == "A"
    assert lines(road, "nsc", "parts_number") == [("A",), ("B",)]
    assert '"noNSC":"B"' in road.versions()[0].raw


@pytest.mark.parametrize(
    "number",
    [
        *(
            "WO-06539-23-04-04129",
            "100002-23-04-00033",
            "RCV-100814-26-04-00007",
            "MND/26/04/123670",
            "15537-SLU-2600085",
        ),
        *("PODRAFT-100002-290421-14", "P-SLUKAG-20260417-154120", "WH/13074/1", "001", "1.0", "0x1F", "x" * 300, "Ж/✓"),
    ],
)
def test_q17_ids_of_any_form_and_length_are_kept_as_they_are(number: str) -> None:
    road = arrived("uinb_read", f'{{"noShippingList":"{number}","unit":[{{"kodeTipeUnit":"MF1D","poId":"{number}"}}]}}')
    assert road.record().no_shipping_list == number
    assert lines(road, "unit", "kode_tipe_unit", "po_id") == [("MF1D", number)]


def test_q18_missing_keys_are_null_and_other_keys_are_kept() -> None:
    unit = '{"nomorSTNK":"S","namaPenerima":"Amir","statusFakturSTNK":"STNK Selesai"}'
    road = arrived("doch_read", '{"idSO":"1","unit":[' + unit + "]}")
    columns = ("nomor_rangka", "nama_penerima_bpkb", "status_faktur_stnk", "extra")
    assert lines(road, "unit", *columns) == [(None, None, "STNK Selesai", {"namaPenerima": "Amir"})]
    assert road.lines("unit")[0].get_status_faktur_stnk_display() == "STNK Selesai"
    road = arrived("bast_read", '{"deliveryDocumentId":"1","detail":[]}')
    assert (road.record().dealer_id, road.record().dealership.code) == (None, DEALER)


def test_q19_a_dealer_other_than_the_one_asked_is_stored_there_or_quarantined() -> None:
    codes = (NEIGHBOUR, STRANGER, "", DEALER)
    road = arrived("pkb", *(f'{{"noWorkOrder":"{n}","dealerId":"{code}"}}' for n, code in enumerate(codes)))
    assert [record.dealership.code for record in road.records()] == [NEIGHBOUR, DEALER, DEALER]
    entry = QuarantinedRecord.objects.get()
    assert (entry.natural_key, entry.field, entry.dealership.code) == ("1", "dealerId", DEALER)


def test_q20_nobody_is_written_as_none_or_blank() -> None:
    found = arrived("pkb", '{"noWorkOrder":"1","hondaIdMekanik":"NONE","hondaIdSA":""}').record()
    assert (found.honda_id_mekanik, found.honda_id_sa) == ("NONE", None)


@pytest.mark.parametrize("frame", ["KC4111EK230036", "MH1KC4111EK230036", "MH1KC4111EK230036-EXTRA-LONG"])
def test_q21_frame_numbers_of_any_length_are_kept(frame: str) -> None:
    assert arrived("pkb", f'{{"noWorkOrder":"1","noRangka":"{frame}"}}').record().no_rangka == frame


def test_q22_a_draft_that_stops_coming_stays() -> None:
    road = arrived("unpaidhlo_read", '{"idHLODocument":"1","parts":[{"partsNumber":"X"}]}')
    before = road.dump()
    road.arrive_body(envelope(b'{"idHLODocument":"2"}'))
    assert [record.id_hlo_document for record in road.records()] == ["1", "2"]
    assert road.dump()[road.model._meta.db_table][:1] == before[road.model._meta.db_table]


@pytest.mark.parametrize(
    "body",
    [
        b'{"status":0,"message":"Tidak Ada Data Pada Periode ini","data":null}',
        b'{"status":"0","message":"Tidak Ada Data Pada Periode ini","data":null}',
        b'{"status":1,"message":null,"data":null}',
        b'{"status":"1","message":null,"data":[]}',
    ],
)
def test_q23_no_data_is_a_success_without_records(body: bytes) -> None:
    run = road_for("pkb").arrive_body(body)
    assert (run.state, counts(run)) == ("succeeded", {})


def test_q23_any_other_status_0_is_a_failure() -> None:
    with pytest.raises(answer.GatewayError, match="range over 30 days"):
        answer.records(b'{"status":0,"message":{"message1":"range over 30 days"},"data":null}')


def test_q24_lists_in_one_text_stay_one_text() -> None:
    road = arrived(
        "prospect", '{"idProspect":"1","unit":[{"salesProgramId":"PRM/0102/18/12/0001,PRM/0102/18/12/0002"}]}'
    )
    assert lines(road, "unit", "sales_program_id") == [("PRM/0102/18/12/0001,PRM/0102/18/12/0002",)]


# -- what text cannot hold


@pytest.mark.parametrize("name", [b"Am\\u0000ir", b"\\u0000Amir", b"Amir\\u0000"])
def test_nul_in_a_text_drops_out_and_the_record_is_stored(name: bytes) -> None:
    road = road_for("pkb")
    run = road.arrive_body(
        envelope(b'{"noWorkOrder":"1","namaPemilik":"' + name + b'","x":"a\\u0000b"},{"noWorkOrder":"2"}')
    )
    assert counts(run) == {"received": 2, "created": 2, "unknown_fields": 1}
    assert (road.record("1").nama_pemilik, road.record("1").extra) == ("Amir", {"x": "ab"})


@pytest.mark.parametrize("name", [b"Am\\ud800ir", b"\\udc00Amir", b"Amir\\uD83D", b"Am\\ude00\\ud83dir"])
def test_half_a_surrogate_pair_in_a_text_drops_out_and_the_record_is_stored(name: bytes) -> None:
    road = road_for("pkb")
    run = road.arrive_body(
        envelope(b'{"noWorkOrder":"1","namaPemilik":"' + name + b'","x":"\\ud800"},{"noWorkOrder":"2"}')
    )
    assert counts(run) == {"received": 2, "created": 2, "unknown_fields": 1}
    assert road.record("1").nama_pemilik.replace("\ufffd", "") == "Amir"


@pytest.mark.parametrize(
    ("between", "stored"), [(b"\n", "Amir Nasution"), (b"\t", "Amir Nasution"), (b"\x00 ", "Amir Nasution")]
)
def test_a_bare_control_character_in_a_text_costs_no_record(between: bytes, stored: str) -> None:
    road = road_for("pkb")
    name = b"Amir" + between + b"Nasution"
    run = road.arrive_body(envelope(b'{"noWorkOrder":"1","namaPemilik":"' + name + b'"},{"noWorkOrder":"2"}'))
    assert counts(run) == {"received": 2, "created": 2}
    assert road.record("1").nama_pemilik == stored
