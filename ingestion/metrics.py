"""What Prometheus reads at /metrics: taken from PostgreSQL at every scrape, so the same whichever process answers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from django.db.models import (
    Aggregate,
    Count,
    DurationField,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    Max,
    Min,
    QuerySet,
)
from django.db.models.functions import Now
from django.utils import timezone
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from ingestion import freshness
from ingestion.job_types import JOB_TYPES
from ingestion.models import Alert, Connection, Feed, QuarantinedRecord, Run

RECENT = timedelta(hours=1)
"""Runs that ended within it are counted."""


class Seconds(Func):
    """A duration as seconds."""

    template = "EXTRACT(EPOCH FROM %(expressions)s)::float8"
    output_field = FloatField()


class Percentile(Aggregate):
    """The value that so large a part of the rows does not exceed."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(%(part)s) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, expression: Any, part: float) -> None:
        super().__init__(expression, part=part)


def gauge(name: str, words: str, labels: Iterable[str], samples: Iterable[tuple[Any, ...]]) -> GaugeMetricFamily:
    """A family of samples, each its labels' values and then the value."""
    family = GaugeMetricFamily(f"forecourt_{name}", words, labels=list(labels))
    for *values, value in samples:
        family.add_metric([str(each) for each in values], value)
    return family


def spread(rows: Iterable[Any], *stats: str) -> Iterator[tuple[Any, ...]]:
    """A sample for each job type and each of `stats`."""
    for row in rows:
        for stat in stats:
            if row[stat] is not None:
                yield row["job_type"], stat, row[stat]


def recent_runs() -> QuerySet[Run]:
    return Run.objects.filter(finished_at__gt=Now() - RECENT).order_by()


def runs() -> Iterator[GaugeMetricFamily]:
    counted = recent_runs().values_list("job_type", "state").annotate(Count("pk"))
    found = {(job_type, state): count for job_type, state, count in counted}
    ended = [state for state in Run.State.values if state not in Run.UNFINISHED]
    samples = [(job, state, found.get((job, state), 0)) for job in JOB_TYPES for state in ended]
    yield gauge("runs", "Runs that ended in the last hour.", ("job_type", "state"), samples)
    spent = Seconds(ExpressionWrapper(F("finished_at") - F("started_at"), DurationField()))
    timed = recent_runs().filter(started_at__isnull=False).annotate(spent=spent).values("job_type")
    rows = timed.annotate(p50=Percentile("spent", 0.5), p95=Percentile("spent", 0.95), max=Max("spent"))
    words = "How long the runs took that ended in the last hour."
    yield gauge("run_seconds", words, ("job_type", "stat"), spread(rows, "p50", "p95", "max"))


def feeds() -> Iterator[GaugeMetricFamily]:
    judged = Feed.objects.with_freshness().order_by()
    found = dict(judged.values_list("freshness").annotate(Count("pk")))
    samples = [(state, found.get(state, 0)) for state in Feed.State.values]
    yield gauge("feeds", "Feeds by freshness.", ("state",), samples)
    lagging = judged.exclude(freshness=Feed.State.OFF).annotate(seconds=Seconds(F("lag"))).values("job_type")
    rows = lagging.annotate(p95=Percentile("seconds", 0.95), max=Max("seconds"))
    words = "How far feeds are behind, those switched off left out."
    yield gauge("lag_seconds", words, ("job_type", "stat"), spread(rows, "p95", "max"))


def quarantine() -> Iterator[GaugeMetricFamily]:
    found = dict(QuarantinedRecord.objects.waiting().order_by().values_list("job_type").annotate(Count("pk")))
    samples = [(job, found.get(job, 0)) for job in JOB_TYPES]
    yield gauge("quarantine_waiting", "Records that wait in quarantine.", ("job_type",), samples)


def gates() -> Iterator[GaugeMetricFamily]:
    """Of active connections. A gate's calls are of its own day; on a later one, none are used."""
    now = timezone.now()
    found = list(Connection.objects.filter(is_active=True).select_related("gate"))
    by_code = {each.main_dealer: (each, getattr(each, "gate", None)) for each in found}
    breakers = [(code, int(bool(gate and gate.is_open))) for code, (_, gate) in by_code.items()]
    yield gauge("breaker_open", "1 while a connection is left alone.", ("main_dealer",), breakers)
    used = [
        (code, gate.calls if gate and gate.day == now.astimezone(each.zone).date() else 0)
        for code, (each, gate) in by_code.items()
    ]
    yield gauge("quota_used", "Requests made today, on the main dealer's clock.", ("main_dealer",), used)
    limits = [(code, each.calls_per_day) for code, (each, _) in by_code.items() if each.calls_per_day is not None]
    yield gauge("quota_limit", "Requests that a main dealer grants a day.", ("main_dealer",), limits)


def queues() -> Iterator[GaugeMetricFamily]:
    oldest = Seconds(Now() - Min("queued_at"))
    found = {lane: Run.objects.waiting(lane).order_by().aggregate(n=Count("pk"), age=oldest) for lane in Run.LANES}
    yield gauge("runs_queued", "Runs that wait.", ("lane",), ((lane, row["n"]) for lane, row in found.items()))
    ages = ((lane, row["age"] or 0) for lane, row in found.items())
    yield gauge("queue_age_seconds", "How long the oldest of them has waited.", ("lane",), ages)


def alerts() -> Iterator[GaugeMetricFamily]:
    found = dict(Alert.objects.unresolved().order_by().values_list("state").annotate(Count("pk")))
    samples = [(state, found.get(state, 0)) for state in freshness.BAD]
    yield gauge("alerts_open", "Alerts that are not resolved.", ("state",), samples)


class Forecourt(Collector):
    """Everything above, and how long it took to gather."""

    def collect(self) -> Iterator[GaugeMetricFamily]:
        began = time.monotonic()
        for group in (runs, feeds, quarantine, gates, queues, alerts):
            yield from group()
        yield gauge("scrape_seconds", "How long this page took.", (), [(time.monotonic() - began,)])


REGISTRY = CollectorRegistry()
REGISTRY.register(Forecourt())
