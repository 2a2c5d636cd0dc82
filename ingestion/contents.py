"""Whether the rows stored hold what documents say, column by column and line by line, whatever their hashes say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec
from django.db import connection, models

from ingestion.documents import Document, Shape
from ingestion.fields import wire_fields
from ingestion.rows import NEXT_COLUMN, NULL

Said = dict[str, str | int | None]
"""A row as a document says it, by column."""


def unlike(form: Shape, documents: Mapping[int, Document]) -> set[int]:
    """The records, of those that `documents` names by their ids, whose columns or lines say something else.

    Fields that the specification does not know are left to the hash: they may be spelled in many ways.
    """
    headers = [{"id": pk, **said(form.header.columns, document.row)} for pk, document in documents.items()]
    found = unlike_rows(form.job_type.record, ["id"], headers)
    for array, model in form.job_type.lines.items():
        lines = [
            {"record_id": pk, "position": position, **said(form.lines[array].columns, line)}
            for pk, document in documents.items()
            for position, line in enumerate(document.lines.get(array, []), 1)
        ]
        found |= unlike_rows(model, ["record_id", "position"], lines, of=list(documents))
    return found


def said(columns: Sequence[str], line: str) -> Said:
    """A row's canonical text by column, its unknown fields left out."""
    texts = zip(columns, line.split(NEXT_COLUMN), strict=False)
    return {column: None if text == NULL else text for column, text in texts}


def unlike_rows(model: type[models.Model], place: list[str], rows: list[Said], of: list[int] | None = None) -> set[int]:
    """The first of the columns of `place` for each row that is not stored as said; with `of`, or not said at all."""
    table, columns = quoted([model._meta.db_table]), [str(field.column) for field in wire_fields(model)]
    types = {str(field.column): field.db_type(connection) for field in model._meta.concrete_fields}
    owner = quoted(place[:1])
    statement = f"""
        SELECT DISTINCT COALESCE(said.{owner}, stored.{owner})
        FROM json_to_recordset(%s) AS said({", ".join(typed([*place, *columns], types))})
        FULL JOIN (SELECT * FROM {table} WHERE {owner} = ANY(%s)) AS stored
          ON {" AND ".join(f"stored.{name} = said.{name}" for name in map(quote, place))}
        WHERE stored.{owner} IS NULL OR said.{owner} IS NULL
           OR ({quoted(columns, "stored.")}) IS DISTINCT FROM ({quoted(columns, "said.")})
    """  # noqa: S608 - made of the models' own names
    with connection.cursor() as cursor:
        ids = [row[place[0]] for row in rows] if of is None else of
        cursor.execute(statement, [msgspec.json.encode(rows).decode(), ids])
        return {pk for (pk,) in cursor.fetchall()}


def quote(name: str) -> str:
    return str(connection.ops.quote_name(name))


def quoted(names: Iterable[str], of: str = "") -> str:
    return ", ".join(f"{of}{quote(name)}" for name in names)


def typed(names: Iterable[str], types: Mapping[str, str | None]) -> Iterator[str]:
    return (f"{quote(name)} {types[name]}" for name in names)
