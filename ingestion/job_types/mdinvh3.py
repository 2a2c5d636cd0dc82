"""Parts invoices: what the main dealer bills the dealership for parts (`mdinvh3`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ingestion import codes, fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership
from ingestion.naming import found_by


class PartsInvoice(Record):
    no_invoice = fields.Key(_("invoice"))
    tgl_invoice = fields.Day(_("invoice date"))
    tgl_jatuh_tempo = fields.Day(_("due date"))
    main_dealer_id = fields.Text(_("main dealer"))
    total_harga_sebelum_diskon = fields.Money(_("total before discounts"))
    total_diskon_per_parts_number = fields.Money(_("total of discounts per part"))
    potongan_per_invoice = fields.Money(_("deduction from the invoice"))
    total_ppn = fields.Money(_("total VAT"))
    total_harga = fields.Money(_("grand total with VAT"))

    class Meta(Record.Meta):
        verbose_name = _("parts invoice")
        verbose_name_plural = _("parts invoices")
        constraints = [one_per_dealership("no_invoice")]
        indexes = [
            by_day(
                "tgl_invoice",
                "total_harga_sebelum_diskon",
                "total_diskon_per_parts_number",
                "potongan_per_invoice",
                "total_ppn",
                "total_harga",
            ),
            models.Index(fields=["dealership", "tgl_jatuh_tempo"], name="parts_invoice_due"),
        ]


class PartsInvoiceLine(Line):
    record = lines_of(PartsInvoice, "parts")
    no_po = fields.Text(_("purchase order"))
    jenis_order = fields.Code(_("kind of order"), codes.JENIS_ORDER)
    parts_number = fields.Text(_("part number"))
    kuantitas = fields.Whole(_("quantity"))
    uom = fields.Text(_("unit of measure"))
    harga_satuan_sebelum_diskon = fields.Money(_("unit price before discount"))
    diskon_per_parts_number = fields.Money(_("discount per part"))

    class Meta(Line.Meta):
        verbose_name = _("part on parts invoice")
        verbose_name_plural = _("parts on parts invoice")
        indexes = found_by(order="no_po")


JOB_TYPE = JobType(
    code="mdinvh3_read",
    module="mdinvh3",
    division="H23",
    record=PartsInvoice,
    filters=("noPO",),
    order=140,
    day="tgl_invoice",
    breakdown="parts.jenis_order",
    averages=("total_harga",),
    listed=(
        "no_invoice",
        "tgl_invoice",
        "tgl_jatuh_tempo",
        "main_dealer_id",
        "total_harga_sebelum_diskon",
        "total_ppn",
        "total_harga",
    ),
)
