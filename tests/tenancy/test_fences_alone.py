"""Each of the two fences holds by itself: policies without the ORM's filters, and the filters without policies."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from dealers.models import DealershipQuerySet, DealershipRows
from dealers.models.export import OwnRows
from dealers.models.saved_view import SavedViewQuerySet
from tests.conftest import owner_conninfo
from tests.tenancy.asking import Visitor
from tests.tenancy.surfaces import Kind, Surface, id_of, surfaces
from tests.tenancy.world import World, fenced_models, personal_models

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def without_policies(world: World) -> Iterator[None]:
    """Row-level security switched off for every table."""
    switch_policies("DISABLE")
    yield
    switch_policies("ENABLE")


def switch_policies(word: str) -> None:
    with psycopg.connect(owner_conninfo()) as owner:
        for model in (*fenced_models(), *personal_models()):
            owner.execute(f"ALTER TABLE {model._meta.db_table} {word} ROW LEVEL SECURITY")


@pytest.fixture
def without_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks for what is visible gets what there is."""
    for queryset in (DealershipRows, DealershipQuerySet):
        monkeypatch.setattr(queryset, "visible_to", lambda self, user, permission="": self)
    for own in (OwnRows, SavedViewQuerySet):
        monkeypatch.setattr(own, "of", lambda self, user, resource="": self)


def pages(world: World) -> list[tuple[Surface, Any]]:
    """Every route about rows, of our own and of the other dealership."""
    kinds = {Kind.ROWS, Kind.OWN, Kind.SELF}
    found = [each for each in surfaces() if each.kind in kinds and each.name != "admin:logout"]
    other = [(each, id_of(each, world.other)) for each in found]
    own = [(each, id_of(each, world.own)) for each in found if each.of_one and not each.name.endswith("None")]
    return other + own


def found_by(visitor: Visitor, world: World, enough: int | None = None) -> tuple[int, list[str]]:
    """How many pages were asked for, and which of them showed something or failed: all, or the first `enough`."""
    asked, leaks = 0, []
    for surface, pk in pages(world):
        if len(leaks) == enough:
            break
        asked += 1
        answer = visitor.of("GET", surface, pk)
        if answer.shows() or answer.status >= 500:
            leaks.append(f"{surface} of {pk}: {answer.status} shows {answer.shows()}")
    return asked, leaks


def test_the_filters_hold_without_the_policies(world: World, without_policies: None, tally: Any) -> None:
    tally(*found_by(Visitor(world.own.people["owner"]), world))


def test_the_policies_hold_without_the_filters(world: World, without_filters: None, tally: Any) -> None:
    tally(*found_by(Visitor(world.own.people["owner"]), world))


def test_with_neither_the_words_are_found(world: World, without_policies: None, without_filters: None) -> None:
    """Else the two tests above would prove nothing."""
    _, leaks = found_by(Visitor(world.own.people["owner"]), world, enough=51)
    assert len(leaks) == 51
