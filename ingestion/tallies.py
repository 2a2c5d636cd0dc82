"""Keeps count of what is stored, with the statements that store it; see `ingestion.models.tally`.

A record that changes is taken out of the tallies as it was and counted anew as it is. The feeds concerned are locked
while an answer is stored, so nobody else counts the same dealership's records at that time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from django.db import connection, transaction

from dealers.models import Dealership
from ingestion import fields
from ingestion.job_types import JobType
from ingestion.models import Holding, Tally
from ingestion.values import LONGEST_CODE

TALLY, HOLDING, DEALERSHIP = (model._meta.db_table for model in (Tally, Holding, Dealership))


def quote(name: str) -> str:
    return str(connection.ops.quote_name(name))


def literal(text: str) -> str:
    """A name of ours as a text in SQL."""
    return f"'{text}'"


def day_of(job_type: JobType) -> str:
    """The day of `record`, in the time zone of its dealership where it is a moment."""
    column = f"record.{quote(job_type.day)}"
    if not isinstance(job_type.column(job_type.day), fields.Moment):
        return column
    zone = f"(SELECT time_zone FROM {DEALERSHIP} WHERE id = record.dealership_id)"  # noqa: S608 - our own names
    return f"timezone({zone}, {column})::date"


def amount_of(job_type: JobType, name: str) -> str:
    """A number of `record`, or the sum of one of its lines; null where there is none."""
    array, _, column = name.rpartition(".")
    if not array:
        return f"record.{quote(column)}::numeric"
    lines = quote(job_type.lines[array]._meta.db_table)
    return f"(SELECT sum({quote(column)})::numeric FROM {lines} WHERE record_id = record.id)"  # noqa: S608 - our own names


def parts_of(job_type: JobType) -> str:
    """A row for all records that `record` counts under, and one for each code of `JobType.part` that it has."""
    array, _, column = job_type.part.rpartition(".")
    if not column:
        return "VALUES ('', '')"
    name, code = literal(job_type.part), f"left(COALESCE({quote(column)}, ''), {LONGEST_CODE})"
    if not array:
        return f"VALUES ('', ''), ({name}, left(COALESCE(record.{quote(column)}, ''), {LONGEST_CODE}))"
    lines = quote(job_type.lines[array]._meta.db_table)
    return f"VALUES ('', '') UNION ALL SELECT DISTINCT {name}, {code} FROM {lines} WHERE record_id = record.id"  # noqa: S608 - our own names


def own_columns(job_type: JobType) -> list[str]:
    """The columns of `record` that tell where it counts."""
    return [f"record.{quote(name)}" for name in ("id", "dealership_id", job_type.part) if name and "." not in name]


@cache
def count_statement(job_type: JobType, sign: int) -> str:
    """Counts records, by their ids, into the tallies (1) or takes them out again (-1)."""
    measured = [f"{amount_of(job_type, name)} AS amount{place}" for place, name in enumerate(job_type.measured)]
    amounts = [f"{sign} * COALESCE(sum(amount{place}), 0)" for place in range(len(measured))]
    counted = [f"{sign} * count(amount{place})" for place in range(len(measured))]
    return f"""
        INSERT INTO {TALLY} AS tally (dealership_id, job_type, "column", day, code, records, amounts, counted)
        SELECT dealership_id, {literal(job_type.code)}, part."column", day, part.code, {sign} * count(*),
               ARRAY[{", ".join(amounts)}]::numeric[], ARRAY[{", ".join(counted)}]::bigint[]
        FROM (
            SELECT {", ".join([*own_columns(job_type), f"{day_of(job_type)} AS day", *measured])}
            FROM {quote(job_type.record._meta.db_table)} AS record WHERE record.id = ANY (%s) OFFSET 0
        ) AS record, LATERAL ({parts_of(job_type)}) AS part("column", code)
        GROUP BY dealership_id, part."column", day, part.code
        ON CONFLICT (dealership_id, job_type, "column", day, code) DO UPDATE SET
            records = tally.records + excluded.records,
            amounts = ARRAY(SELECT old + new FROM unnest(tally.amounts, excluded.amounts) AS sums(old, new)),
            counted = ARRAY(SELECT old + new FROM unnest(tally.counted, excluded.counted) AS sums(old, new))
    """  # noqa: S608 - made of the models' own names


@cache
def hold_statement(job_type: JobType) -> str:
    """Notes that records were stored: takes the ids of those that are new, then the ids of all."""
    return f"""
        INSERT INTO {HOLDING} AS holding (dealership_id, job_type, records, changes, stored_at)
        SELECT dealership_id, {literal(job_type.code)}, count(*) FILTER (WHERE id IN (SELECT unnest(%s::bigint[]))),
               1, now()
        FROM {quote(job_type.record._meta.db_table)} WHERE id = ANY (%s) GROUP BY dealership_id
        ON CONFLICT (dealership_id, job_type) DO UPDATE SET
            records = holding.records + excluded.records, changes = holding.changes + 1, stored_at = now()
    """  # noqa: S608 - made of the models' own names


def add(job_type: JobType, record_ids: Sequence[int]) -> None:
    """Count records that were not counted before, with their lines."""
    with connection.cursor() as cursor:
        cursor.execute(count_statement(job_type, 1), [list(record_ids)])
        cursor.execute(hold_statement(job_type), [list(record_ids)] * 2)


def rebuild(job_type: JobType, dealership_id: int) -> None:
    """Count a dealership's records of a job type from the beginning: after its declaration has changed."""
    with transaction.atomic():
        own = {"dealership_id": dealership_id, "job_type": job_type.code}
        Tally.objects.filter(**own).delete()
        Holding.objects.filter(**own).update(records=0)
        records = quote(job_type.record._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT array_agg(id) FROM {records} WHERE dealership_id = %s", [dealership_id])  # noqa: S608
            ((ids,),) = cursor.fetchall()
        if ids:
            add(job_type, ids)
