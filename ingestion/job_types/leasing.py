"""Leasing applications: what a finance company approved for a deal (`lsng`)."""

from django.utils.translation import gettext_lazy as _

from ingestion import fields
from ingestion.job_types import JobType
from ingestion.models.record import Record, by_day, one_per_dealership
from ingestion.naming import found_by


class LeasingApplication(Record):
    id_dokumen_pengajuan = fields.Key(_("application"))
    id_spk = fields.Text(_("sales order letter"))
    jumlah_dp = fields.Money(_("approved down payment"))
    tenor = fields.Whole(_("tenor in months"))
    jumlah_cicilan = fields.Money(_("instalment"))
    tanggal_pengajuan = fields.Day(_("application date"))
    id_finance_company = fields.Text(_("finance company"))
    nama_finance_company = fields.Text(_("finance company's name"))
    id_po_finance_company = fields.Text(_("finance company's purchase order"))
    tanggal_pembuatan_po = fields.Day(_("purchase order made on"))
    tanggal_pengiriman_po_finance_company = fields.Day(_("purchase order sent on"))

    class Meta(Record.Meta):
        verbose_name = _("leasing application")
        verbose_name_plural = _("leasing applications")
        constraints = [one_per_dealership("id_dokumen_pengajuan")]
        indexes = [
            by_day("tanggal_pengajuan", "jumlah_dp", "jumlah_cicilan", "tenor"),
            *found_by(spk="id_spk"),
        ]


JOB_TYPE = JobType(
    code="leasing",
    module="lsng",
    division="H1",
    record=LeasingApplication,
    filters=("idSPK",),
    order=50,
    day="tanggal_pengajuan",
    breakdown="nama_finance_company",
    averages=("tenor", "jumlah_cicilan"),
    listed=(
        "id_dokumen_pengajuan",
        "tanggal_pengajuan",
        "id_spk",
        "nama_finance_company",
        "jumlah_dp",
        "tenor",
        "jumlah_cicilan",
    ),
)
