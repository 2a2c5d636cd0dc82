"""The world that every test of the isolation looks at."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests import tables
from tests.tenancy.world import World, build


@pytest.fixture(scope="session")
def built() -> list[tuple[World, tables.Rows]]:
    """The first world of this process and its rows, once there is one."""
    return []


@pytest.fixture
def world(transactional_db: None, built: list[tuple[World, tables.Rows]]) -> World:
    """The world, committed: made once, then the same rows again."""
    if not built:
        first = build()
        built.append((copy.deepcopy(first), tables.kept()))
        return first
    [(made, rows)] = built
    tables.put_back(rows)
    return copy.deepcopy(made)


@pytest.fixture
def tally(record_property: Any) -> Any:
    """Tells the suite how many surfaces a test has looked at, and where another dealership's words were found."""

    def told(surfaces: int, leaks: list[str]) -> None:
        record_property("surfaces", surfaces)
        record_property("leaks", len(leaks))
        assert not leaks, "\n".join(leaks[:50])

    return told
