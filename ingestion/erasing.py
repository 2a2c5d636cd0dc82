"""Erases from records what tells who somebody is, when they are erased as a customer (crm/privacy.py).

Documents stay with their numbers, days and amounts. What they became here is known (`Adoption`); any other record is
somebody's if it bears their identity number, or their telephone number with their name: families share telephones. Of
a record that several people share their lines alone are erased, and of a work order that another brought, the owner.
The hashes stay as well, so that the same text arriving again is known and not stored; what a main dealer sends anew
in a record that changed is stored anew.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Any

import msgspec
import phonenumbers
from django.db.models import Func, Model, Q, TextField

from crm import contact_values, privacy
from crm.models import Ownership
from crm.privacy import Person
from dealers.models import Dealership
from ingestion import fields, search, visits
from ingestion.adoption import units
from ingestion.fields import wire_fields, wire_name
from ingestion.identity import decode, encode
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Adoption, QuarantinedRecord
from ingestion.models.record import key_of
from sales.models import Deal

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


Lines = set[tuple[str, int]] | None
"""The lines of a record that are somebody's, by their array and id; None: all of the record is theirs."""


def forget(dealership_id: int, person: Person, about: set[tuple[str, str]]) -> None:
    """Erase from the records of a dealership what tells who this person is; `about` is what was erased of crm's."""
    adopted = adopted_as(dealership_id, about)
    numbers = frozenset(filter(contact_values.tells_somebody, person.identity_numbers))
    person = Person(numbers, person.phones, person.names)
    for job in JOB_TYPES.values():
        found: dict[int, Lines] = {}
        for record_id, lines in (
            *parts_of(job, adopted.get(job.code, ()), about),
            *said_by(job, dealership_id, person),
        ):
            here = found.setdefault(record_id, set())
            found[record_id] = None if lines is None or here is None else here | lines
        whole = sorted(pk for pk, lines in found.items() if lines is None)
        shared = {pk: lines for pk, lines in found.items() if lines is not None}
        if whole:
            blank(job, dealership_id, whole)
        if shared:
            blank_lines(job, dealership_id, shared, about)
        blank_quarantine(job, dealership_id, person, whole)
    forget_owner(dealership_id, about)


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


def parts_of(job: JobType, ids: Iterable[int], about: set[tuple[str, str]]) -> Iterator[tuple[int, Lines]]:
    """What of records that became somebody's rows is theirs: of a delivery the lines of their letters and vehicles."""
    if job.code != "bast_read":
        yield from ((pk, None) for pk in ids)
        return
    deals: Any = Deal.objects.filter(pk__in=ids_of(about, Deal)).select_related("vehicle")
    owned: Any = Ownership.objects.filter(pk__in=ids_of(about, Ownership)).select_related("vehicle")
    letters = {deal.order_number for deal in deals if deal.order_number}
    frames = {spelt for each in (*deals, *owned) for spelt in units.spellings(each.vehicle)}
    lines: Any = job.lines["detail"]
    for pk in ids:
        named = lines.objects.filter(record=pk).alias(frame=Bare("no_rangka"))
        theirs = named.filter(Q(id_spk__in=letters) | Q(frame__in=frames))
        yield pk, {("detail", each) for each in theirs.values_list("pk", flat=True)} or None


def ids_of(about: Iterable[tuple[str, str]], model: Any) -> list[str]:
    return [pk for label, pk in about if label == model._meta.label_lower]


def said_by(job: JobType, dealership_id: int, person: Person) -> Iterator[tuple[int, Lines]]:
    """The records, or lines of them, that bear the person's identity number, or their telephone number with their name.

    However either is written: gateways say 3171-2345 and 0812 3456 as they were typed.
    """
    for array, model in (("", job.record), *job.lines.items()):
        columns = [each for each in wire_fields(model) if each.name in PERSONAL]
        papers = [each.name for each in columns if isinstance(each, fields.IdentityNumber)]
        condition = any_of((f"{each}_bare" for each in papers), "in", [person.identity_numbers])
        phones = {each for phone in person.phones for each in spelt(phone)}
        reached = [each.name for each in columns if each.name.startswith(PHONES)]
        if phones and person.names:
            called = any_of((each.name for each in columns if each.name.startswith(NAMES)), "iexact", person.names)
            condition |= any_of((f"{each}_bare" for each in reached), "in", [phones]) & called
        rows = model._default_manager.filter(dealership=dealership_id)
        found = rows.alias(**{f"{each}_bare": Bare(each) for each in (*papers, *reached)}).filter(condition)
        if not array:
            yield from ((pk, None) for pk in found.values_list("pk", flat=True))
        else:
            yield from ((record_id, {(array, pk)}) for record_id, pk in found.values_list("record_id", "pk"))


class Bare(Func):
    """A number without what people write between its characters."""

    template = "regexp_replace(upper(%(expressions)s), '[^A-Z0-9]', '', 'g')"
    output_field = TextField()


def any_of(columns: Iterable[str], lookup: str, values: Iterable[Any]) -> Q:
    wanted, found = list(values), Q(pk__in=[])
    for column in columns:
        for value in wanted:
            found |= Q(**{f"{column}__{lookup}": value})
    return found


def spelt(phone: str) -> set[str]:
    """The digits in which gateways write a number that is kept as +62…"""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return {phone.lstrip("+")}
    national, country = str(number.national_number), str(number.country_code)
    return {f"{country}{national}", f"0{national}", national}


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
    rewrite(versions, lambda raw: without_people(raw, job))
    search.write(job, ids)
    for adoption in Adoption.objects.filter(job_type=job.code, record_id__in=ids, **here):
        adoption.state, adoption.made = Adoption.State.ADOPTED, [[label, pk, ""] for label, pk, _words in adoption.made]
        adoption.problems, adoption.kept = [], []
        adoption.save()


