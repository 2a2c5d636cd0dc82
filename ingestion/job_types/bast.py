"""Deliveries: units handed over to their buyers (BAST, `bast`)."""

from django.utils.translation import gettext_lazy as _

from ingestion import codes, fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership
from ingestion.naming import found_by


class Delivery(Record):
    delivery_document_id = fields.Key(_("delivery document"))
    tanggal_pengiriman = fields.Day(_("delivery date"))
    id_driver = fields.Text(_("driver"))
    status_delivery_document = fields.Code(_("delivery status"), codes.STATUS_DELIVERY)

    class Meta(Record.Meta):
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [one_per_dealership("delivery_document_id")]
        indexes = [by_day("tanggal_pengiriman", "status_delivery_document")]


class DeliveryDetail(Line):
    record = lines_of(Delivery, "detail")
    no_so = fields.Text(_("sales order"))
    id_spk = fields.Text(_("sales order letter"))
    no_mesin = fields.Text(_("engine number"))
    no_rangka = fields.Text(_("frame number"))
    id_customer = fields.Text(_("customer"))
    waktu_pengiriman = fields.Time(_("delivery time"))
    checklist_kelengkapan = fields.Text(_("accessories handed over"))
    lokasi_pengiriman = fields.Text(_("place of delivery"))
    latitude = fields.Coordinate(_("latitude"))
    longitude = fields.Coordinate(_("longitude"))
    nama_penerima = fields.Text(_("recipient's name"))
    no_kontak_penerima = fields.Text(_("recipient's phone"))

    class Meta(Line.Meta):
        verbose_name = _("unit delivered")
        verbose_name_plural = _("units delivered")
        indexes = found_by(frame="no_rangka", engine="no_mesin", spk="id_spk")


JOB_TYPE = JobType(
    code="bast_read",
    module="bast",
    division="H1",
    record=Delivery,
    filters=("deliveryDocumentId", "idSPK", "idCustomer"),
    order=70,
    day="tanggal_pengiriman",
    listed=("delivery_document_id", "tanggal_pengiriman", "id_driver", "status_delivery_document", "modified_time"),
)
