"""The world that every test of the isolation looks at."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests import tables
from tests.tenancy.world import World, build

Built = list[tuple[World, tables.Rows]]
"""The first world of this process and its rows, once there is one."""


@pytest.fixture(scope="session")
def built() -> Built:
    """Of the world as it is built."""
    return []


@pytest.fixture
def world(transactional_db: None, built: Built) -> World:
    """The world, committed."""
    return made_once(built, build)


def made_once(built: Built, make: Callable[[], World]) -> World:
    """What `make` commits at first, and from then on the same rows again."""
    if not built:
        first = make()
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
