"""What the dealers sell and repair: motorcycles, jobs, parts, finance companies."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Model:
    """A motorcycle type with its price on the road in rupiah."""

    code: str
    service_code: str
    name: str
    frame: str
    colours: tuple[str, ...]
    price: int


MODELS = (
    Model("HP5", "BA", "BeAT Sporty CBS", "JM91", ("BK", "WH", "RD"), 19_300_000),
    Model("HQ1", "BB", "BeAT Street", "JMA1", ("BK", "SL"), 19_900_000),
    Model("HR2", "SC", "Scoopy Prestige", "JM31", ("WH", "GR", "BR"), 23_100_000),
    Model("HS0", "GE", "Genio CBS", "JM51", ("BK", "RD"), 20_200_000),
    Model("KT3", "VA", "Vario 125 CBS-ISS", "JM81", ("BK", "BL", "RD"), 24_000_000),
    Model("KU1", "VB", "Vario 160 ABS", "KFA1", ("BK", "WH", "MT"), 30_400_000),
    Model("LP4", "PC", "PCX 160 ABS", "KF71", ("BK", "WH", "RD", "BL"), 37_100_000),
    Model("LR0", "AD", "ADV 160 ABS", "KFB1", ("BK", "RD"), 40_000_000),
    Model("MC2", "RV", "Revo X", "JBK3", ("BK", "RD"), 18_100_000),
    Model("MD5", "SX", "Supra X 125 FI", "JBP1", ("BK", "RD", "BL"), 20_500_000),
    Model("NE1", "CS", "Sonic 150R", "KB11", ("BK", "RD"), 27_000_000),
    Model("NF6", "CB", "CB150R StreetFire", "KCF1", ("BK", "RD", "SL"), 32_200_000),
    Model("PG2", "CR", "CBR150R ABS", "KCE1", ("RD", "BK"), 42_900_000),
)

ACCESSORIES = ("Helm", "Aki", "Spion", "Toolkit", "Buku Servis", "Jaket")
APPARELS = ("86100H04FA00INBO", "86100H04FA34INBO", "87100K2SN20ZA", "08F46K1ZJ10")


@dataclass(frozen=True, slots=True)
class Job:
    """Workshop labour: price in rupiah, flat-rate time in minutes."""

    id: str
    name: str
    kind: str
    price: int
    minutes: int


JOBS = (
    Job("BA081", "Light Repair Perawatan Ringan", "Light Repair", 45_000, 30),
    Job("BA082", "Perawatan Lengkap Matic", "Perawatan", 85_000, 60),
    Job("SO021", "Ganti Oli Mesin", "Ganti Oli", 15_000, 15),
    Job("SO034", "Ganti Oli Gardan", "Ganti Oli", 10_000, 10),
    Job("SO062", "Servis CVT", "Perawatan", 65_000, 45),
    Job("SO081", "Ganti Kampas Rem", "Light Repair", 25_000, 20),
    Job("SO097", "Ganti Ban Luar", "Light Repair", 30_000, 25),
    Job("HR011", "Turun Mesin Atas", "Heavy Repair", 350_000, 180),
    Job("HR020", "Overhaul Transmisi", "Heavy Repair", 475_000, 240),
    Job("KPB01", "KPB 1 Servis Gratis", "KPB", 38_000, 30),
    Job("KPB02", "KPB 2 Servis Gratis", "KPB", 45_000, 35),
)
FIRST_SERVICE = JOBS[-2]


@dataclass(frozen=True, slots=True)
class Part:
    """A spare part: price in rupiah without VAT."""

    number: str
    price: int
    uom: str = "pcs"


PARTS = (
    Part("082322MAK0LN9", 46_847, "btl"),
    Part("08294M99Z8YN1", 14_414, "btl"),
    Part("06430KZR600", 49_550, "set"),
    Part("06455KVB401", 61_262, "set"),
    Part("17210K1AN00", 55_856),
    Part("23100K44V01", 126_126),
    Part("22123K44V01", 63_063, "set"),
    Part("31500KZR602", 216_216),
    Part("31916KPH701", 16_216),
    Part("42711K59A12", 231_532),
    Part("44711K25901", 189_189),
    Part("91201KZR601", 22_522),
)
HOTLINE_PARTS = (
    Part("11200K2FN00", 1_351_351),
    Part("33100K1ZJ11", 684_685),
    Part("37100K93N01", 927_928),
    Part("38770K1AN01", 1_126_126),
    Part("52400K2SN11", 711_712),
    Part("64301K2VN20ZA", 290_991),
    Part("81131K97T00ZB", 198_198),
)

FINANCE_COMPANIES = (
    ("FIF01", "Astra FIF"),
    ("ADR01", "Adira Dinamika Multi Finance"),
    ("OTO01", "Summit Oto Finance"),
    ("WOM01", "WOM Finance"),
    ("MPM01", "MPM Finance"),
)
COMPLAINTS = (
    "rem kurang pakem",
    "tarikan berat",
    "ban bocor",
    "mesin brebet",
    "servis rutin",
    "bunyi kasar di CVT",
    "lampu depan redup",
    "susah starter pagi",
    "oli rembes",
)
ADVICE = (
    "ganti kampas rem",
    "servis CVT berkala",
    "ganti ban belakang",
    "ganti oli tiap 2000 km",
    "cek aki bulan depan",
    "ganti v-belt",
    "",
)