def rewrite(versions: Any, words: Callable[[str], str]) -> None:
    """Let versions say otherwise what was received."""
    for version in versions.only("history_id", "raw"):
        versions.model.objects.filter(history_id=version.history_id).update(raw=words(version.raw))


def blank_lines(
    job: JobType, dealership_id: int, shared: Mapping[int, set[tuple[str, int]]], about: set[tuple[str, str]]
) -> None:
    """Erase lines of records that others share, who stay, and whose lines can be adopted again."""
    for array, model in job.lines.items():
        theirs = {pk for lines in shared.values() for name, pk in lines if name == array}
        everyone: Any = model._default_manager
        rows = everyone.filter(pk__in=theirs, record_id__in=shared, dealership=dealership_id)
        places: dict[int, set[int]] = {}
        for record_id, position in rows.values_list("record_id", "position"):
            places.setdefault(record_id, set()).add(position)
        rows.update(**nothing(model))
        for record_id, positions in places.items():
            versions = job.record.history.filter(id=record_id, dealership=dealership_id)
            rewrite(versions, partial(without_lines, job=job, array=array, positions=positions))
    search.write(job, sorted(shared))
    for adoption in Adoption.objects.filter(job_type=job.code, record_id__in=shared, dealership=dealership_id):
        adoption.made = [[label, pk, "" if (label, str(pk)) in about else words] for label, pk, words in adoption.made]
        adoption.kept = []
        adoption.save()


def blank_quarantine(job: JobType, dealership_id: int, person: Person, ids: Collection[int]) -> None:
    """Erase what could not be stored of these records, and what bears the person's numbers."""
    keys = job.record._default_manager.filter(pk__in=ids).values_list(key_of(job.record).name, flat=True)
    condition = Q(natural_key__in=[str(each) for each in keys])
    condition |= any_of(["bare"], "contains", person.identity_numbers)
    nationals = {min(spelt(phone), key=len) for phone in person.phones}
    condition |= any_of(["bare"], "contains", nationals) & any_of(["raw"], "icontains", person.names)
    rows = QuarantinedRecord.objects.filter(job_type=job.code, dealership=dealership_id)
    for entry in rows.alias(bare=Joined("raw")).filter(condition):
        entry.raw, entry.reason = without_people(entry.raw, job), entry.cause
        entry.save(update_fields=["raw", "reason"])


class Joined(Func):
    """A text as received in which nothing stands between the characters of a number; quotes still part the values."""

    template = "regexp_replace(upper(%(expressions)s), '[-\\s.()/+]', '', 'g')"
    output_field = TextField()


def forget_owner(dealership_id: int, about: set[tuple[str, str]]) -> None:
    """Erase the owner from work orders of what somebody owned at that time, whoever brought it to the workshop."""
    job, rows = JOB_TYPES[visits.JOB], Ownership.objects.filter(pk__in=ids_of(about, Ownership))
    owned = Q(pk__in=[])
    for each in rows.select_related("vehicle", "customer__dealership"):
        owned |= visits.orders_of(each.vehicle) & visits.while_owned(each, each.customer)
    if not rows:
        return
    orders = visits.dated(Dealership.objects.get(pk=dealership_id)).filter(owned)
    ids = list(orders.values_list("pk", flat=True))
    columns = dict.fromkeys(each.name for each in wire_fields(job.record) if is_owners(each.name))
    versions = job.record.history.filter(id__in=ids, dealership=dealership_id)
    for found in (job.record._default_manager.filter(pk__in=ids), versions):
        found.update(**columns)
    names = frozenset(wire_name(each) for each in columns)
    rewrite(versions, lambda raw: changed(raw, lambda value: without(value, names)))
    search.write(job, ids)


def is_owners(name: str) -> bool:
    """Whether a work order's column tells of the owner, and not of who brought it."""
    return name in PERSONAL and (name.endswith("_pemilik") or name == "no_polisi")


def nothing(model: type[Model]) -> dict[str, None]:
    """What an erasure writes into a record or a line."""
    return {**dict.fromkeys(each.name for each in wire_fields(model) if each.name in PERSONAL), "extra": None}


def without_people(raw: str, job: JobType) -> str:
    """A record as received with what is known of it and tells nobody; nothing if it cannot be read."""
    return changed(raw, lambda value: kept(value, impersonal_keys(job.code)))


def without_lines(raw: str, *, job: JobType, array: str, positions: Collection[int]) -> str:
    """A record as received with what tells nobody of the lines at these positions; all of it if they are not there."""

    def blanked(value: Any) -> Any:
        lines = next((each for key, each in value.items() if wire_name(key) == wire_name(array)), None)
        if not isinstance(lines, list) or max(positions) > len(lines):
            return kept(value, impersonal_keys(job.code))
        for place in positions:
            lines[place - 1] = kept(lines[place - 1], impersonal_keys(job.code))
        return value

    return changed(raw, blanked)


def without(value: Any, names: frozenset[str]) -> Any:
    """A record as received without these keys."""
    return {key: each for key, each in value.items() if wire_name(key) not in names}


def changed(raw: str, change: Callable[[Any], Any]) -> str:
    """A record as received, changed; nothing if it cannot be read."""
    try:
        return encode(change(decode(raw))).decode()
    except (msgspec.MsgspecError, RecursionError, AttributeError):
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
