"""Parts sales over the counter (`prsl`)."""

from django.utils.translation import gettext_lazy as _

from ingestion import fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership, sampled
from ingestion.naming import found_by


class PartsSale(Record):
    no_so = fields.Key(_("sales order"))
    tgl_so = fields.Day(_("order date"))
    id_customer = fields.IdentityNumber(_("customer's identity number"))
    nama_customer = fields.Text(_("customer's name"))
    disc_so = fields.Money(_("discount on the order"))
    total_harga_so = fields.Money(_("order total"))

    class Meta(Record.Meta):
        verbose_name = _("parts sale")
        verbose_name_plural = _("parts sales")
        constraints = [one_per_dealership("no_so")]
        indexes = [by_day("tgl_so", "disc_so", "total_harga_so"), sampled("tgl_so", "id_customer")]


class PartsSaleLine(Line):
    record = lines_of(PartsSale, "parts")
    parts_number = fields.Text(_("part number"))
    kuantitas = fields.Whole(_("quantity"))
    harga_parts = fields.Money(_("unit price"))
    promo_id_parts = fields.Text(_("promotion"))
    disc_amount = fields.Money(_("discount"))
    disc_percentage = fields.Percentage(_("discount in per cent"))
    ppn = fields.Money(_("VAT"))
    total_harga_parts = fields.Money(_("line total"))
    uang_muka = fields.Money(_("down payment"))
    booking_id_reference = fields.Text(_("hotline order"))

    class Meta(Line.Meta):
        verbose_name = _("part sold")
        verbose_name_plural = _("parts sold")
        indexes = found_by(hotline="booking_id_reference")


# The filter is called noPO, yet what it filters is the sales order's number.
JOB_TYPE = JobType(
    code="prsl_read",
    module="prsl",
    division="H23",
    record=PartsSale,
    filters=("noPO",),
    order=130,
    day="tgl_so",
    people="id_customer",
    averages=("total_harga_so",),
    listed=("no_so", "tgl_so", "nama_customer", "disc_so", "total_harga_so"),
)
