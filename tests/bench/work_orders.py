"""Work orders as a gateway sends them, any number, deterministic: 50 columns, one or two services, one or two parts."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import msgspec

NAMES = ("Amir Nasution", "Budi Santoso", "Siti Rahayu", "Dewi Lestari", "Agus Wibowo", "Made Suartika", "Rina Marlina")
STREETS = ("Jl. Jend. Sudirman", "Jl. Gatot Subroto", "Jl. Diponegoro", "Jl. Ahmad Yani", "Jl. Merdeka")


def work_order(number: int, version: int = 0) -> dict[str, object]:
    """Work order `number` in its state `version`; another version differs in status, total and modification time."""
    chance = random.Random(number)
    day, hour = 1 + number % 28, 8 + number % 9
    opened = f"{day:02}/10/2026 {hour:02}:{number % 60:02}:{number % 59:02}"
    closed = f"{day:02}/10/2026 {hour + 1:02}:{number % 60:02}:{number % 59:02}"
    name, street = chance.choice(NAMES), f"{chance.choice(STREETS)} No. {chance.randint(1, 300)}, RT 001 RW 002"
    services = [service(chance, opened) for _ in range(1 + number % 2)]
    parts = [part(chance, opened) for _ in range(1 + (number // 2) % 2)]
    total = sum(int(line["totalHargaServis"]) for line in services) + sum(
        int(line["totalHargaParts"]) for line in parts
    )
    region = {"Propinsi": "3100", "Kota": "3101", "Kecamatan": "317404", "Kelurahan": "3174040001", "Pos": "14130"}
    return {
        "noWorkOrder": f"WO/08138/26/10/{number:06}",
        "noSAForm": f"SAF/08138/26/10/{number:06}",
        "tanggalServis": opened[:10],
        "waktuPKB": opened,
        "noPolisi": f"B {chance.randint(1000, 9999)} {chance.choice(('AAL', 'KZX', 'TRE'))}",
        "noRangka": f"MH1JM8110NK{number:06}",
        "noMesin": f"JM81E1{number:06}",
        "kodeTipeUnit": chance.choice(("BA", "HP5", "MF1D")),
        "tahunMotor": str(2016 + number % 10),
        "informasiBensin": str(1 + number % 4),
        "kmTerakhir": chance.randint(500, 90000),
        "tipeComingCustomer": "1",
        "namaPemilik": name,
        "alamatPemilik": street,
        **{f"kode{part}Pemilik": code for part, code in region.items()},
        "alamatPembawa": street,
        **{f"kode{part}Pembawa": code for part, code in region.items()},
        "namaPembawa": name,
        "noTelpPembawa": f"0812{chance.randint(10000000, 99999999)}",
        "hubunganDenganPemilik": "1",
        "keluhanKonsumen": chance.choice(("ban bocor", "rem kurang pakem", "servis rutin", "mesin brebet saat pagi")),
        "rekomendasiSA": "ganti oli, cek rem depan dan belakang",
        "hondaIdSA": str(chance.randint(100000, 999999)),
        "hondaIdMekanik": "NONE" if number % 9 == 0 else str(chance.randint(100000, 999999)),
        "saranMekanik": "kembali dalam 2.000 km",
        "asalUnitEntry": "NP",
        "idPIT": str(1 + number % 6),
        "jenisPIT": "1",
        "waktuPendaftaran": opened,
        "waktuSelesai": closed,
        "totalFRT": "01:00",
        "setUpPembayaran": "1",
        "catatanTambahan": "",
        "konfirmasiPekerjaanTambahan": "1",
        "noBukuClaimC2": "",
        "noWorkOrderJobReturn": "",
        "totalBiayaService": total + version,
        "waktuPekerjaan": "01:00",
        "statusWorkOrder": "4" if version else "1",
        "dealerId": "08138",
        "createdTime": opened,
        "modifiedTime": f"{day:02}/11/2026 {hour:02}:{version % 60:02}:00" if version else "",
        "services": services,
        "parts": parts,
    }


def service(chance: random.Random, at: str) -> dict[str, object]:
    price = chance.randrange(40000, 250000, 1000)
    return {
        "idJob": chance.choice(("BA082", "SO062", "SO081")),
        "namaPekerjaan": "Light Repair Perawatan Beat",
        "jenisPekerjaan": "Light Repair",
        "biayaService": price,
        "promoIdJasa": "",
        "discServiceAmount": 0,
        "discServicePercentage": "0,0",
        "totalHargaServis": price,
        "createdTime": at,
        "modifiedTime": "",
    }


def part(chance: random.Random, at: str) -> dict[str, object]:
    price, quantity = chance.randrange(9000, 120000, 500), chance.randint(1, 3)
    return {
        "idJob": "BA082",
        "partsNumber": f"772A0KCJ{chance.randint(100, 999)}",
        "kuantitas": quantity,
        "hargaParts": price,
        "promoIdParts": "",
        "discPartsAmount": 0,
        "discPartsPercentage": "0,0",
        "ppn": round(price * 0.11),
        "totalHargaParts": quantity * round(price * 1.11),
        "uangMuka": 0,
        "createdTime": at,
        "modifiedTime": "",
    }


def answers(numbers: list[tuple[int, int]], at_once: int = 2500) -> Iterator[bytes]:
    """Answers with the work orders of `numbers` (number and version), `at_once` in each."""
    for start in range(0, len(numbers), at_once):
        data = [work_order(*each) for each in numbers[start : start + at_once]]
        yield json.dumps({"status": 1, "message": None, "data": data}).encode()


def raws(body: bytes) -> list[msgspec.Raw]:
    return msgspec.json.decode(msgspec.json.decode(body, type=dict[str, msgspec.Raw])["data"], type=list[msgspec.Raw])
