"""Every route, read by everybody: no answer has another dealership's words, and its rows are as if there were none."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from tests.tenancy.asking import NO_SUCH_ID, Visitor
from tests.tenancy.surfaces import Kind, Surface, id_of, surfaces
from tests.tenancy.world import House, World, contents

pytestmark = pytest.mark.django_db(transaction=True)

NO_SUCH_UUID = UUID("00000000-0000-4000-8000-00000000dead")
REFUSED = {301, 302, 401, 403, 404, 405}
SHOWN_TO_ITS_OWN = ("-list", "-detail", "_changelist", "y_change", "d_change", "r_change", "home", "auth-me", "exports")
OF_ONESELF = ("admin:auth_user_password_change",)
"""Routes that must show the other dealership's words to its own people, or they would prove nothing."""


def visitors(world: World) -> dict[str, Visitor]:
    own = world.own.people
    return {
        "owner": Visitor(own["owner"]),
        "technician": Visitor(own["technician"]),
        "former": Visitor(world.former),
        "stranger": Visitor(world.stranger),
        "anonymous": Visitor(None),
    }


def in_every_way(visitor: Visitor, surface: Surface, pk: Any, *methods: str) -> list[Any]:
    """What each method answers, and of the API what its browsable pages do."""
    answers = [visitor.of(method, surface, pk) for method in methods]
    if surface.is_api and len(methods) > 1:
        answers.append(visitor.ask("GET", surface.at(pk), headers={"Accept": "text/html"}))
    return answers


def looked_at(visitor: Visitor, asked_for: list[Surface], house: House, *methods: str) -> tuple[int, list[str]]:
    """How many answers there were, and which of them showed something or failed."""
    asked, leaks = 0, []
    for surface in asked_for:
        if surface.name == "admin:logout":
            continue  # only by POST
        for answer in in_every_way(visitor, surface, id_of(surface, house), *methods):
            asked += 1
            if answer.shows() or answer.status >= 500:
                leaks.append(f"{surface}: {answer.status} shows {answer.shows()}")
    return asked, leaks


@pytest.mark.parametrize("who", ["owner", "technician", "former", "stranger", "anonymous"])
def test_nobody_reads_another_dealerships_words(world: World, tally: Any, who: str) -> None:
    methods = ("GET", "HEAD", "OPTIONS") if who in {"owner", "anonymous"} else ("GET",)
    houses = (world.own.dealership, world.other.dealership)
    before = [contents(each) for each in houses]
    asked, leaks = looked_at(visitors(world)[who], surfaces(), world.other, *methods)
    assert [contents(each) for each in houses] == before, "who only reads changes nothing"
    tally(asked, leaks)


@pytest.mark.parametrize("who", ["owner", "technician"])
def test_nothing_of_another_dealership_stands_beside_the_own(world: World, tally: Any, who: str) -> None:
    one = [each for each in surfaces() if each.of_one]
    tally(*looked_at(visitors(world)[who], one, world.own, "GET"))


@pytest.mark.parametrize("who", ["owner", "technician", "former", "stranger", "anonymous"])
def test_a_row_of_another_dealership_is_as_if_it_were_not_there(world: World, tally: Any, who: str) -> None:
    visitor, asked, leaks = visitors(world)[who], 0, []
    for surface in (each for each in surfaces() if each.of_one and each.kind in {Kind.ROWS, Kind.OWN}):
        pk = id_of(surface, world.other)
        nobodys = NO_SUCH_UUID if isinstance(pk, UUID) else NO_SUCH_ID
        found, missing = visitor.of("GET", surface, pk), visitor.of("GET", surface, nobodys)
        asked += 1
        if found.status not in REFUSED or found.alike(pk, nobodys) != missing.alike(pk, nobodys):
            leaks.append(f"{who} {surface}: {found.alike(pk)[:2]} and not {missing.alike(nobodys)[:2]}")
    tally(asked, leaks)


def test_what_is_for_the_platform_is_refused_to_everybody_else(world: World, tally: Any) -> None:
    asked, leaks = 0, []
    for who, visitor in visitors(world).items():
        for surface in (each for each in surfaces() if each.kind is Kind.PLATFORM):
            asked += 1
            answer = visitor.of("GET", surface, id_of(surface, world.own))
            if answer.status not in REFUSED:
                leaks.append(f"{who} {surface}: {answer.status}")
    tally(asked, leaks)


def test_who_is_not_signed_in_is_answered_nothing(world: World, tally: Any) -> None:
    asked, leaks, visitor = 0, [], Visitor(None)
    for surface in (each for each in surfaces() if each.kind is not Kind.OPEN):
        asked += 1
        answer = visitor.of("GET", surface, id_of(surface, world.own))
        if answer.status not in REFUSED:
            leaks.append(f"{surface}: {answer.status}")
    tally(asked, leaks)


def test_the_canary_is_found_by_those_it_belongs_to(world: World) -> None:
    """Else nothing above would prove anything."""
    neighbour = Visitor(world.other.people["owner"])
    silent = []
    for surface in surfaces():
        shown = surface.kind in {Kind.ROWS, Kind.OWN} and surface.name.endswith(SHOWN_TO_ITS_OWN)
        if not shown or surface.name in OF_ONESELF:
            continue
        answer = neighbour.of("GET", surface, id_of(surface, world.other))
        if answer.status != 200 or not answer.shows():
            silent.append(f"{surface}: {answer.status}")
    assert silent == []
