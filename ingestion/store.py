"""Stores documents: unchanged ones stop at their hash, the rest costs one set-based statement per table.

A version is written once, as a row of history, and the record takes its columns over from there; so history cannot
miss a version, and created and changed records go one way. The caller holds the transaction and the locks.

Rows travel as one text that the statement takes apart: as quick as COPY, which row-level security does not allow.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import psycopg
from django.db import connection, models
from django.utils import timezone

from ingestion import search, tallies
from ingestion.documents import Document, Element, Identity, group_hash, shape
from ingestion.job_types import JobType
from ingestion.rows import NEXT_COLUMN, NEXT_ROW, NULL

LENGTH = re.compile(r"\(.*\)")
"""A cast to a type with a length would cut in silence; without, the column refuses what is too long."""


@dataclass(slots=True)
class Stored:
    """What became of documents."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0


class Table:
    """A model's table with the columns that an answer fills, in the order of the rows of `ingestion.documents`."""

    AT_ONCE = 50
    """Rows of a statement: the next are read while the database stores these, as long as it fits into the socket."""

    def __init__(self, model: type[models.Model], columns: Sequence[str]) -> None:
        quote = connection.ops.quote_name
        types = {field.column: str(field.db_type(connection)) for field in model._meta.concrete_fields}
        typed = (f"text[{place}]::{LENGTH.sub('', types[column])}" for place, column in enumerate(columns, 1))
        self.name = quote(model._meta.db_table)
        self.columns = ", ".join(map(quote, columns))
        self.insert = f"""
            INSERT INTO {self.name} ({self.columns}) SELECT {", ".join(typed)}
            FROM (SELECT string_to_array(row, %s, %s) AS text FROM string_to_table(%s, %s) AS row OFFSET 0) AS rows
        """

    def take(self, rows: Iterable[str]) -> None:
        """Insert rows of canonical text as they come."""
        coming = iter(rows)
        while some := list(islice(coming, self.AT_ONCE)):
            execute(self.insert, [NEXT_COLUMN, NULL, NEXT_ROW.join(some), NEXT_ROW])


@dataclass(slots=True)
class Known:
    """What is stored under an identity."""

    record_id: int
    same: bool
    """Whether it is the very text that arrived; if so, hash and version are not told."""
    unknown_fields: int
    content_hash: str = ""
    version: datetime | None = None

    def gives_way_to(self, document: Document) -> bool:
        """Whether `document` says something else and is no older version."""
        if self.content_hash == document.content_hash:
            return False
        return self.version is None or not document.version or datetime.fromisoformat(document.version) >= self.version


@dataclass(slots=True)
class Taken:
    """The versions of one answer on their way into the tables: ids set aside, lines kept until their records stand."""

    record_ids: Iterator[int]
    created: list[int] = field(default_factory=list)
    updated: list[int] = field(default_factory=list)
    unchanged: int = 0
    lines: dict[str, list[str]] = field(default_factory=dict)

    def keep_lines(self, record_id: int, document: Document) -> None:
        start = f"{record_id}{NEXT_COLUMN}{document.dealership_id}{NEXT_COLUMN}"
        for array, lines in document.lines.items():
            rows = self.lines.setdefault(array, [])
            rows.extend(f"{start}{position}{NEXT_COLUMN}{line}" for position, line in enumerate(lines, 1))


