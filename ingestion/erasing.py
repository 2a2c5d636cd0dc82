"""Erases from records what tells who somebody is, when they are erased as a customer (crm/privacy.py).

Documents stay with their numbers, days and amounts. What they became here is known (`Adoption`); any other record is
somebody's if it bears their identity number, or their telephone number with their name: families share telephones.
The hashes stay as well, so that the same text arriving again is known and not stored; what a main dealer sends anew
in a record that changed is stored anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import msgspec
import phonenumbers
from django.db.models import Model, Q

from crm import privacy
from crm.privacy import Person
from ingestion import fields, search
from ingestion.fields import wire_fields, wire_name
from ingestion.identity import decode, encode
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Adoption, QuarantinedRecord
from ingestion.models.record import key_of

PERSONAL = frozenset(
    {
        *("nama_lengkap", "nama_customer", "nama_bpkb", "nama_pemilik", "nama_pembawa", "nama_penerima"),
        *("nama_penerima_stnk", "nama_penerima_bpkb", "anggota_kk"),
        *("no_kontak", "no_kontak_kantor", "no_kontak_penerima", "no_telp_pembawa", "fax", "email"),
        *("no_ktp", "no_ktp_bpkb", "npwp", "no_kk", "no_id_penerima_stnk", "no_id_penerima_bpkb", "id_customer"),
        *("alamat", "alamat_bpkb", "alamat_kantor", "alamat_kk", "alamat_pemilik", "alamat_pembawa"),
        *(
            f"kode_{place}{whose}"
            for place in ("kecamatan", "kelurahan", "pos")
            for whose in ("", "_bpkb", "_kantor", "_kk", "_pemilik", "_pembawa")
        ),
        *("lokasi_pengiriman", "latitude", "longitude", "no_polisi", "plat_nomor"),
        *("catatan_tambahan", "keluhan_konsumen", "rekomendasi_sa", "saran_mekanik", "note"),
    }
)
"""Columns that tell who somebody is, where they live, or in free words about them; of all job types."""
PHONES, NAMES = ("no_kontak", "no_telp"), ("nama_", "anggota_")


def forget(dealership_id: int, person: Person, about: set[tuple[str, str]]) -> None:
    """Erase from the records of a dealership what tells who this person is; `about` is what was erased of crm's."""
    adopted = adopted_as(dealership_id, about)
    for job in JOB_TYPES.values():
        ids = {*adopted.get(job.code, ()), *said_by(job, dealership_id, person)}
        if ids:
            blank(job, dealership_id, sorted(ids))


def adopted_as(dealership_id: int, about: Iterable[tuple[str, str]]) -> dict[str, set[int]]:
    """By job type the records that became one of these rows."""
    found: dict[str, set[int]] = {}
    for label, pk in about:
        if not pk.isdecimal():
            continue
        rows = Adoption.objects.filter(dealership=dealership_id, made__contains=[[label, int(pk)]])
        for code, record_id in rows.values_list("job_type", "record_id"):
            found.setdefault(code, set()).add(record_id)
    return found


def said_by(job: JobType, dealership_id: int, person: Person) -> Iterator[int]:
    """The records that bear the person's identity number, or their telephone number with their name."""
    numbers, phones = person.identity_numbers, {each for phone in person.phones for each in spelt(phone)}
    for model in (job.record, *job.lines.values()):
        columns = [each for each in wire_fields(model) if each.name in PERSONAL]
        papers = [each.name for each in columns if isinstance(each, fields.IdentityNumber)]
        condition = any_of(papers, "in", [numbers]) if numbers else Q(pk__in=[])
        if phones and person.names:
            called = any_of((each.name for each in columns if each.name.startswith(NAMES)), "iexact", person.names)
            reached = any_of((each.name for each in columns if each.name.startswith(PHONES)), "in", [phones])
            condition |= reached & called
        rows = model._default_manager.filter(condition, dealership=dealership_id)
        yield from rows.values_list("pk" if model is job.record else "record_id", flat=True)


def any_of(columns: Iterable[str], lookup: str, values: Iterable[Any]) -> Q:
    wanted, found = list(values), Q(pk__in=[])
    for column in columns:
        for value in wanted:
            found |= Q(**{f"{column}__{lookup}": value})
    return found


def spelt(phone: str) -> set[str]:
    """The ways in which gateways write a number that is kept as +62…"""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return {phone}
    national, country = str(number.national_number), str(number.country_code)
    return {phone, f"{country}{national}", f"0{national}", national}


def blank(job: JobType, dealership_id: int, ids: list[int]) -> None:
    """Erase these records, their lines, versions, search texts and quarantine, and in words what they became."""
    here = {"dealership": dealership_id}
    records = job.record._default_manager.filter(pk__in=ids, **here)
    records.update(**nothing(job.record))
    for model in job.lines.values():
        rows: Any = model._default_manager
        rows.filter(record_id__in=ids, **here).update(**nothing(model))
    versions = job.record.history.filter(id__in=ids, **here)
    versions.update(**nothing(job.record))
    for version in versions.only("history_id", "raw"):
        job.record.history.filter(history_id=version.history_id).update(raw=without_people(version.raw, job))
    search.write(job, ids)
    for adoption in Adoption.objects.filter(job_type=job.code, record_id__in=ids, **here):
        adoption.state, adoption.made = Adoption.State.ADOPTED, [[label, pk, ""] for label, pk, _words in adoption.made]
        adoption.problems, adoption.kept = [], []
        adoption.save()
    keys = [str(each) for each in records.values_list(key_of(job.record).name, flat=True)]
    for entry in QuarantinedRecord.objects.filter(job_type=job.code, natural_key__in=keys, **here):
        entry.raw, entry.reason = without_people(entry.raw, job), entry.cause
        entry.save(update_fields=["raw", "reason"])


def nothing(model: type[Model]) -> dict[str, None]:
    """What an erasure writes into a record or a line."""
    return {**dict.fromkeys(each.name for each in wire_fields(model) if each.name in PERSONAL), "extra": None}


def without_people(raw: str, job: JobType) -> str:
    """A record as received with what is known of it and tells nobody; nothing if it cannot be read."""
    try:
        return encode(kept(decode(raw), impersonal_keys(job.code))).decode()
    except (msgspec.MsgspecError, RecursionError):
        return ""


def kept(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, list):
        return [kept(each, names) for each in value]
    if isinstance(value, dict):
        return {key: kept(each, names) for key, each in value.items() if wire_name(key) in names}
    return value


@cache
def impersonal_keys(code: str) -> frozenset[str]:
    """The keys that stay, of a record, its lines and the arrays in which they stand."""
    job = JOB_TYPES[code]
    models: list[type[Model]] = [job.record, *job.lines.values()]
    columns = (each.name for model in models for each in wire_fields(model) if each.name not in PERSONAL)
    return frozenset(wire_name(name) for name in (*columns, *job.lines))


def connect() -> None:
    """Let an erasure reach the records."""
    privacy.BEYOND.append(forget)
