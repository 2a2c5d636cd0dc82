"""Workshop work orders (PKB), with their labour and parts (`pkb`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ingestion import codes, fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership, sampled
from ingestion.naming import found_by


class WorkOrder(Record):
    no_work_order = fields.Key(_("work order"))
    no_sa_form = fields.Text(_("service advisor's form"))
    tanggal_servis = fields.Day(_("service date"))
    waktu_pkb = fields.Moment(_("work order opened at"))
    no_polisi = fields.Text(_("licence plate"))
    no_rangka = fields.Text(_("frame number"))
    no_mesin = fields.Text(_("engine number"))
    kode_tipe_unit = fields.Text(_("unit type"))
    tahun_motor = fields.Text(_("model year"))
    informasi_bensin = fields.Text(_("fuel gauge bars"))
    km_terakhir = fields.Whole(_("odometer in km"))
    tipe_coming_customer = fields.Code(_("who came"), codes.TIPE_COMING_CUSTOMER)
    nama_pemilik = fields.Text(_("owner's name"))
    alamat_pemilik = fields.Text(_("owner's address"))
    kode_propinsi_pemilik = fields.Text(_("owner's province"))
    kode_kota_pemilik = fields.Text(_("owner's city or regency"))
    kode_kecamatan_pemilik = fields.Text(_("owner's sub-district"))
    kode_kelurahan_pemilik = fields.Text(_("owner's village"))
    kode_pos_pemilik = fields.Text(_("owner's postcode"))
    alamat_pembawa = fields.Text(_("bringer's address"))
    kode_propinsi_pembawa = fields.Text(_("bringer's province"))
    kode_kota_pembawa = fields.Text(_("bringer's city or regency"))
    kode_kecamatan_pembawa = fields.Text(_("bringer's sub-district"))
    kode_kelurahan_pembawa = fields.Text(_("bringer's village"))
    kode_pos_pembawa = fields.Text(_("bringer's postcode"))
    nama_pembawa = fields.Text(_("bringer's name"))
    no_telp_pembawa = fields.Text(_("bringer's phone"))
    hubungan_dengan_pemilik = fields.Code(_("bringer's relation to the owner"), codes.HUBUNGAN_PEMILIK)
    keluhan_konsumen = fields.Text(_("customer's complaint"))
    rekomendasi_sa = fields.Text(_("service advisor's recommendation"))
    honda_id_sa = fields.Text(_("service advisor"))
    honda_id_mekanik = fields.Text(_("mechanic"))
    saran_mekanik = fields.Text(_("mechanic's advice"))
    asal_unit_entry = fields.Code(_("origin of the visit"), codes.ASAL_UNIT_ENTRY)
    id_pit = fields.Text(_("service bay"))
    jenis_pit = fields.Code(_("kind of service bay"), codes.JENIS_PIT)
    waktu_pendaftaran = fields.Moment(_("registered at"))
    waktu_selesai = fields.Moment(_("finished at"))
    total_frt = fields.Time(_("total flat-rate time"))
    set_up_pembayaran = fields.Code(_("way of payment"), codes.SETUP_PEMBAYARAN)
    catatan_tambahan = fields.Text(_("additional notes"))
    konfirmasi_pekerjaan_tambahan = fields.Code(_("additional work confirmed"), codes.YES_NO)
    no_buku_claim_c2 = fields.Text(_("C2 claim book"))
    no_work_order_job_return = fields.Text(_("work order of the job returned"))
    total_biaya_service = fields.Money(_("total of services and parts"))
    waktu_pekerjaan = fields.Time(_("working time"))
    status_work_order = fields.Code(_("work order status"), codes.STATUS_WORK_ORDER)

    class Meta(Record.Meta):
        verbose_name = _("work order")
        verbose_name_plural = _("work orders")
        constraints = [one_per_dealership("no_work_order")]
        indexes = [
            by_day(
                "tanggal_servis",
                "total_biaya_service",
                "tipe_coming_customer",
                "hubungan_dengan_pemilik",
                "asal_unit_entry",
                "jenis_pit",
                "set_up_pembayaran",
                "konfirmasi_pekerjaan_tambahan",
                "status_work_order",
            ),
            sampled(
                "tanggal_servis",
                "no_telp_pembawa",
                "tipe_coming_customer",
                "hubungan_dengan_pemilik",
                "asal_unit_entry",
                "jenis_pit",
                "set_up_pembayaran",
                "konfirmasi_pekerjaan_tambahan",
                "status_work_order",
            ),
            *found_by(frame="no_rangka", engine="no_mesin", plate="no_polisi", returned="no_work_order_job_return"),
            models.Index(fields=["dealership", "waktu_pkb"], name="work_order_opened"),
            models.Index(fields=["dealership", "waktu_selesai"], name="work_order_finished"),
        ]


class WorkOrderService(Line):
    record = lines_of(WorkOrder, "services")
    id_job = fields.Text(_("job"))
    nama_pekerjaan = fields.Text(_("job's name"))
    jenis_pekerjaan = fields.Text(_("kind of job"))
    biaya_service = fields.Money(_("price"))
    promo_id_jasa = fields.Text(_("promotion"))
    disc_service_amount = fields.Money(_("discount"))
    disc_service_percentage = fields.Percentage(_("discount in per cent"))
    total_harga_servis = fields.Money(_("line total"))

    class Meta(Line.Meta):
        verbose_name = _("work order's service")
        verbose_name_plural = _("work order's services")


class WorkOrderPart(Line):
    record = lines_of(WorkOrder, "parts")
    id_job = fields.Text(_("job"))
    parts_number = fields.Text(_("part number"))
    kuantitas = fields.Whole(_("quantity"))
    harga_parts = fields.Money(_("unit price without VAT"))
    promo_id_parts = fields.Text(_("promotion"))
    disc_parts_amount = fields.Money(_("discount"))
    disc_parts_percentage = fields.Percentage(_("discount in per cent"))
    ppn = fields.Money(_("VAT"))
    total_harga_parts = fields.Money(_("line total with VAT"))
    uang_muka = fields.Money(_("down payment"))

    class Meta(Line.Meta):
        verbose_name = _("work order's part")
        verbose_name_plural = _("work order's parts")


JOB_TYPE = JobType(
    code="pkb",
    module="pkb",
    division="H23",
    record=WorkOrder,
    filters=("noWorkOrder",),
    order=90,
    day="tanggal_servis",
    people="no_telp_pembawa",
    breakdown="status_work_order",
    averages=("total_biaya_service",),
    listed=("no_work_order", "tanggal_servis", "no_polisi", "nama_pembawa", "status_work_order", "total_biaya_service"),
)
