"""The passport of a motorcycle: everything that happened to it, in time order, from all job types that tell of it.

Some records and lines name its frame number. From their documents others follow: the sales order letter with prospect,
invoice and leasing, the invoices and hotline orders of its work orders.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from dealers.models import Dealership
from ingestion import fields
from ingestion.display import shown
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Record
from ingestion.naming import saying

MOST = 200
"""Records of a job type that a passport holds."""
MOST_FOUND = 20
"""Motorcycles that a search answers with."""


@dataclass(frozen=True)
class Telling:
    """Where a job type's records, or their lines (`array`), tell of a motorcycle."""

    job: str
    frame: str
    engine: str = ""
    plate: str = ""
    array: str = ""
    days: tuple[str, ...] = ()
    """Columns that each say when something happened; without them the job type's own day does."""

    @property
    def model(self) -> type[Model]:
        job = JOB_TYPES[self.job]
        return job.lines[self.array] if self.array else job.record


TELLING = (
    Telling("mdinvh1_read", "no_rangka", engine="no_mesin", array="unit"),
    Telling("uinb_read", "no_rangka", engine="no_mesin", array="unit"),
    Telling("bast_read", "no_rangka", engine="no_mesin", array="detail"),
    Telling(
        "doch_read",
        "nomor_rangka",
        plate="plat_nomor",
        array="unit",
        days=(
            "tanggal_pengajuan_stnk_ke_biro",
            "tanggal_penerimaan_stnk_dari_biro",
            "tanggal_penerimaan_bpkb_dari_biro",
            "tanggal_terima_stnk_oleh_konsumen",
            "tanggal_terima_bpkb_oleh_konsumen",
        ),
    ),
    Telling("pkb", "no_rangka", engine="no_mesin", plate="no_polisi"),
    Telling("unpaidhlo_read", "no_rangka", engine="no_mesin"),
)
FOLLOWING = (
    ("spk_read", "id_spk", (("doch_read", "id_spk"), ("bast_read", "id_spk"))),
    ("prospect", "id_prospect", (("spk_read", "id_prospect"),)),
    ("leasing", "id_spk", (("doch_read", "id_spk"), ("bast_read", "id_spk"))),
    ("inv1_read", "id_spk", (("doch_read", "id_spk"), ("bast_read", "id_spk"))),
    ("inv2_read", "no_work_order", (("pkb", "no_work_order"),)),
    ("dphlo_read", "no_work_order", (("pkb", "no_work_order"),)),
    ("unpaidhlo_read", "no_work_order", (("pkb", "no_work_order"),)),
)
"""What follows: a job type, its column, and the columns before that say the same; those of lines where a line tells."""


@dataclass(frozen=True)
class Met:
    """A record of a motorcycle's, and the line of it that names the motorcycle, if it is a line that does."""

    record: Record
    line: Any = None

    def said(self, column: str) -> str | None:
        """What it says in a column of the line, or else of the record."""
        value: str | None = getattr(self.line if hasattr(self.line, column) else self.record, column)
        return value


@dataclass(frozen=True)
class Event:
    """Something that happened to a motorcycle."""

    day: date | None
    """Where it happened; None: the record does not say."""
    at: datetime | None
    """The moment, where it is known."""
    job: JobType
    record_id: int
    heading: str
    """The kind of document with its number."""
    details: tuple[tuple[str, str], ...]
    """What the record says in the columns of a list: their labels and values."""
    dealership: Dealership


def find(user: Any, words: str) -> list[str]:
    """The frame numbers of the motorcycles with this frame number, engine number or licence plate.

    Upper or lower case, blanks and hyphens where people put them make no difference to frame and engine numbers and to
    plates as they are usually written.
    """
    told = spellings(words)
    found: dict[str, None] = {}
    if not told:
        return []
    for telling in TELLING:
        columns = [column for column in (telling.frame, telling.engine, telling.plate) if column]
        any_of = Q()
        for column in columns:
            any_of |= saying(telling.model, column, told)
        rows = visible(telling, user).filter(any_of).exclude(**{f"{telling.frame}__isnull": True})
        frames = rows.order_by().values_list(telling.frame, flat=True).distinct()
        found |= dict.fromkeys(frames[:MOST_FOUND])
    return sorted(found)[:MOST_FOUND]


def spellings(words: str) -> list[str]:
    """How a number may be stored, as typed and as gateways write it."""
    typed = words.strip()
    bare = re.sub(r"[\s\-./]+", "", typed).upper()
    if len(bare) < 3:
        return []
    found = {typed, typed.upper(), bare}
    if plate := re.fullmatch(r"([A-Z]{1,2})(\d{1,4})([A-Z]{0,3})", bare):
        for between in (" ", "-"):
            found.add(between.join(part for part in plate.groups() if part))
        found.add(f"{plate[1]} {plate[2]}{plate[3]}")
    elif len(bare) > 8:
        found |= {f"{bare[:5]}{between}{bare[5:]}" for between in (" ", "-")}
    return sorted(found)


