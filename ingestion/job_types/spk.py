"""Sales order letters (SPK): what a customer ordered, in whose name, and the family on the card (`spk`)."""

from django.utils.translation import gettext_lazy as _

from ingestion import codes, fields
from ingestion.job_types import JobType
from ingestion.models.record import Line, Record, by_day, lines_of, one_per_dealership, sampled
from ingestion.naming import found_by


class SalesOrderLetter(Record):
    id_spk = fields.Key(_("sales order letter"))
    id_prospect = fields.Text(_("prospect"))
    nama_customer = fields.Text(_("customer's name"))
    no_ktp = fields.IdentityNumber(_("national id (KTP)"))
    alamat = fields.Text(_("home address"))
    kode_propinsi = fields.Text(_("home province"))
    kode_kota = fields.Text(_("home city or regency"))
    kode_kecamatan = fields.Text(_("home sub-district"))
    kode_kelurahan = fields.Text(_("home village"))
    kode_pos = fields.Text(_("home postcode"))
    no_kontak = fields.Text(_("phone"))
    nama_bpkb = fields.Text(_("name on the BPKB"))
    no_ktp_bpkb = fields.IdentityNumber(_("national id on the BPKB"))
    alamat_bpkb = fields.Text(_("address on the BPKB"))
    kode_propinsi_bpkb = fields.Text(_("province on the BPKB"))
    kode_kota_bpkb = fields.Text(_("city or regency on the BPKB"))
    kode_kecamatan_bpkb = fields.Text(_("sub-district on the BPKB"))
    kode_kelurahan_bpkb = fields.Text(_("village on the BPKB"))
    kode_pos_bpkb = fields.Text(_("postcode on the BPKB"))
    latitude = fields.Coordinate(_("latitude"))
    longitude = fields.Coordinate(_("longitude"))
    npwp = fields.IdentityNumber(_("tax number (NPWP)"))
    no_kk = fields.IdentityNumber(_("family card (KK)"))
    alamat_kk = fields.Text(_("address on the family card"))
    kode_propinsi_kk = fields.Text(_("province on the family card"))
    kode_kota_kk = fields.Text(_("city or regency on the family card"))
    kode_kecamatan_kk = fields.Text(_("sub-district on the family card"))
    kode_kelurahan_kk = fields.Text(_("village on the family card"))
    kode_pos_kk = fields.Text(_("postcode on the family card"))
    fax = fields.Text(_("fax"))
    email = fields.Text(_("e-mail"))
    id_sales_people = fields.Text(_("salesperson"))
    id_event = fields.Text(_("event"))
    tanggal_pesanan = fields.Day(_("order date"))
    status_spk = fields.Code(_("letter's status"), codes.STATUS_SPK)

    class Meta(Record.Meta):
        verbose_name = _("sales order letter")
        verbose_name_plural = _("sales order letters")
        constraints = [one_per_dealership("id_spk")]
        indexes = [
            by_day("tanggal_pesanan", "status_spk"),
            sampled("tanggal_pesanan", "no_kontak", "status_spk"),
            *found_by(prospect="id_prospect"),
        ]


class SalesOrderLetterUnit(Line):
    record = lines_of(SalesOrderLetter, "unit")
    kode_tipe_unit = fields.Text(_("unit type"))
    kode_warna = fields.Text(_("colour"))
    quantity = fields.Whole(_("quantity"))
    harga_jual = fields.Money(_("price"))
    diskon = fields.Money(_("discount"))
    amount_ppn = fields.Money(_("VAT"))
    faktur_pajak = fields.Text(_("tax invoice"))
    tipe_pembayaran = fields.Code(_("payment type"), codes.TIPE_PEMBAYARAN_SPK)
    jumlah_tanda_jadi = fields.Money(_("booking fee"))
    tanggal_pengiriman = fields.Day(_("delivery date"))
    id_sales_program = fields.Text(_("sales programs"))
    id_apparel = fields.Text(_("apparel"))

    class Meta(Line.Meta):
        verbose_name = _("unit ordered")
        verbose_name_plural = _("units ordered")


class SalesOrderLetterFamilyMember(Line):
    record = lines_of(SalesOrderLetter, "data_anggota_keluarga")
    anggota_kk = fields.Text(_("name"))

    class Meta(Line.Meta):
        verbose_name = _("family member")
        verbose_name_plural = _("family members")


JOB_TYPE = JobType(
    code="spk_read",
    module="spk",
    division="H1",
    record=SalesOrderLetter,
    filters=("idProspect", "idSalesPeople"),
    order=40,
    enabled=False,
    day="tanggal_pesanan",
    people="no_kontak",
    breakdown="status_spk",
    amounts=("unit.harga_jual", "unit.jumlah_tanda_jadi"),
    averages=("unit.harga_jual",),
    listed=("id_spk", "tanggal_pesanan", "nama_customer", "status_spk", "id_prospect", "id_sales_people"),
)
