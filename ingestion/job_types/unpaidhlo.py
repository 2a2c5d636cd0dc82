"""Unpaid hotline orders: drafts of special parts orders; one that is paid is no longer sent (`unpaidhlo`)."""

from django.utils.translation import gettext_lazy as _

from ingestion import codes, fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership, sampled
from ingestion.naming import found_by


class UnpaidHotlineOrder(Record):
    id_hlo_document = fields.Key(_("hotline order"))
    tanggal_pemesanan_hlo = fields.Day(_("order date"))
    no_work_order = fields.Text(_("work order"))
    no_buku_claim_c2 = fields.Text(_("C2 claim book"))
    no_ktp = fields.IdentityNumber(_("national id (KTP)"))
    nama_customer = fields.Text(_("customer's name"))
    alamat = fields.Text(_("address"))
    kode_propinsi = fields.Text(_("province"))
    kode_kota = fields.Text(_("city or regency"))
    kode_kecamatan = fields.Text(_("sub-district"))
    kode_kelurahan = fields.Text(_("village"))
    kode_pos = fields.Text(_("postcode"))
    no_kontak = fields.Text(_("phone"))
    kode_tipe_unit = fields.Text(_("unit type"))
    tahun_motor = fields.Text(_("model year"))
    no_mesin = fields.Text(_("engine number"))
    no_rangka = fields.Text(_("frame number"))
    flag_numbering = fields.Code(_("parts that carry a number"), codes.YA_TIDAK)
    vehicle_off_road = fields.Code(_("vehicle stays at the workshop"), codes.YA_TIDAK)
    job_return = fields.Code(_("job return"), codes.YA_TIDAK)

    class Meta(Record.Meta):
        verbose_name = _("unpaid hotline order")
        verbose_name_plural = _("unpaid hotline orders")
        constraints = [one_per_dealership("id_hlo_document")]
        indexes = [
            by_day("tanggal_pemesanan_hlo", "flag_numbering", "vehicle_off_road", "job_return"),
            sampled("tanggal_pemesanan_hlo", "no_kontak", "flag_numbering", "vehicle_off_road", "job_return"),
            *found_by(work_order="no_work_order", frame="no_rangka", engine="no_mesin"),
        ]


class UnpaidHotlineOrderPart(Line):
    record = lines_of(UnpaidHotlineOrder, "parts")
    parts_number = fields.Text(_("part number"))
    kuantitas = fields.Whole(_("quantity"))
    harga_parts = fields.Money(_("unit price"))
    total_harga_parts = fields.Money(_("line total"))
    uang_muka = fields.Money(_("down payment"))
    sisa_bayar = fields.Money(_("left to pay"))

    class Meta(Line.Meta):
        verbose_name = _("part on unpaid hotline order")
        verbose_name_plural = _("parts on unpaid hotline order")


JOB_TYPE = JobType(
    code="unpaidhlo_read",
    module="unpaidhlo",
    division="H23",
    record=UnpaidHotlineOrder,
    filters=("noWorkOrder", "idHLODocument"),
    order=110,
    vanishes=True,
    day="tanggal_pemesanan_hlo",
    people="no_kontak",
    breakdown="vehicle_off_road",
    amounts=("parts.total_harga_parts", "parts.sisa_bayar"),
    listed=(
        "id_hlo_document",
        "tanggal_pemesanan_hlo",
        "no_work_order",
        "nama_customer",
        "no_rangka",
        "vehicle_off_road",
    ),
)
