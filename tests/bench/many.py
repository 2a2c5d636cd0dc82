"""Whether a run slows down when ten million records are there: the same jobs before and after.

They are made by the database itself, as copies of one work order that came the usual way, with its lines and its
version, under natural keys of their own.
"""

from __future__ import annotations

from django.db.models import Model

from ingestion.job_types import JOB_TYPES
from tests.bench.dealerships import enrol
from tests.bench.frame import Session, Table, medians
from tests.bench.jobs import CONTROLS, PER_JOB, WANTED, Jobs

DEALERSHIPS = 1_000
WANTED_RATIO = 1.3
JOB = JOB_TYPES["pkb"]
HISTORY = JOB.record.history.model


def measure(session: Session) -> Table:
    session.empty()
    enrol(DEALERSHIPS)
    jobs = Jobs()
    jobs.round()
    session.calm()
    before = medians([jobs.round() for _ in range(session.options.rounds)])
    multiply(session, session.options.stored // DEALERSHIPS)
    session.calm()
    jobs.round()
    after = medians([jobs.round() for _ in range(session.options.rounds)])
    table = Table(
        f"jobs of {PER_JOB} work orders beside {session.options.stored:,} that are stored",
        ["job", "ms before", "ms after", "ratio", "wanted"],
    )
    for name in (*WANTED, *CONTROLS):
        words, wanted = (f"all {name}", f"≤ {WANTED_RATIO} ×") if name in WANTED else (CONTROLS[name], "")
        table.add(words, f"{before[name]:.2f}", f"{after[name]:.2f}", f"{after[name] / before[name]:.2f} ×", wanted)
    return table


def multiply(session: Session, copies: int, **columns: str) -> None:
    """So many copies of a record for each dealership, a version of each, and their lines.

    `columns` are expressions of a copy's `number`.
    """
    pattern = JOB.record.objects.order_by("pk")[0].pk
    own = {"id": "copy.id", "dealership_id": "copy.dealership_id", JOB.key: "copy.key"}
    both = {**own, **columns}
    lines = {"id": None, "record_id": "copy.id", "dealership_id": "copy.dealership_id"}
    session.as_superuser(
        f"""
        CREATE TEMPORARY TABLE copy AS
        SELECT nextval(pg_get_serial_sequence('{JOB.record._meta.db_table}', 'id')) AS id, number,
               dealership.id AS dealership_id, 'COPY/' || to_char(number, 'FM000000') AS key
        FROM (SELECT id FROM dealers_dealership ORDER BY id) AS dealership, generate_series(1, {copies}) AS number
        """,
        insert(JOB.record, f"id = {pattern}", both),
        insert(HISTORY, f"id = {pattern}", {"history_id": None, **own}),
        *(insert(model, f"record_id = {pattern}", lines) for model in JOB.lines.values()),
    )


def insert(model: type[Model], pattern: str, columns: dict[str, str | None]) -> str:
    """For each copy the rows that match `pattern` again, some columns as given or (None) as the table fills them."""
    table = model._meta.db_table
    values = {field.column: f"pattern.{field.column}" for field in model._meta.concrete_fields} | columns
    filled = {name: value for name, value in values.items() if value}
    rows = f"SELECT {', '.join(filled.values())} FROM copy, {table} AS pattern WHERE pattern.{pattern}"
    return f"INSERT INTO {table} ({', '.join(filled)}) {rows}"
