"""Indonesian people and places, as a dealer's customer file has them."""

from dataclasses import dataclass

from ingestion.sandbox.chance import Chance
from ingestion.sandbox.documents import Record

FIRST_NAMES = (
    "Agus", "Ahmad", "Amir", "Andi", "Arif", "Bambang", "Budi", "Cahyo", "Dedi", "Dewi", "Dian", "Dimas", "Eka",
    "Eko", "Endang", "Fajar", "Fitri", "Galih", "Hadi", "Hendra", "Indah", "Joko", "Kartika", "Lestari", "Lina",
    "Maya", "Mega", "Muhammad", "Nina", "Nur", "Putri", "Rahmat", "Rina", "Rizky", "Sari", "Sinta", "Siti", "Slamet",
    "Sri", "Taufik", "Tri", "Wahyu", "Wawan", "Yanti", "Yudi", "Yusuf",
)  # fmt: skip
LAST_NAMES = (
    "Aditya", "Firmansyah", "Gunawan", "Halim", "Handayani", "Hidayat", "Hutapea", "Ibrahim", "Iskandar", "Kurniawan",
    "Kusuma", "Lubis", "Maulana", "Nasution", "Nugroho", "Permata", "Prasetyo", "Pratama", "Purnomo", "Rahayu",
    "Ramadhan", "Saputra", "Setiawan", "Simanjuntak", "Siregar", "Sitompul", "Suharto", "Sulistyo", "Suryadi",
    "Susanto", "Utami", "Wibowo", "Wijaya", "Yulianti",
)  # fmt: skip
STREETS = (
    "Jl. Anggrek", "Jl. Cempaka", "Jl. Diponegoro", "Jl. Gatot Subroto", "Jl. Jend. Sudirman", "Jl. Kebon Jeruk",
    "Jl. Kenanga", "Jl. Mawar", "Jl. Melati", "Jl. Merdeka", "Jl. Pahlawan", "Jl. Raya Bekasi", "Jl. Raya Bogor",
    "Jl. Siliwangi", "Jl. Veteran",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """A village by its statistical codes, its postcode and where it lies."""

    province: str
    city: str
    district: str
    village: str
    postcode: str
    name: str
    plate: str
    latitude: float
    longitude: float


PLACES = (
    Place("3100", "3171", "317101", "3171010003", "12620", "Jagakarsa", "B", -6.3342, 106.8233),
    Place("3100", "3171", "317107", "3171070002", "12190", "Kebayoran Baru", "B", -6.2440, 106.8000),
    Place("3100", "3172", "317205", "3172050004", "13460", "Duren Sawit", "B", -6.2323, 106.9107),
    Place("3100", "3173", "317304", "3173040001", "10640", "Kemayoran", "B", -6.1627, 106.8564),
    Place("3100", "3174", "317404", "3174040001", "11530", "Kebon Jeruk", "B", -6.1925, 106.7690),
    Place("3100", "3175", "317503", "3175030005", "14130", "Koja", "B", -6.1176, 106.9063),
    Place("3200", "3201", "320121", "3201210006", "16913", "Cibinong", "F", -6.4817, 106.8540),
    Place("3200", "3216", "321606", "3216060004", "17510", "Tambun Selatan", "B", -6.2663, 107.0600),
    Place("3200", "3275", "327503", "3275030003", "17114", "Bekasi Timur", "B", -6.2345, 107.0220),
    Place("3200", "3276", "327602", "3276020008", "16431", "Pancoran Mas", "B", -6.4000, 106.8110),
    Place("3200", "3273", "327309", "3273090002", "40115", "Cidadap", "D", -6.8650, 107.6010),
    Place("3600", "3671", "367105", "3671050001", "15118", "Karawaci", "B", -6.1867, 106.6100),
    Place("3600", "3674", "367403", "3674030007", "15417", "Pamulang", "B", -6.3430, 106.7380),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A customer, an owner, or whoever brings the motorcycle."""

    name: str
    ktp: str
    phone: str
    street: str
    place: Place
    latitude: float
    longitude: float

    @property
    def email(self) -> str:
        return f"{self.name.lower().replace(' ', '.')}@gmail.com"

    @property
    def address(self) -> str:
        return f"{self.street}, {self.place.name}"


def make_person(chance: Chance) -> Person:
    place = chance.choice(PLACES)
    return Person(
        name=make_name(chance),
        ktp=make_ktp(chance, place),
        phone=f"08{chance.choice(('12', '13', '21', '52', '57', '78', '96'))}{chance.digits(8)}",
        street=make_street(chance),
        place=place,
        latitude=round(place.latitude + chance.uniform(-0.01, 0.01), 6),
        longitude=round(place.longitude + chance.uniform(-0.01, 0.01), 6),
    )


def make_name(chance: Chance) -> str:
    return f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"


def make_street(chance: Chance) -> str:
    house, rt, rw = chance.randint(1, 199), chance.randint(1, 12), chance.randint(1, 9)
    return f"{chance.choice(STREETS)} No. {house} RT {rt:03d}/RW {rw:03d}"


def make_ktp(chance: Chance, place: Place) -> str:
    """Sixteen digits: district, birthday, serial number."""
    birthday = f"{chance.randint(1, 28):02d}{chance.randint(1, 12):02d}{chance.randint(60, 99)}"
    return f"{place.district}{birthday}{chance.digits(4)}"


def make_plate(chance: Chance, place: Place) -> str:
    letters = "".join(chance.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(3))
    return f"{place.plate} {chance.randint(2000, 6999)} {letters}"


def region(place: Place | None, suffix: str = "") -> Record:
    """The five codes of a place under the wire's names, blank without a place."""
    return {
        f"kodePropinsi{suffix}": place.province if place else "",
        f"kodeKota{suffix}": place.city if place else "",
        f"kodeKecamatan{suffix}": place.district if place else "",
        f"kodeKelurahan{suffix}": place.village if place else "",
        f"kodePos{suffix}": place.postcode if place else "",
    }


def honda_id(chance: Chance) -> str:
    """The number that every employee of a dealer has."""
    return f"{chance.randint(100_000, 199_999)}"


def staff(seed: int, dealer: str, role: str, number: int) -> str:
    """The Honda ID of one of the dealer's employees."""
    return honda_id(Chance.of(seed, dealer, role, number))
