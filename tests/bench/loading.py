"""Loading work orders in bulk, three ways: all load the same ones into the same tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
from django.db import transaction
from django.utils import timezone

from ingestion import answer, intake, services
from ingestion.documents import Shape, shape, sort_out
from ingestion.fields import wire_fields
from ingestion.job_types import JOB_TYPES
from ingestion.models import Feed, Run
from ingestion.rows import NEXT_COLUMN, NULL, Row, parse
from ingestion.store import Table as Stored
from ingestion.store import store_of
from tests.bench.frame import Session, Table, medians, seconds
from tests.bench.work_orders import answers

Timer = Callable[[Callable[[], None]], float]
JOB = JOB_TYPES["pkb"]
TABLES = [model._meta.db_table for model in (JOB.record, JOB.record.history.model, *JOB.lines.values())]
PER_RECORD = 1_000
"""Records of the one-by-one way in a round: its time per record does not depend on how many follow."""
WAYS = {
    "copy": "COPY of the ready rows, the limit",
    "first": "first load",
    "again": "re-sync, 90 % unchanged, 5 % changed, 5 % new",
    "one": "one by one, first load",
}


def measure(session: Session) -> Table:
    """The road against the limit (COPY of the same ready rows) and against one query per record, in turn."""
    session.empty()
    loading = Loading(session.options.records, PER_RECORD)
    rate = medians([loading.round(seconds) for _ in range(session.options.rounds)])
    table = Table(f"{session.options.records:,} work orders", ["way", "records/s", "of COPY", "of one by one"])
    for name, words in WAYS.items():
        of_copy, of_one = f"{rate[name] / rate['copy']:.0%}", f"{rate[name] / rate['one']:,.1f} ×"
        table.add(words, f"{rate[name]:,.0f}", of_copy.replace("%", " %"), of_one)
    return table


class Loading:
    """`records` work orders, made once; each round empties the tables before each way."""

    def __init__(self, records: int, per_record: int) -> None:
        services.connect(
            main_dealer="H2Z",
            base_url="http://127.0.0.1:8014/dgi-api/v1.3",
            dealers=["08138"],
            api_key="k",
            secret_key="s",
        )
        self.feed = Feed.objects.select_related("connection", "dealership").get(job_type=JOB.code)
        self.records, self.per_record = records, per_record
        self.first = list(answers([(number, 0) for number in range(records)]))
        self.again = list(answers(changed(records)))
        self.ready = Ready(self.first, self.feed)

    def round(self, timer: Timer) -> dict[str, float]:
        """Records per second by way: copy, first, again, one."""
        self.empty()
        with unfenced() as owner:
            copy = self.records / timer(lambda: self.ready.copy(owner))
        self.empty()
        first = self.records / timer(lambda: self.load(self.first))
        again = self.records / timer(lambda: self.load(self.again))
        self.empty()
        one = self.per_record / timer(lambda: one_by_one(self.first, self.feed, self.per_record))
        return {"copy": copy, "first": first, "again": again, "one": one}

    def load(self, bodies: Iterable[bytes]) -> None:
        """The road, from the bytes of an answer to the commit."""
        for body in bodies:
            with transaction.atomic():
                run = a_run(self.feed)
                intake.take_sorted(intake.sort(answer.records(body), self.feed), run=run, feed=self.feed)

    def empty(self) -> None:
        with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
            owner.execute(f"TRUNCATE {', '.join(TABLES)}")


@contextmanager
def unfenced() -> Iterator[psycopg.Connection]:
    """The owner, whom the fences of the tables let pass in here: COPY knows no row-level security."""
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        for table in TABLES:
            owner.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        try:
            yield owner
        finally:
            for table in TABLES:
                owner.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def a_run(feed: Feed) -> Run:
    now = timezone.now()
    return Run.objects.create(
        feed=feed,
        dealership=feed.dealership,
        connection=feed.connection,
        job_type=feed.job_type,
        since=now - timedelta(days=1),
        until=now,
        state=Run.State.SUCCEEDED,
        started_at=now,
        finished_at=now,
        started_by="bench",
    )


def changed(records: int) -> list[tuple[int, int]]:
    """As many work orders again: 5 % new, 5 % in another version, the rest as they were."""
    new = records // 20
    return [(number, int(number % 19 == 0)) for number in range(records - new)] + [
        (records + number, 0) for number in range(new)
    ]


class Ready:
    """The rows of every table, ready for COPY: what the database alone can take."""

    def __init__(self, bodies: Iterable[bytes], feed: Feed) -> None:
        form, self.store = shape(JOB, feed.connection.zone), store_of(JOB)
        run = a_run(feed)
        now = timezone.now().isoformat()
        self.history: list[str] = []
        self.record: list[str] = []
        self.lines: dict[str, list[str]] = {array: [] for array in JOB.lines}
        for number, document in enumerate(documents(form, bodies, feed), 1):
            hashes = document.raw_hash, document.content_hash
            own = ready(number, feed.dealership_id, document.row, document.unknown_fields, *hashes)
            self.record.append(own)
            self.history.append(f"{ready(now, '+', run.pk, document.raw)[:-1]}\t{own}")
            for array, lines in document.lines.items():
                self.lines[array] += [
                    ready(number, feed.dealership_id, place, line) for place, line in enumerate(lines, 1)
                ]

    def copy(self, owner: psycopg.Connection) -> None:
        with owner.transaction():
            copy(owner, self.store.record, self.record)
            copy(owner, self.store.history, self.history)
            for array, rows in self.lines.items():
                copy(owner, self.store.lines[array], rows)


def ready(*texts: object) -> str:
    """A line of COPY."""
    row = NEXT_COLUMN.join(map(str, texts)).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")
    return row.replace("\r", "\\r").replace(NULL, "\\N").replace(NEXT_COLUMN, "\t") + "\n"


def copy(owner: psycopg.Connection, table: Stored, rows: list[str]) -> None:
    with owner.cursor() as cursor, cursor.copy(f"COPY {table.name} ({table.columns}) FROM STDIN") as into:
        for start in range(0, len(rows), 100):
            into.write("".join(rows[start : start + 100]))


def documents(form: Shape, bodies: Iterable[bytes], feed: Feed) -> Iterable[Any]:
    for body in bodies:
        for (_, key), group in sort_out(form, answer.records(body), feed.dealership.code).groups.items():
            yield form.read(feed.dealership_id, key, group)


def one_by_one(bodies: Iterable[bytes], feed: Feed, count: int) -> None:
    """What the original does: update_or_create for each record, which writes history, and its lines made anew."""
    form = shape(JOB, feed.connection.zone)
    done = 0
    for body in bodies:
        for raw in answer.records(body):
            if done == count:
                return
            record = parse(raw)
            row = form.header.read(record)
            with transaction.atomic():
                store_one(form, row, record, feed)
            done += 1


def store_one(form: Shape, row: Row, record: dict[str, Any], feed: Feed) -> None:
    columns = dict(zip(form.header.columns, row.values, strict=False))
    key = columns.pop(JOB.key)
    stored, _ = JOB.record.objects.update_or_create(
        dealership=feed.dealership,
        **{JOB.key: key},
        defaults={**typed(JOB.record, columns), "raw_hash": uuid4(), "content_hash": uuid4()},
    )
    for array, model in JOB.lines.items():
        getattr(stored, array).all().delete()
        reader = form.lines[array]
        for position, line in enumerate(record[array], 1):
            values = dict(zip(reader.columns, reader.read(line).values, strict=False))
            model.objects.create(record=stored, dealership=feed.dealership, position=position, **typed(model, values))


def typed(model: Any, columns: dict[str, str | None]) -> dict[str, Any]:
    """Python values for the ORM."""
    return {field.name: field.to_python(columns[field.name]) for field in wire_fields(model) if field.name in columns}
