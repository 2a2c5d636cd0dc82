"""Parts receipts: what arrived in the warehouse on which purchase order (`pinb`)."""

from django.utils.translation import gettext_lazy as _

from ingestion import codes, fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership
from ingestion.naming import found_by


class PartsReceipt(Record):
    no_penerimaan = fields.Key(_("receipt"))
    tgl_penerimaan = fields.Day(_("receipt date"))
    no_shipping_list = fields.Text(_("shipping list"))

    class Meta(Record.Meta):
        verbose_name = _("parts receipt")
        verbose_name_plural = _("parts receipts")
        constraints = [one_per_dealership("no_penerimaan")]
        indexes = [by_day("tgl_penerimaan")]


class PartsReceiptLine(Line):
    record = lines_of(PartsReceipt, "po")
    no_po = fields.Text(_("purchase order"))
    jenis_order = fields.Code(_("kind of order"), codes.JENIS_ORDER)
    id_warehouse = fields.Text(_("warehouse"))
    parts_number = fields.Text(_("part number"))
    kuantitas = fields.Whole(_("quantity"))
    uom = fields.Text(_("unit of measure"))

    class Meta(Line.Meta):
        verbose_name = _("part received")
        verbose_name_plural = _("parts received")
        indexes = found_by(order="no_po")


JOB_TYPE = JobType(
    code="parts_inbound",
    module="pinb",
    division="H23",
    record=PartsReceipt,
    filters=("noPO",),
    order=150,
    day="tgl_penerimaan",
    breakdown="po.jenis_order",
    amounts=("po.kuantitas",),
    listed=("no_penerimaan", "tgl_penerimaan", "no_shipping_list", "modified_time"),
)
