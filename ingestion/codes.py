"""The specification's code tables: what a gateway means by a code.

Each table is declared once, code to label; the Indonesian word stands where the trade uses it. The specification calls
most of them examples, and main dealers add codes of their own: a code that a table lacks is data, not an error.
"""

from django.utils.translation import gettext_lazy as _

YES_NO = {
    "1": _("yes"),
    "0": _("no"),
}
YA_TIDAK = YES_NO
"""The specification has this table twice, in English and in Indonesian."""

# The tables of unit sales.

SUMBER_PROSPECT = {
    "0001": _("pameran (exhibition)"),
    "0002": _("showroom event"),
    "0003": _("roadshow"),
    "0004": _("walk in"),
    "0005": _("repeat order, sales customer (RO H1)"),
    "0006": _("repeat order, service customer (RO H23)"),
    "0007": _("website"),
    "0008": _("social media"),
    "0009": _("external party (leasing, insurance)"),
    "0010": _("mobile app of main dealer or dealer"),
    "0011": _("referral"),
    "0012": _("contact center"),
    "9999": _("others"),
}
METODE_FOLLOW_UP = {
    "1": _("SMS (WA, Line)"),
    "2": _("call"),
    "3": _("visit"),
    "4": _("direct touch"),
}
STATUS_FOLLOW_UP = {
    "1": _("planned"),
    "2": _("done"),
}
STATUS_PROSPECT = {
    "1": _("low"),
    "2": _("medium"),
    "3": _("hot"),
    "4": _("deal"),
    "5": _("not deal"),
}
STATUS_SPK = {
    "1": _("open"),
    "2": _("indent"),
    "3": _("complete"),
    "4": _("cancelled"),
}
# The two tables of payment types mean the opposite of each other: an SPK's 1 is cash, an invoice's 1 is credit.
TIPE_PEMBAYARAN_SPK = {
    "1": _("cash"),
    "2": _("credit"),
}
TIPE_PEMBAYARAN_INV1 = {
    "1": _("credit"),
    "2": _("cash"),
}
# The specification also names the credit card (kartu kredit) but gives it no code.
CARA_BAYAR = {
    "1": _("cash"),
    "2": _("transfer"),
}
STATUS_INV1 = {
    "1": _("new"),
    "2": _("process"),
    "3": _("accepted"),
    "4": _("close"),
}
STATUS_DELIVERY = {
    "1": _("ready"),
    "2": _("in progress"),
    "3": _("back to dealer"),
    "4": _("completed"),
}
STATUS_FAKTUR_STNK = {
    "1": _("mohon faktur (invoice requested)"),
    "2": _("handed to biro jasa (agency)"),
    "3": _("STNK done"),
    "4": _("STNK handed to customer"),
    "5": _("BPKB done"),
    "6": _("BPKB handed to customer"),
    "7": _("plate done"),
    "8": _("plate handed to customer"),
}
JENIS_ID = {
    "1": _("KTP (identity card)"),
    "2": _("TDP (company registration)"),
    "3": _("Kitas (stay permit)"),
    "4": _("passport"),
}
STATUS_SHIPPING_LIST = {
    "1": _("received"),
    "0": _("not yet received"),
}
STATUS_RFS = {
    "1": _("RFS (ready for sale)"),
    "0": _("NRFS (not ready for sale)"),
}

# The tables of service and parts.

TIPE_COMING_CUSTOMER = {
    "1": _("milik (owner)"),
    "2": _("bawa (brings it)"),
    "3": _("pakai (user)"),
}
HUBUNGAN_PEMILIK = {
    "1": _("parent"),
    "2": _("child"),
    "3": _("sibling or relative (saudara)"),
    "4": _("employee"),
    "5": _("friend"),
    "6": _("husband or wife"),
    "0": _("other"),
}
ASAL_UNIT_ENTRY = {
    "SVAH": _("AHASS keliling (mobile workshop)"),
    "SVHC": _("home care"),
    "SVPS": _("pos service"),
    "SVJD": _("join dealer activity"),
    "SVGC": _("group customer"),
    "SVPA": _("public area"),
    "SVER": _("emergency"),
    "PE": _("pit express (no longer used)"),
    "PEOT": _("pit express outdoor"),
    "PEIN": _("pit express indoor"),
    "RM": _("reminder"),
    "AE01": _("AHASS event by AHM"),
    "AE02": _("AHASS event by main dealer"),
    "AE03": _("AHASS event by AHASS"),
    "NP": _("non-promotion"),
}
JENIS_PIT = {
    "1": _("regular"),
    "2": _("fast track"),
    "3": _("booking"),
    "4": _("pit express"),
}
SETUP_PEMBAYARAN = {
    "1": _("cash"),
    "2": _("TOP (term of payment)"),
    "3": _("Astra Pay"),
    "4": _("digital payment"),
    "5": _("bank transfer"),
    "6": _("credit"),
    "99": _("other"),
}
STATUS_WORK_ORDER = {
    "1": _("start"),
    "2": _("pause"),
    "3": _("pending"),
    "4": _("finish"),
    "5": _("cancel"),
}
JENIS_ORDER = {
    "1": _("fix"),
    "2": _("regular"),
    "3": _("hotline"),
    "4": _("urgent"),
}