def visible(telling: Telling, user: Any) -> QuerySet[Any]:
    """The rows, of records or lines, that a person may see."""
    job = JOB_TYPES[telling.job]
    return telling.model._default_manager.visible_to(user, job.seen_with)  # type: ignore[attr-defined]


def events(user: Any, frame: str) -> list[Event]:
    """Everything that a person may see of a motorcycle, the oldest first; what has no date last.

    A query for each entry of `TELLING` and of `FOLLOWING`.
    """
    told = spellings(frame)
    if not told:
        return []
    met: dict[str, dict[int, Met]] = defaultdict(dict)
    happened: list[Event] = []
    for telling in TELLING:
        for each in telling_of(telling, user, told):
            if each.record.pk not in met[telling.job]:
                met[telling.job][each.record.pk] = each
                happened += events_of(JOB_TYPES[telling.job], each, telling.days)
    for code, column, sources in FOLLOWING:
        names = {
            (each.record.dealership_id, name)
            for source, said in sources
            for each in met[source].values()
            if (name := each.said(said))
        }
        for each in following(JOB_TYPES[code], user, column, names):
            if each.record.pk not in met[code]:
                met[code][each.record.pk] = each
                happened += events_of(JOB_TYPES[code], each, ())
    return sorted(happened, key=in_time)


def telling_of(telling: Telling, user: Any, told: list[str]) -> Iterator[Met]:
    """The newest records that name a frame number, with the line that does."""
    rows = visible(telling, user).filter(saying(telling.model, telling.frame, told)).order_by("-pk")
    if telling.array:
        for line in rows.select_related("record__dealership")[:MOST]:
            yield Met(line.record, line)
    else:
        for record in rows.select_related("dealership")[:MOST]:
            yield Met(record)


def following(job: JobType, user: Any, column: str, names: set[tuple[int, str]]) -> Iterator[Met]:
    """The newest records that say one of these names, each in its dealership."""
    if not names:
        return
    places, texts = {place for place, _text in names}, {text for _place, text in names}
    rows = job.record.objects.visible_to(user).filter(saying(job.record, column, texts), dealership__in=places)
    for record in rows.select_related("dealership").order_by("-pk")[:MOST]:
        if (record.dealership_id, getattr(record, column)) in names:
            yield Met(record)


def events_of(job: JobType, met: Met, days: Iterable[str]) -> Iterator[Event]:
    """One for each day that the line tells, at least one for the record."""
    record = met.record
    told = {"document": capfirst(str(record._meta.verbose_name)), "number": str(record)}
    known = [(name, getattr(met.line, name)) for name in days if getattr(met.line, name)]
    heading = _("%(document)s %(number)s") % told
    if not known:
        at: Any = getattr(record, job.day)
        if isinstance(at, datetime):
            local = at.astimezone(record.dealership.zone)
            yield Event(local.date(), local, job, record.pk, heading, details(job, record), record.dealership)
        else:
            yield Event(at, None, job, record.pk, heading, details(job, record), record.dealership)
    for name, day in known:
        what = {"what": met.line._meta.get_field(name).verbose_name}
        heading = _("%(document)s %(number)s: %(what)s") % (told | what)
        yield Event(day, None, job, record.pk, heading, details(job, record), record.dealership)


def details(job: JobType, record: Record) -> tuple[tuple[str, str], ...]:
    """What a list shows of a record, beside its number and its day."""
    columns: list[fields.WireField] = [job.column(name) for name in job.listed if name not in (job.key, job.day)]
    told = (
        (str(column.verbose_name), shown(column, getattr(record, column.name), record.dealership.time_zone))
        for column in columns
    )
    return tuple((label, str(value)) for label, value in told if value is not None)


def in_time(event: Event) -> tuple[Any, ...]:
    """Where an event stands: by its day, then its moment, then as documents follow each other."""
    day = event.day or date.max
    return (event.day is None, day, event.at.timestamp() if event.at else 0, STANDING[event.job.code], event.record_id)


STANDING = {code: place for place, code in enumerate(JOB_TYPES)}
"""The job types' own order."""


def frames_of(job: JobType, record: Record) -> list[str]:
    """The frame numbers of the motorcycles that a record or its lines tell of."""
    found: dict[str, None] = {}
    for telling in TELLING:
        if telling.job == job.code:
            rows = getattr(record, telling.array).all() if telling.array else [record]
            found |= dict.fromkeys(frame for row in rows if (frame := getattr(row, telling.frame)))
    return list(found)
