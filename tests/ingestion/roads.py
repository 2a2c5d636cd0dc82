"""Answers on the road: from bytes to documents, and from bytes to rows, history, quarantine and counts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, settings

from dealers.models import Dealership
from ingestion import answer, claims, desk, services
from ingestion.documents import Document, Reject, reject, shape, sort_out
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Connection, Feed, Line, QuarantinedRecord, Record, Run
from ingestion.rows import Misread
from tests.factories import ConnectionFactory, DealershipFactory, FeedFactory

WIB = ZoneInfo("Asia/Jakarta")
DEALER, NEIGHBOUR, STRANGER = "08138", "08139", "77777"
SAMPLES = Path(__file__).parent / "samples"
COUNTS = (*Run.COUNTS, "unknown_fields")

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

Data = dict[str, Any]


def sample(job_type: JobType) -> list[Data]:
    """The documents of a job type's sample."""
    documents: list[Data] = json.loads((SAMPLES / f"{job_type}.json").read_text())["data"]
    return documents


def in_json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()


def envelope(records: bytes) -> bytes:
    """An answer around the text of its records."""
    return b'{"status": 1, "message": null, "data": [%s]}' % records


def body_of(*records: object) -> bytes:
    """An answer; a record given as bytes stands in it as it is."""
    return envelope(b",".join(each if isinstance(each, bytes) else in_json(each) for each in records))


def documents_of(job_type: JobType, *records: object) -> tuple[list[Document], list[Reject]]:
    """What becomes of the records of an answer, without a database."""
    form = shape(job_type, WIB)
    found = sort_out(form, answer.records(body_of(*records)), DEALER)
    documents = []
    for (_, key), group in found.groups.items():
        try:
            documents.append(form.read(1, key, group))
        except Misread as error:
            found.rejects.append(reject(group, error, key))
    return documents, found.rejects


@dataclass
class Road:
    """A feed of `DEALER`, whose connection also serves `NEIGHBOUR`."""

    feed: Feed

    def arrive(self, *records: object) -> Run:
        """The run that brought an answer with these records."""
        return self.arrive_body(body_of(*records))

    def arrive_body(self, body: bytes) -> Run:
        run = services.open_run(feed=self.feed, by="test", since=timezone.now() - timedelta(hours=1))
        work = claims.claim(run.pk)
        assert work is not None
        desk.store_window(work, answer.records(body))
        work.run.refresh_from_db()
        assert work.run.received == sum(getattr(work.run, name) for name in Run.COUNTS[1:])
        return work.run

    @property
    def model(self) -> type[Record]:
        return self.feed.kind.record

    def records(self) -> list[Record]:
        return list(self.model.objects.order_by("id"))

    def record(self, key: str | None = None) -> Record:
        """The one record, or that of a natural key."""
        return self.model.objects.get(**({self.feed.kind.key: key} if key else {}))

    def lines(self, array: str, key: str | None = None) -> list[Line]:
        return list(self.feed.kind.lines[array].objects.filter(record=self.record(key)).order_by("position"))

    def quarantined(self) -> QuarantinedRecord:
        return QuarantinedRecord.objects.get()

    def versions(self) -> list[Any]:
        return list(self.model.history.order_by("history_id"))

    def dump(self) -> dict[str, list[Any]]:
        """Every row of the job type with the place and the transaction that wrote it."""
        tables = [self.model, self.model.history.model, *self.feed.kind.lines.values()]
        return {model._meta.db_table: rows_of(model._meta.db_table) for model in tables}


def rows_of(table: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT ctid::text, xmin::text, * FROM {table} ORDER BY ctid")
        return cursor.fetchall()


def road_for(job_type: str | JobType) -> Road:
    """A feed of both dealers for a job type, on one connection for all job types."""
    gateway = Connection.objects.first() or ConnectionFactory()
    feeds = [
        FeedFactory(connection=gateway, dealership=dealership(code), job_type=str(job_type))
        for code in (DEALER, NEIGHBOUR)
    ]
    return Road(feeds[0])


def dealership(code: str) -> Dealership:
    return Dealership.objects.filter(code=code).first() or DealershipFactory(code=code)


def counts(run: Run) -> Data:
    """The counts of a run that are not zero."""
    return {name: getattr(run, name) for name in COUNTS if getattr(run, name)}


def spelled(record: Data, name: str) -> str:
    """The key in `record` for the column `name`."""
    return next(key for key in record if key.replace("_", "").strip().lower() == name.replace("_", "").lower())


PKB = JOB_TYPES["pkb"]
