"""Document handling: registration (STNK) and ownership book (BPKB) of units sold (`doch`)."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ingestion import codes, fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership
from ingestion.naming import found_by


class DocumentHandling(Record):
    id_so = fields.Key(_("sales order"))
    id_spk = fields.Text(_("sales order letter"))

    class Meta(Record.Meta):
        verbose_name = _("document handling")
        verbose_name_plural = _("document handling")
        constraints = [one_per_dealership("id_so")]
        indexes = [by_day("created_time"), *found_by(spk="id_spk")]


class DocumentHandlingUnit(Line):
    record = lines_of(DocumentHandling, "unit")
    nomor_rangka = fields.Text(_("frame number"))
    nomor_faktur_stnk = fields.Text(_("registration invoice"))
    tanggal_pengajuan_stnk_ke_biro = fields.Day(_("submitted to agency"))
    status_faktur_stnk = fields.Code(_("registration status"), codes.STATUS_FAKTUR_STNK)
    nomor_stnk = fields.Text(_("STNK number"))
    tanggal_penerimaan_stnk_dari_biro = fields.Day(_("STNK received from agency"))
    plat_nomor = fields.Text(_("licence plate"))
    nomor_bpkb = fields.Text(_("BPKB number"))
    tanggal_penerimaan_bpkb_dari_biro = fields.Day(_("BPKB received from agency"))
    tanggal_terima_stnk_oleh_konsumen = fields.Day(_("STNK handed to customer"))
    tanggal_terima_bpkb_oleh_konsumen = fields.Day(_("BPKB handed to customer"))
    nama_penerima_bpkb = fields.Text(_("BPKB recipient's name"))
    nama_penerima_stnk = fields.Text(_("STNK recipient's name"))
    jenis_id_penerima_bpkb = fields.Code(_("BPKB recipient's kind of id"), codes.JENIS_ID)
    jenis_id_penerima_stnk = fields.Code(_("STNK recipient's kind of id"), codes.JENIS_ID)
    no_id_penerima_bpkb = fields.IdentityNumber(_("BPKB recipient's id"))
    no_id_penerima_stnk = fields.IdentityNumber(_("STNK recipient's id"))

    class Meta(Line.Meta):
        verbose_name = _("unit in registration")
        verbose_name_plural = _("units in registration")
        indexes = [
            models.Index(
                fields=["dealership", f"tanggal_penerimaan_{papers}_dari_biro"],
                condition=models.Q(
                    **{
                        f"tanggal_penerimaan_{papers}_dari_biro__isnull": False,
                        f"tanggal_terima_{papers}_oleh_konsumen__isnull": True,
                    }
                ),
                name=f"{papers}_waiting",
            )
            for papers in ("bpkb", "stnk")
        ] + found_by(frame="nomor_rangka", plate="plat_nomor")


JOB_TYPE = JobType(
    code="doch_read",
    module="doch",
    division="H1",
    record=DocumentHandling,
    filters=("idSPK", "idCustomer"),
    order=80,
    breakdown="unit.status_faktur_stnk",
    listed=("id_so", "id_spk", "created_time", "modified_time"),
)
