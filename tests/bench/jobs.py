"""A job: 50 work orders of a dealership from the bytes of an answer to the commit, claimed and stored, without HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone

from dealers.models import Dealership
from ingestion import answer
from ingestion.claims import Claimer
from ingestion.desk import store_window
from ingestion.models import Feed, Run
from ingestion.slots import scheduled
from tests.bench.dealerships import enrol
from tests.bench.frame import Session, Table, medians, seconds
from tests.bench.work_orders import work_order

JOBS = 200
"""In a round, each of another dealership."""
PER_JOB = 50
WANTED = {"unchanged": 4.0, "new": 10.0}
"""Milliseconds at most."""
CONTROLS = {"question": "SELECT 1, the control", "change": "a row changed and committed"}


class Jobs:
    """Jobs of so many dealerships that are enrolled; each round brings work orders that no round before brought."""

    def __init__(self, dealerships: int = JOBS) -> None:
        feeds = Feed.objects.filter(job_type="pkb").select_related("dealership", "connection")
        self.feeds = list(feeds.order_by("?")[:dealerships])
        self.rounds = 0

    def round(self) -> dict[str, float]:
        """Milliseconds of a job with nothing but new records, of the same once more, and of the controls."""
        bodies = [self.body(feed) for feed in self.feeds]
        self.rounds += 1
        new = self.pass_of(bodies)
        return {"new": new, "unchanged": self.pass_of(bodies), **self.controls()}

    def body(self, feed: Feed) -> bytes:
        numbers = range(self.rounds * PER_JOB, (self.rounds + 1) * PER_JOB)
        data = [{**work_order(number), "dealerId": feed.dealership.code} for number in numbers]
        return json.dumps({"status": 1, "message": None, "data": data}).encode()

    def pass_of(self, bodies: list[bytes]) -> float:
        Run.objects.bulk_create([scheduled(feed, timezone.now()) for feed in self.feeds])
        found = {feed.pk: body for feed, body in zip(self.feeds, bodies, strict=True)}
        return self.mean(lambda: carry_out(found))

    def controls(self) -> dict[str, float]:
        return {
            "question": self.mean(lambda: [ask() for _ in self.feeds]),
            "change": self.mean(lambda: [change(feed.dealership) for feed in self.feeds]),
        }

    def mean(self, work: Callable[[], object]) -> float:
        return 1000 * seconds(work) / len(self.feeds)


def carry_out(bodies: dict[int, bytes]) -> None:
    """Claim and store what waits, as a worker does."""
    claimer, left = Claimer("live"), len(bodies)
    while works := claimer.claim():
        for work in works:
            if not store_window(work, answer.records(bodies[work.feed.pk])) or work.run.received != PER_JOB:
                raise RuntimeError(f"run {work.run.pk} was not carried out")
            claimer.done(work)
        left -= len(works)
    if left:
        raise RuntimeError(f"{left} runs were not claimed")


def ask() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def change(dealership: Dealership) -> None:
    with transaction.atomic():
        Dealership.objects.filter(pk=dealership.pk).update(name=dealership.code)


def measure(session: Session) -> Table:
    session.empty()
    enrol(JOBS)
    jobs = Jobs()
    jobs.round()  # plans and caches
    session.calm()
    found = medians([jobs.round() for _ in range(session.options.rounds)])
    table = Table(f"jobs of {PER_JOB} work orders", ["job", "ms", "wanted", "of the control"])
    for name, wanted in WANTED.items():
        table.add(f"all {name}", f"{found[name]:.2f}", f"≤ {wanted:g}", ratio(found, name))
    for name, words in CONTROLS.items():
        table.add(words, f"{found[name]:.2f}", "", ratio(found, name))
    return table


def ratio(found: dict[str, float], name: str) -> str:
    return f"{found[name] / found['question']:.0f} ×"
