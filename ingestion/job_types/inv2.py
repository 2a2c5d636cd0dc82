"""Workshop invoices: the service note (NJB) and the parts note (NSC) of a work order (`inv2`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ingestion import fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership


class WorkshopInvoice(Record):
    no_work_order = fields.Key(_("work order"))
    no_njb = fields.Text(_("service note (NJB)"))
    tanggal_njb = fields.Moment(_("service note made at"))
    total_harga_njb = fields.Money(_("service note's total"))
    no_nsc = fields.Text(_("parts note (NSC)"))
    tanggal_nsc = fields.Moment(_("parts note made at"))
    total_harga_nsc = fields.Money(_("parts note's total"))
    honda_id_sa = fields.Text(_("service advisor"))
    honda_id_mekanik = fields.Text(_("mechanic"))

    class Meta(Record.Meta):
        verbose_name = _("workshop invoice")
        verbose_name_plural = _("workshop invoices")
        constraints = [one_per_dealership("no_work_order")]
        indexes = [
            by_day("tanggal_njb", "total_harga_njb", "total_harga_nsc"),
            models.Index(fields=["dealership", "tanggal_nsc"], include=["total_harga_nsc"], name="parts_note_day"),
        ]


class WorkshopInvoiceService(Line):
    record = lines_of(WorkshopInvoice, "njb")
    id_job = fields.Text(_("job"))
    harga_servis = fields.Money(_("price"))
    promo_id_jasa = fields.Text(_("promotion"))
    disc_service_amount = fields.Money(_("discount"))
    disc_service_percentage = fields.Percentage(_("discount in per cent"))
    total_harga_servis = fields.Money(_("line total"))

    class Meta(Line.Meta):
        verbose_name = _("service invoiced")
        verbose_name_plural = _("services invoiced")


class WorkshopInvoicePart(Line):
    record = lines_of(WorkshopInvoice, "nsc")
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
        verbose_name = _("part invoiced")
        verbose_name_plural = _("parts invoiced")


JOB_TYPE = JobType(
    code="inv2_read",
    module="inv2",
    division="H23",
    record=WorkshopInvoice,
    filters=("noWorkOrder",),
    order=100,
    day="tanggal_njb",
    breakdown="honda_id_mekanik",
    averages=("total_harga_njb", "total_harga_nsc"),
    listed=(
        "no_work_order",
        "tanggal_njb",
        "no_njb",
        "total_harga_njb",
        "no_nsc",
        "total_harga_nsc",
        "honda_id_mekanik",
    ),
)
