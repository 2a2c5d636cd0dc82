"""The world itself: it must be complete, or the other tests prove nothing."""

from __future__ import annotations

import pytest

from dealers.fences import owner_column
from tests.tenancy.world import (
    CANARY,
    SAID,
    SHORT,
    World,
    fenced_models,
    personal_models,
    takes_canary,
    text_columns,
)

pytestmark = pytest.mark.django_db(transaction=True)


def test_both_dealerships_have_rows_of_every_fenced_model(world: World) -> None:
    for house in (world.own, world.other):
        assert set(house.rows) == {model._meta.label_lower for model in (*fenced_models(), *personal_models())}


def test_every_text_column_of_the_other_dealership_holds_the_canary(world: World) -> None:
    told_apart = set()
    for model in fenced_models():
        rows = model._default_manager.filter(**{owner_column(model): world.other.dealership.pk})
        for column in text_columns(model):
            if takes_canary(column):
                assert all(CANARY in str(value) for value in rows.values_list(column.name, flat=True)), column
            elif not column.choices:
                told_apart.add(column.name)
    assert told_apart <= SAID | SHORT


def test_no_text_column_of_our_own_holds_it(world: World) -> None:
    for model in fenced_models():
        for row in model._default_manager.filter(**{owner_column(model): world.own.dealership.pk}).values():
            assert CANARY not in str(row), model
