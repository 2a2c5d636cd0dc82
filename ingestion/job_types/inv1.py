"""Sales invoices: booking fee, down payment and price of units, as billed to the customer (`inv1`)."""

from django.utils.translation import gettext_lazy as _

from ingestion import codes, fields
from ingestion.job_types import JobType
from ingestion.models.record import Record, by_day, one_per_dealership, sampled
from ingestion.naming import found_by


class SalesInvoice(Record):
    id_invoice = fields.Key(_("invoice"))
    id_spk = fields.Text(_("sales order letter"))
    id_customer = fields.Text(_("customer"))
    amount = fields.Money(_("amount"))
    tipe_pembayaran = fields.Code(_("payment type"), codes.TIPE_PEMBAYARAN_INV1)
    cara_bayar = fields.Code(_("way of payment"), codes.CARA_BAYAR)
    status = fields.Code(_("invoice status"), codes.STATUS_INV1)
    note = fields.Text(_("note"))

    class Meta(Record.Meta):
        verbose_name = _("sales invoice")
        verbose_name_plural = _("sales invoices")
        constraints = [one_per_dealership("id_invoice")]
        indexes = [
            by_day("created_time", "amount", "tipe_pembayaran", "cara_bayar", "status"),
            sampled("created_time", "id_customer", "tipe_pembayaran", "cara_bayar", "status"),
            *found_by(spk="id_spk"),
        ]


JOB_TYPE = JobType(
    code="inv1_read",
    module="inv1",
    division="H1",
    record=SalesInvoice,
    filters=("idSPK", "idCustomer"),
    order=60,
    people="id_customer",
    breakdown="status",
    averages=("amount",),
    listed=("id_invoice", "created_time", "id_spk", "id_customer", "amount", "tipe_pembayaran", "status"),
)
