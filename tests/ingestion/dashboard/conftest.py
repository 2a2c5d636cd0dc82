"""The dashboard on a morning in Jakarta: 21 November 2026, 09:00 there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from dealers.models import Dealership, User
from ingestion import tallies
from ingestion.dashboard.places import Asked
from ingestion.dashboard.shown import Shown, Tile
from ingestion.dashboard.widgets import WIDGETS
from ingestion.job_types import JOB_TYPES
from tests.factories import FeedFactory, record_of

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    cache.clear()


@pytest.fixture
def morning() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def looks() -> Callable[..., Shown]:
    """What a widget shows somebody."""

    def look(name: str, user: User, dealership: Dealership | None = None, now: datetime = NOW) -> Shown:
        asked = Asked(User.objects.get(pk=user.pk), dealership.pk if dealership else None, now)
        return WIDGETS[name].query(asked)

    return look


@pytest.fixture
def made(dealership_a: Dealership) -> Callable[..., Any]:
    """A record of dealership A, or of another one; `line` sets columns of its lines."""

    def make(
        code: str, *, dealership: Dealership | None = None, line: dict[str, Any] | None = None, **columns: Any
    ) -> Any:
        job = JOB_TYPES[code]
        found = record_of(job, dealership or dealership_a, lines=1 if line else 0, **columns)
        for model in job.lines.values():
            known = {name: value for name, value in (line or {}).items() if hasattr(model, name)}
            if known:
                model.objects.filter(record=found).update(**known)
                tallies.rebuild(job, found.dealership_id)
        return found

    return make


@pytest.fixture
def browser(client: Client, alice: User, dealership_a: Dealership) -> Client:
    """Alice's, whose dealership has a feed."""
    FeedFactory(dealership=dealership_a)
    client.force_login(alice)
    return client


def words(shown: Shown) -> dict[str, str]:
    """Each figure by its label."""
    return {str(tile.label): tile.words for tile in shown.tiles}


def tile(shown: Shown, label: str) -> Tile:
    return next(each for each in shown.tiles if each.label == label)


def values(shown: Shown, chart: int = 0) -> dict[str, Any]:
    """A chart's points that are not 0."""
    return {point.label: point.value for point in shown.charts[chart].points if point.value}
