"""Versions of records in any order, in any number of answers, with crashes anywhere between: the newest one stays."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion import answer, claims, desk, services
from ingestion.export import exported
from ingestion.fields import wire_name
from ingestion.job_types import JOB_TYPES, JobType
from ingestion.models import Run
from tests.ingestion.crashes import Points
from tests.ingestion.roads import Data, Road, body_of, road_for, sample, spelled, unhurried

pytestmark = pytest.mark.django_db

KEYS, VERSIONS = 3, 4
LONGEST_WAY = 16
"""Points of an answer's way, about: a crash beyond the last one is none."""

Element = tuple[int, int]
"""A record and one of its versions, by number."""
elements = st.tuples(st.integers(0, KEYS - 1), st.integers(0, VERSIONS - 1))
answers = st.lists(elements, min_size=1, max_size=5)
crashes = st.none() | st.integers(1, LONGEST_WAY)
deliveries = st.lists(st.tuples(answers, crashes), min_size=1, max_size=8)


class Crash(Exception):
    """The worker is gone, and its transaction with it."""


def crash() -> None:
    raise Crash


def version_of(job_type: JobType, element: Element) -> Data:
    """The sample's document as it stood at some minute; every version has lines and words of its own."""
    key, version = element
    document = dict(sample(job_type)[0])
    document[spelled(document, job_type.key)] = f"KEY/{key}"
    for name, time in (("created_time", "09:00"), ("modified_time", f"10:{version:02}")):
        there = next((key for key in document if wire_name(key) == wire_name(name)), name)
        document[there] = f"02/03/2026 {time}:00"
    for array in job_type.lines:
        there = spelled(document, array)
        document[there] = document[there] * version
    return {**document, "wordsOfTheVersion": f"version {version}"}


def deliver(road: Road, document: list[Data], crash_at: int | None) -> bool:
    """One answer for whatever run the feed has under way, else a new one; whether its worker lived."""
    take_over()
    run = Run.objects.unfinished().first() or services.open_run(feed=road.feed, by="test")
    work = claims.claim(run.pk)
    assert work is not None
    points = Points(crash_at, crash)
    try:
        with connection.execute_wrapper(points.statement):
            desk.store_window(work, answer.records(body_of(*document)))
    except Crash:
        return False
    return True


def take_over() -> None:
    """Runs whose worker crashed are queued again, or given up after the third."""
    Run.objects.filter(state=Run.State.RUNNING).update(leased_until=timezone.now() - claims.LEASE)
    claims.take_over()


def stored(road: Road) -> list[dict[str, Any]]:
    return list(exported(road.feed.kind, road.model.objects.all()))


@settings(unhurried, max_examples=60)
@given(job_type=st.sampled_from(sorted(JOB_TYPES)), deliveries=deliveries)
def test_whatever_comes_when_and_breaks_where_the_newest_version_stays(
    job_type: str, deliveries: list[tuple[list[Element], int | None]]
) -> None:
    kind = JOB_TYPES[job_type]
    with transaction.atomic():
        road = road_for(kind)
        arrived: set[Element] = set()
        for answered, crash_at in deliveries:
            if deliver(road, [version_of(kind, element) for element in answered], crash_at):
                arrived |= set(answered)
        newest = {key: max(version for of, version in arrived if of == key) for key, _ in arrived}
        found = stored(road)

        for record in road.model.objects.all():
            history = road.model.history.filter(id=record.pk).order_by("history_id")
            assert [version.history_type for version in history] == ["+", *"~" * (len(history) - 1)]
            assert all(older.modified_time < newer.modified_time for older, newer in pairwise(history))
            assert history.last().content_hash == record.content_hash
        for run in Run.objects.all():
            assert road.model.history.filter(run=run).count() == run.created + run.updated
            assert run.received == run.created + run.updated + run.unchanged

        road.model.objects.all().delete()
        if newest:
            assert deliver(road, [version_of(kind, element) for element in newest.items()], None)
        assert stored(road) == found
        transaction.set_rollback(True)  # the next example begins with an empty house
