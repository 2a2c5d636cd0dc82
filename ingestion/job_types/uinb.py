"""Unit receipts: motorcycles that arrived on a shipping list (`uinb`)."""

from django.utils.translation import gettext_lazy as _

from ingestion import codes, fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership
from ingestion.naming import found_by


class UnitReceipt(Record):
    no_shipping_list = fields.Key(_("shipping list"))
    tanggal_terima = fields.Day(_("receipt date"))
    main_dealer_id = fields.Text(_("main dealer"))
    no_invoice = fields.Text(_("invoice"))
    status_shipping_list = fields.Code(_("shipping list status"), codes.STATUS_SHIPPING_LIST)

    class Meta(Record.Meta):
        verbose_name = _("unit receipt")
        verbose_name_plural = _("unit receipts")
        constraints = [one_per_dealership("no_shipping_list")]
        indexes = [by_day("tanggal_terima", "status_shipping_list"), *found_by(invoice="no_invoice")]


class UnitReceiptUnit(Line):
    record = lines_of(UnitReceipt, "unit")
    kode_tipe_unit = fields.Text(_("unit type"))
    kode_warna = fields.Text(_("colour"))
    kuantitas_terkirim = fields.Whole(_("quantity sent"))
    kuantitas_diterima = fields.Whole(_("quantity received"))
    no_mesin = fields.Text(_("engine number"))
    no_rangka = fields.Text(_("frame number"))
    status_rfs = fields.Code(_("ready for sale"), codes.STATUS_RFS)
    po_id = fields.Text(_("purchase order"))
    kelengkapan_unit = fields.Text(_("accessories"))
    no_goods_receipt = fields.Text(_("goods receipt"))
    doc_nrfs_id = fields.Text(_("not-ready-for-sale document"))

    class Meta(Line.Meta):
        verbose_name = _("unit received")
        verbose_name_plural = _("units received")
        indexes = found_by(frame="no_rangka", engine="no_mesin", order="po_id")


JOB_TYPE = JobType(
    code="uinb_read",
    module="uinb",
    division="H1",
    record=UnitReceipt,
    filters=("poId", "noShippingList"),
    order=20,
    day="tanggal_terima",
    amounts=("unit.kuantitas_diterima",),
    listed=("no_shipping_list", "tanggal_terima", "no_invoice", "main_dealer_id", "status_shipping_list"),
)
