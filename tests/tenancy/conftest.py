"""The world that every test of the isolation looks at."""

from __future__ import annotations

from typing import Any

import pytest

from tests.tenancy.world import World, build


@pytest.fixture
def world(transactional_db: None) -> World:
    return build()


@pytest.fixture
def tally(record_property: Any) -> Any:
    """Tells the suite how many surfaces a test has looked at, and where another dealership's words were found."""

    def told(surfaces: int, leaks: list[str]) -> None:
        record_property("surfaces", surfaces)
        record_property("leaks", len(leaks))
        assert not leaks, "\n".join(leaks[:50])

    return told
