"""Lists and searches of the API and of the staff's pages, beside a million work orders of twenty."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator

from django.core.cache import cache
from django.db import connection
from django.test import Client
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from dealers.models import Dealership, Membership, User
from dealers.tenancy import acting_for, nobody, platform
from ingestion import search
from ingestion.job_types import JOB_TYPES
from ingestion.models import SearchText, Tally
from tests.bench.dashboard import DAY, MOMENT
from tests.bench.dealerships import enrol
from tests.bench.frame import Session, Table
from tests.bench.jobs import Jobs
from tests.bench.many import multiply
from tests.dealers.browsers import with_app

DEALERSHIPS, RECORDS, REQUESTS = 20, 1_000_000, 60
STATUS = "(copy.number % 5 + 1)::text"
PAGES = {
    "list, newest first": ("/api/v1/dgi/pkb/", 50),
    "a later page": ("/api/v1/dgi/pkb/?ordering=id", 50),
    "search, one record": ("/api/v1/dgi/pkb/?search=COPY/040000", 100),
    "search, everything": ("/api/v1/dgi/pkb/?search=COPY", 100),
    "search, nothing": ("/api/v1/dgi/pkb/?search=nowhere-at-all", 100),
    "runs": ("/api/v1/dgi/runs/", 50),
    "freshness": ("/api/v1/dgi/freshness/", 50),
}
"""Addresses of the API, and the milliseconds wanted at the 95th percentile."""
STAFF_PAGES = {
    "records": ("/records/pkb/", 150),
    "records, a later page": ("/records/pkb/?ordering=id", 150),
    "records by a code": ("/records/pkb/?status_work_order=4", 150),
    "records, search one": ("/records/pkb/?search=COPY/040000", 300),
    "records, search everything": ("/records/pkb/?search=COPY", 300),
    "records, search nothing": ("/records/pkb/?search=nowhere-at-all", 300),
    "figures and charts, remembered by none": ("/records/pkb/summary/", 400),
    "figures of a code": ("/records/pkb/summary/?status_work_order=4", 400),
}
"""Addresses of the pages that staff see, likewise."""


def measure(session: Session) -> Table:
    session.empty()
    enrol(DEALERSHIPS)
    Jobs(DEALERSHIPS).round()
    multiply(session, RECORDS // DEALERSHIPS, tanggal_servis=DAY, waktu_pkb=MOMENT, status_work_order=STATUS)
    session.as_superuser(*tallied())
    make_searchable(session)
    session.calm()
    client = somebody()
    everywhere, staff = Client(), Client()
    platform_staff = User.objects.create_superuser("everywhere@bench.example", name="everywhere")
    with_app(platform_staff)
    everywhere.force_login(platform_staff)
    staff.force_login(User.objects.get(email="lists@bench.example"))
    table = Table(f"API, {RECORDS:,} work orders of {DEALERSHIPS} dealerships", ["page", "p50 ms", "p95 ms", "wanted"])
    for who, browser, pages in (
        ("API", client, PAGES),
        ("one dealership", staff, STAFF_PAGES),
        ("all", everywhere, STAFF_PAGES),
    ):
        for name, (address, wanted) in pages.items():
            times = timed(lambda: ask(browser, address))  # noqa: B023
            table.add(f"{name} ({who})", f"{times[0]:.1f}", f"{times[1]:.1f}", f"≤ {wanted}")
            sys.stderr.write(f"{name} ({who}): {times[0]:.1f} / {times[1]:.1f}\n")
    with_fence, without = (timed(lambda: look(as_platform)) for as_platform in (False, True))  # noqa: B023
    table.notes.append(
        f"the same query with row-level security and without: {with_fence[0] / without[0]:.2f} × (wanted: ≤ 1.15)"
    )
    return table


def tallied() -> Iterator[str]:
    """What the store would have counted of the copies."""
    job = JOB_TYPES["pkb"]
    for column in ("", job.part):
        yield f"""
            INSERT INTO {Tally._meta.db_table} (dealership_id, job_type, "column", day, code, records, amounts, counted)
            SELECT dealership_id, '{job.code}', '{column}', {job.day}, {column or "''"}, count(*),
                   ARRAY[sum(total_biaya_service)], ARRAY[count(total_biaya_service)]
            FROM {job.record._meta.db_table} GROUP BY dealership_id, {job.day}, 5
            ON CONFLICT DO NOTHING
        """


def make_searchable(session: Session) -> None:
    """The words of all work orders, in the index, a name and a number of each its own."""
    record, words = JOB_TYPES["pkb"].record._meta.db_table, SearchText._meta.db_table
    every = search.write_statement(JOB_TYPES["pkb"]).replace("WHERE id = ANY (%s)", "").replace(", false\n", ", true\n")
    session.as_superuser(
        f"UPDATE {record} SET nama_pemilik = md5(id::text), no_polisi = 'B ' || id WHERE id % 10 = 0",
        "DROP INDEX searchtext_words",  # and made at once: a million entries one by one take minutes
        every,
        f"CREATE INDEX searchtext_words ON {words} USING gin (dealership_id, text gin_trgm_ops) WHERE indexed",
    )


def somebody() -> APIClient:
    user = User.objects.create_user("lists@bench.example", name="somebody")
    Membership.objects.create(user=user, dealership=Dealership.objects.order_by("pk")[0], role="service_manager")
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {RefreshToken.for_user(user).access_token}")
    return client


def ask(client: Client, address: str) -> None:
    cache.clear()
    with nobody():
        answer = client.get(address)
    if answer.status_code != 200:
        raise RuntimeError(f"{address}: {answer.status_code} {answer.content!r}")


def look(as_platform: bool) -> None:
    """A page of one dealership's records, as the dealership or as the platform, whose policy shows everything."""
    dealership = Dealership.objects.order_by("pk").values_list("pk", flat=True)[0]
    rows = JOB_TYPES["pkb"].record.objects.filter(dealership=dealership).order_by("-id")
    with platform("bench") if as_platform else acting_for([dealership]), connection.cursor():
        list(rows[:50])


def timed(work: Callable[[], None]) -> tuple[float, float]:
    """Milliseconds at the median and at the 95th percentile."""
    times = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times), statistics.quantiles(times, n=20)[-1]