class Store:
    """The statements of one job type. Columns: see `Shape.columns`."""

    def __init__(self, job_type: JobType, columns: Sequence[str], lines: Mapping[str, Sequence[str]]) -> None:
        quote = connection.ops.quote_name
        self.key = quote(job_type.key)
        own = ["id", "dealership_id", *columns, "unknown_fields", "raw_hash", "content_hash"]
        self.record = Table(job_type.record, own)
        self.history = Table(job_type.record.history.model, ["history_date", "history_type", "run_id", "raw", *own])
        self.lines = {
            array: Table(model, ["record_id", "dealership_id", "position", *lines[array]])
            for array, model in job_type.lines.items()
        }
        self.search = search.write_statement(job_type)
        self.less, self.more = tallies.count_statement(job_type, -1), tallies.count_statement(job_type, 1)
        self.held = tallies.hold_statement(job_type)
        self.set = ", ".join(f"{quote(column)} = version.{quote(column)}" for column in own[1:])

    def known(self, groups: Iterable[tuple[int, Identity, list[Element]]]) -> dict[Identity, Known]:
        """What is stored under the identities of `groups`, each with its dealership."""
        seen = list(groups)
        if not seen:
            return {}
        rows = fetch(
            f"""
            SELECT seen.n, stored.id, stored.raw_hash = seen.raw_hash, stored.unknown_fields,
                   CASE WHEN stored.raw_hash <> seen.raw_hash THEN replace(stored.content_hash::text, '-', '') END,
                   CASE WHEN stored.raw_hash <> seen.raw_hash THEN COALESCE(modified_time, created_time) END
            FROM json_to_recordset(%s) AS seen(n int, dealership_id bigint, key text, raw_hash uuid)
            JOIN {self.record.name} AS stored
              ON stored.dealership_id = seen.dealership_id AND stored.{self.key} = seen.key
            """,
            [in_json(seen)],
        )
        return {seen[n][1]: Known(*rest) for n, *rest in rows}

    def take(
        self,
        documents: Iterable[tuple[Identity, Document]],
        known: dict[Identity, Known],
        *,
        fresh: int,
        run_id: int,
    ) -> Stored:
        """Store `documents` (no two of one identity, at most `fresh` of them not known); history names the run.

        What is known with the same content, or in a newer version, stays as it is.
        """
        before, *record_ids = self.next_ids(fresh)
        taken = Taken(iter(record_ids))
        with in_flight():
            self.history.take(self.history_rows(documents, known, taken, run_id))
            if taken.updated:
                execute(self.less, [taken.updated])
            self.take_over(taken, [before, run_id])
            for array, rows in taken.lines.items():
                self.lines[array].take(rows)
            if taken.created or taken.updated:
                written = taken.created + taken.updated
                execute(self.search, [written])
                execute(self.more, [written])
                execute(self.held, [taken.created, written])
        return Stored(len(taken.created), len(taken.updated), taken.unchanged)

    def history_rows(
        self, documents: Iterable[tuple[Identity, Document]], known: dict[Identity, Known], taken: Taken, run_id: int
    ) -> Iterator[str]:
        """A row for each document that is a new version; what else is to be done with it goes into `taken`."""
        now = timezone.now().isoformat()
        for identity, document in documents:
            stored = known.get(identity)
            if stored is None:
                record_id, kind = next(taken.record_ids), "+"
                taken.created.append(record_id)
            elif stored.gives_way_to(document):
                record_id, kind = stored.record_id, "~"
                taken.updated.append(record_id)
            else:
                taken.unchanged += 1
                continue
            taken.keep_lines(record_id, document)
            dealership_id, unknown_fields = str(document.dealership_id), str(document.unknown_fields)
            begin = (now, kind, str(run_id), document.raw, str(record_id), dealership_id)
            yield NEXT_COLUMN.join((*begin, document.row, unknown_fields, document.raw_hash, document.content_hash))

    def take_over(self, taken: Taken, written: list[int]) -> None:
        """Bring the records to the versions written (the history id before, the run); their old lines go."""
        version = (
            f"(SELECT * FROM {self.history.name}"
            " WHERE history_id > %s AND run_id = %s AND history_type = %s) AS version"
        )
        if taken.created:
            into = f"INSERT INTO {self.record.name} ({self.record.columns})"
            execute(f"{into} SELECT {self.record.columns} FROM {version}", [*written, "+"])
        if taken.updated:
            update = f"UPDATE {self.record.name} AS record SET {self.set}"
            execute(f"{update} FROM {version} WHERE record.id = version.id", [*written, "~"])
            for table in self.lines.values():
                execute(f"DELETE FROM {table.name} WHERE record_id = ANY(%s)", [taken.updated])

    def next_ids(self, count: int) -> list[int]:
        """A fresh id of history, and `count` of records; each ascending."""
        ids = """
            SELECT concat_ws(
                ' ', nextval(pg_get_serial_sequence(%s, 'history_id')), string_agg(nextval(own.sequence)::text, ' ')
            )
            FROM (SELECT pg_get_serial_sequence(%s, 'id')::regclass AS sequence OFFSET 0) AS own, generate_series(1, %s)
        """
        ((found,),) = fetch(ids, [self.history.name, self.record.name, count])
        return [int(fresh) for fresh in found.split()]


def in_json(seen: list[tuple[int, Identity, list[Element]]]) -> str:
    """Rows for json_to_recordset."""
    rows = [
        {"n": n, "dealership_id": dealership, "key": identity[1], "raw_hash": group_hash(group)}
        for n, (dealership, identity, group) in enumerate(seen)
    ]
    return msgspec.json.encode(rows).decode()


def execute(sql: str, params: list[Any]) -> None:
    with cursor() as found:
        found.execute(sql, params)


def fetch(sql: str, params: list[Any] | dict[str, Any]) -> list[Any]:
    with cursor() as found:
        found.execute(sql, params)
        return list(found.fetchall())


def cursor() -> Any:
    """Django's cursor, but one that sends parameters apart from the statement, which is planned only once."""
    connection.ensure_connection()
    return connection._prepare_cursor(psycopg.Cursor(connection.connection))  # type: ignore[attr-defined]


@contextmanager
def in_flight() -> Iterator[None]:
    """Statements in here are sent without waiting for the answer to the one before; what failed is told at the end."""
    connection.ensure_connection()
    with connection.wrap_database_errors, connection.connection.pipeline():
        yield


def put(row: models.Model, names: Iterable[str]) -> None:
    """Write these columns of a row that is there: `save(update_fields=…)` without signals, at a third of the price."""
    quote, meta = connection.ops.quote_name, row._meta
    key: Any = meta.pk
    columns: list[Any] = [meta.get_field(name) for name in names]
    values = [column.get_db_prep_save(getattr(row, column.attname), connection) for column in columns]
    assignments = ", ".join(f"{quote(column.column)} = %s" for column in columns)
    execute(f"UPDATE {quote(meta.db_table)} SET {assignments} WHERE {quote(key.column)} = %s", [*values, row.pk])


@lru_cache(maxsize=256)
def store_of(job_type: JobType) -> Store:
    """The statements of `job_type`, made once."""
    found = shape(job_type, ZoneInfo("UTC"))
    lines = {array: [*reader.columns, "extra"] for array, reader in found.lines.items()}
    return Store(job_type, found.columns, lines)
