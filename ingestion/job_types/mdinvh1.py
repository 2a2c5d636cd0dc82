"""Unit invoices: what the main dealer bills the dealership for motorcycles (`mdinvh1`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ingestion import fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership
from ingestion.naming import found_by


class UnitInvoice(Record):
    no_invoice = fields.Key(_("invoice"))
    tanggal_invoice = fields.Day(_("invoice date"))
    tanggal_jatuh_tempo = fields.Day(_("due date"))
    main_dealer_id = fields.Text(_("main dealer"))
    total_harga_sebelum_diskon = fields.Money(_("total before discounts"))
    total_diskon_per_unit = fields.Money(_("total of discounts per unit"))
    potongan_per_invoice = fields.Money(_("deduction from the invoice"))
    total_ppn = fields.Money(_("total VAT"))
    total_harga = fields.Money(_("grand total with VAT"))

    class Meta(Record.Meta):
        verbose_name = _("unit invoice")
        verbose_name_plural = _("unit invoices")
        constraints = [one_per_dealership("no_invoice")]
        indexes = [
            by_day(
                "tanggal_invoice",
                "total_harga_sebelum_diskon",
                "total_diskon_per_unit",
                "potongan_per_invoice",
                "total_ppn",
                "total_harga",
            ),
            models.Index(fields=["dealership", "tanggal_jatuh_tempo"], name="unit_invoice_due"),
        ]


class UnitInvoiceUnit(Line):
    record = lines_of(UnitInvoice, "unit")
    kode_tipe_unit = fields.Text(_("unit type"))
    kode_warna = fields.Text(_("colour"))
    kuantitas = fields.Whole(_("quantity"))
    no_mesin = fields.Text(_("engine number"))
    no_rangka = fields.Text(_("frame number"))
    harga_satuan_sebelum_diskon = fields.Money(_("unit price before discount"))
    diskon_per_unit = fields.Money(_("discount per unit"))
    po_id = fields.Text(_("purchase order"))

    class Meta(Line.Meta):
        verbose_name = _("unit invoiced")
        verbose_name_plural = _("units invoiced")
        indexes = found_by(frame="no_rangka", engine="no_mesin", order="po_id")


JOB_TYPE = JobType(
    code="mdinvh1_read",
    module="mdinvh1",
    division="H1",
    record=UnitInvoice,
    filters=("poId", "noShippingList"),
    order=10,
    day="tanggal_invoice",
    breakdown="unit.kode_tipe_unit",
    averages=("total_harga",),
    listed=(
        "no_invoice",
        "tanggal_invoice",
        "tanggal_jatuh_tempo",
        "main_dealer_id",
        "total_harga_sebelum_diskon",
        "total_ppn",
        "total_harga",
    ),
)
