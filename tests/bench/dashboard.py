"""The dashboard's widgets beside a million work orders of twenty dealerships, for one of them and for the platform."""

from __future__ import annotations

import time
from collections.abc import Iterator
from statistics import median, quantiles

from django.core.cache import cache
from django.test import Client

from dealers.models import Dealership, Membership, User
from dealers.tenancy import nobody
from ingestion.dashboard.widgets import WIDGETS
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Holding, Tally
from tests.bench.dealerships import enrol
from tests.bench.frame import Session, Table
from tests.bench.many import insert
from tests.dealers.browsers import with_app
from tests.factories import record_of

DEALERSHIPS, WARM, COLD = 20, 40, 10
WANTED_WARM, WANTED_COLD = 400, 1500
"""Milliseconds at the 95th percentile, with the figures remembered and without."""
YEARS = 730
"""Days over which the records are spread, up to today."""
DAY = f"(current_date - copy.number % {YEARS})"
MOMENT = f"(now() - make_interval(days => copy.number % {YEARS}))"
EACH = {
    "pkb": (50_000, {"waktu_pkb": MOMENT, "waktu_selesai": MOMENT, "tanggal_servis": DAY}),
    "inv2_read": (15_000, {"tanggal_njb": MOMENT, "tanggal_nsc": MOMENT}),
    "prsl_read": (5_000, {"tgl_so": DAY}),
    "mdinvh1_read": (5_000, {"tanggal_invoice": DAY, "tanggal_jatuh_tempo": f"({DAY} + 30)"}),
    "mdinvh3_read": (15_000, {"tgl_invoice": DAY, "tgl_jatuh_tempo": f"({DAY} + 30)"}),
    "prospect": (5_000, {"tanggal_prospect": DAY}),
    "uinb_read": (2_000, {"tanggal_terima": DAY}),
    "bast_read": (5_000, {"tanggal_pengiriman": DAY}),
    "doch_read": (10_000, {}),
    "inv1_read": (5_000, {"created_time": MOMENT}),
    "dphlo_read": (5_000, {"tanggal_pemesanan_hlo": DAY, "id_hlo_document": "'HLO/' || copy.number"}),
    "unpaidhlo_read": (2_000, {"tanggal_pemesanan_hlo": DAY}),
}
"""Records of each dealership by job type, and when they happened."""
LINES = {
    "doch_read": {
        "tanggal_penerimaan_bpkb_dari_biro": DAY,
        "tanggal_penerimaan_stnk_dari_biro": DAY,
        "tanggal_terima_bpkb_oleh_konsumen": f"CASE WHEN copy.number % 50 > 0 THEN {DAY} + 5 END",
        "tanggal_terima_stnk_oleh_konsumen": f"CASE WHEN copy.number % 70 > 0 THEN {DAY} + 5 END",
    },
    "prsl_read": {"booking_id_reference": "CASE WHEN copy.number % 4 > 0 THEN 'HLO/' || copy.number END"},
}
TALLIED = {"prsl_read", "mdinvh1_read", "mdinvh3_read", "prospect", "uinb_read", "bast_read", "inv1_read"}


def measure(session: Session) -> Table:
    session.empty()
    enrol(DEALERSHIPS)
    for code in EACH:
        fill(session, JOB_TYPES[code])
    session.calm()
    records = sum(count for count, _columns in EACH.values()) * DEALERSHIPS
    table = Table(
        f"dashboard, {records:,} records of {DEALERSHIPS} dealerships, a million of them work orders; p50 / p95 in ms",
        ["widget", "one, cold", "one, warm", "all, cold", "all, warm"],
    )
    people = [signed_in(False), signed_in(True)]
    ask(people[0], "/")
    addresses = {"the page itself": "/"} | {each.name: each.address for each in WIDGETS.values()}
    for name, address in addresses.items():
        cells = [cell for client in people for cell in (timed(client, address, True), timed(client, address, False))]
        table.add(name, *(f"{middle:.0f} / {most:.0f}" for middle, most in cells))
    table.notes.append(
        f"wanted: ≤ {WANTED_COLD} cold (nothing remembered), ≤ {WANTED_WARM} warm, at the 95th percentile"
    )
    return table


def fill(session: Session, job: JobType) -> None:
    """So many copies of a record in each dealership, spread over two years, with their lines and tallies."""
    count, columns = EACH[job.code]
    pattern = record_of(job, Dealership.objects.order_by("pk")[0], lines=1).pk
    own = {"id": "copy.id", "dealership_id": "copy.dealership_id", job.key: "copy.key", **columns}
    lines = {"id": None, "record_id": "copy.id", "dealership_id": "copy.dealership_id", **LINES.get(job.code, {})}
    table = job.record._meta.db_table
    session.as_superuser(
        f"""
        CREATE TEMPORARY TABLE copy AS
        SELECT nextval(pg_get_serial_sequence('{table}', 'id')) AS id, number,
               dealership.id AS dealership_id, 'COPY/' || to_char(number, 'FM000000') AS key
        FROM generate_series(1, {count}) AS number, (SELECT id FROM dealers_dealership) AS dealership
        """,
        insert(job.record, f"id = {pattern}", own),
        *(insert(model, f"record_id = {pattern}", lines) for model in job.lines.values() if job.code != "pkb"),
    )
    if job.code in TALLIED:
        session.as_superuser(*tally_statements(job))


def tally_statements(job: JobType) -> Iterator[str]:
    """What the store would have counted of the copies, all of which have the same codes and amounts."""
    day = "created_time::date" if job.day == "created_time" else job.day
    amounts = ", ".join("1000 * count(*)" for _name in job.measured)
    counted = ", ".join("count(*)" for _name in job.measured)
    for column in ("", *job.parts):
        yield f"""
            INSERT INTO {Tally._meta.db_table} (dealership_id, job_type, "column", day, code, records, amounts, counted)
            SELECT dealership_id, '{job.code}', '{column}', {day}, '{column and 1}', count(*),
                   ARRAY[{amounts}]::numeric[], ARRAY[{counted}]::bigint[]
            FROM {job.record._meta.db_table} GROUP BY dealership_id, {day}
            ON CONFLICT DO NOTHING
        """
    yield f"""
        INSERT INTO {Holding._meta.db_table} (dealership_id, job_type, records, changes, stored_at)
        SELECT dealership_id, '{job.code}', count(*), 1, now() FROM {job.record._meta.db_table} GROUP BY dealership_id
        ON CONFLICT DO NOTHING
    """


def signed_in(everywhere: bool) -> Client:
    """Somebody of one dealership, or of the platform."""
    user = User.objects.create_user(f"{everywhere}@bench.example", name="somebody", is_superuser=everywhere)
    if not everywhere:
        Membership.objects.create(user=user, dealership=Dealership.objects.order_by("pk")[0], role="owner")
    with_app(user)
    client = Client(headers={"hx-request": "true"})
    client.force_login(user)
    return client


def timed(client: Client, address: str, cold: bool) -> tuple[float, float]:
    times = []
    for _ in range(COLD if cold else WARM):
        if cold:
            cache.clear()
        started = time.perf_counter()
        ask(client, address)
        times.append(1000 * (time.perf_counter() - started))
    return median(times), quantiles(times, n=20)[-1]


def ask(client: Client, address: str) -> None:
    with nobody():
        answer = client.get(address)
    if answer.status_code != 200 or b"widget-failed" in answer.content:
        raise RuntimeError(f"{address}: {answer.status_code} {answer.content!r}")
