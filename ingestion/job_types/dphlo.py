"""Hotline down payments: deposits (uang jaminan) taken for hotline orders of parts (`dphlo`)."""

from django.utils.translation import gettext_lazy as _

from ingestion import fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership, sampled
from ingestion.naming import found_by


class HotlineDownPayment(Record):
    """Keyed by its own invoice: one hotline order may have several down payments."""

    no_invoice_uang_jaminan = fields.Key(_("deposit invoice"))
    id_hlo_document = fields.Text(_("hotline order"))
    tanggal_pemesanan_hlo = fields.Day(_("order date"))
    no_work_order = fields.Text(_("work order"))
    id_customer = fields.IdentityNumber(_("customer's national id (KTP)"))

    class Meta(Record.Meta):
        verbose_name = _("hotline down payment")
        verbose_name_plural = _("hotline down payments")
        constraints = [one_per_dealership("no_invoice_uang_jaminan")]
        indexes = [
            by_day("tanggal_pemesanan_hlo"),
            sampled("tanggal_pemesanan_hlo", "id_customer"),
            *found_by(work_order="no_work_order", hotline="id_hlo_document"),
        ]


class HotlineDownPaymentPart(Line):
    record = lines_of(HotlineDownPayment, "parts")
    parts_number = fields.Text(_("part number"))
    kuantitas = fields.Whole(_("quantity"))
    harga_parts = fields.Money(_("unit price"))
    total_harga_parts = fields.Money(_("line total"))
    uang_muka = fields.Money(_("down payment"))
    sisa_bayar = fields.Money(_("left to pay"))

    class Meta(Line.Meta):
        verbose_name = _("part with down payment")
        verbose_name_plural = _("parts with down payment")


JOB_TYPE = JobType(
    code="dphlo_read",
    module="dphlo",
    division="H23",
    record=HotlineDownPayment,
    filters=("noWorkOrder", "idHLODocument"),
    order=120,
    day="tanggal_pemesanan_hlo",
    people="id_customer",
    amounts=("parts.uang_muka", "parts.sisa_bayar"),
    averages=("parts.uang_muka",),
    listed=("no_invoice_uang_jaminan", "tanggal_pemesanan_hlo", "id_hlo_document", "no_work_order", "modified_time"),
)
