"""Prospects: people who may buy, and the units that interest them (`prsp`)."""

from django.utils.translation import gettext_lazy as _

from ingestion import codes, fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership, sampled


class Prospect(Record):
    id_prospect = fields.Key(_("prospect"))
    sumber_prospect = fields.Code(_("source"), codes.SUMBER_PROSPECT)
    tanggal_prospect = fields.Day(_("prospect date"))
    tagging_prospect = fields.Text(_("priority tag"))
    nama_lengkap = fields.Text(_("full name"))
    no_kontak = fields.Text(_("phone"))
    no_ktp = fields.IdentityNumber(_("national id (KTP)"))
    alamat = fields.Text(_("home address"))
    kode_propinsi = fields.Text(_("home province"))
    kode_kota = fields.Text(_("home city or regency"))
    kode_kecamatan = fields.Text(_("home sub-district"))
    kode_kelurahan = fields.Text(_("home village"))
    kode_pos = fields.Text(_("home postcode"))
    latitude = fields.Coordinate(_("latitude"))
    longitude = fields.Coordinate(_("longitude"))
    alamat_kantor = fields.Text(_("office address"))
    kode_propinsi_kantor = fields.Text(_("office province"))
    kode_kota_kantor = fields.Text(_("office city or regency"))
    kode_kecamatan_kantor = fields.Text(_("office sub-district"))
    kode_kelurahan_kantor = fields.Text(_("office village"))
    kode_pos_kantor = fields.Text(_("office postcode"))
    kode_pekerjaan = fields.Text(_("occupation"))
    no_kontak_kantor = fields.Text(_("office phone"))
    tanggal_appointment = fields.Day(_("appointment date"))
    waktu_appointment = fields.Time(_("appointment time"))
    metode_follow_up = fields.Code(_("follow-up method"), codes.METODE_FOLLOW_UP)
    test_ride_preference = fields.Code(_("test ride wanted"), codes.YES_NO)
    status_follow_up_prospecting = fields.Code(_("follow-up status"), codes.STATUS_FOLLOW_UP)
    status_prospect = fields.Code(_("prospect status"), codes.STATUS_PROSPECT)
    id_sales_people = fields.Text(_("salesperson"))
    id_event = fields.Text(_("event"))

    class Meta(Record.Meta):
        verbose_name = _("prospect")
        verbose_name_plural = _("prospects")
        constraints = [one_per_dealership("id_prospect")]
        indexes = [
            by_day(
                "tanggal_prospect",
                "sumber_prospect",
                "metode_follow_up",
                "test_ride_preference",
                "status_follow_up_prospecting",
                "status_prospect",
            ),
            sampled(
                "tanggal_prospect",
                "no_kontak",
                "sumber_prospect",
                "metode_follow_up",
                "test_ride_preference",
                "status_follow_up_prospecting",
                "status_prospect",
            ),
        ]


class ProspectUnit(Line):
    record = lines_of(Prospect, "unit")
    kode_tipe_unit = fields.Text(_("unit type"))
    sales_program_id = fields.Text(_("sales programs"))

    class Meta(Line.Meta):
        verbose_name = _("unit of interest")
        verbose_name_plural = _("units of interest")


JOB_TYPE = JobType(
    code="prospect",
    module="prsp",
    division="H1",
    record=Prospect,
    filters=("idProspect", "idSalesPeople"),
    order=30,
    day="tanggal_prospect",
    people="no_kontak",
    listed=(
        "id_prospect",
        "tanggal_prospect",
        "nama_lengkap",
        "sumber_prospect",
        "status_prospect",
        "status_follow_up_prospecting",
        "id_sales_people",
    ),
)
