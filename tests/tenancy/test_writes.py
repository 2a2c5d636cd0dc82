"""Every route with every method that changes something: nobody changes what is not theirs to change."""

from __future__ import annotations

from typing import Any

import pytest

from dealers.models import Event
from tests.tenancy.asking import Visitor, mails
from tests.tenancy.surfaces import Kind, Surface, id_of, surfaces
from tests.tenancy.world import House, World, contents

pytestmark = pytest.mark.django_db(transaction=True)

UNSAFE = ("POST", "PUT", "PATCH", "DELETE")
DONE = {200, 201, 202, 204}
ENDS_THE_SESSION = ("admin:logout",)


def asked_to_change(visitor: Visitor, surface: Surface, pk: Any) -> list[tuple[str, Any]]:
    """An API's route with an empty object, a page with the word by which the admin knows that it is meant.

    A page of the admin answers PUT, PATCH and DELETE as it answers GET.
    """
    json = {"data": "{}", "content_type": "application/json"}
    form = {"data": "post=yes", "content_type": "application/x-www-form-urlencoded"}
    methods = UNSAFE if surface.is_api else UNSAFE[:1]
    return [(method, visitor.of(method, surface, pk, **(json if surface.is_api else form))) for method in methods]


THEIR_WORK = {"technician": {"inventory_preparationstep", "inventory_historicalpreparationstep"}}
"""Tables that a role changes where they work, by the table of permissions."""


def changes(visitor: Visitor, who: str, house: House, kept: tuple[House, ...]) -> tuple[int, list[str]]:
    """Ask every route to change `house`; what was shown, and what is changed of `kept` that is not their work there."""
    asked, leaks = 0, []
    before = [contents(each.dealership, without=(Event,)) for each in kept]
    for surface in surfaces():
        if surface.name in ENDS_THE_SESSION or surface.kind is Kind.OPEN:
            continue
        for method, answer in asked_to_change(visitor, surface, id_of(surface, house)):
            asked += 1
            if answer.shows():
                leaks.append(f"{who} {method} {surface}: {answer.status} shows {answer.shows()}")
            if answer.status >= 500 or (surface.is_api and answer.status in DONE):
                leaks.append(f"{who} {method} {surface}: {answer.status}")
    for each, old in zip(kept, before, strict=True):
        new = contents(each.dealership, without=(Event,))
        work = THEIR_WORK.get(who, set()) if each is house else set()
        leaks += [f"{who}: {table} is changed" for table in old.keys() - work if old[table] != new[table]]
    return asked, leaks + mails()


@pytest.mark.parametrize("who", ["owner", "former"])
def test_nobody_changes_another_dealership(world: World, tally: Any, who: str) -> None:
    """Nor is an event written there."""
    user = world.own.people["owner"] if who == "owner" else world.former
    events = Event.objects.filter(dealership=world.other.dealership)
    before = events.count()
    asked, leaks = changes(Visitor(user), who, world.other, (world.other,))
    assert events.count() == before
    tally(asked, leaks)


@pytest.mark.parametrize("who", ["technician", "stranger", "anonymous"])
def test_who_may_not_changes_nothing_at_all(world: World, tally: Any, who: str) -> None:
    user = {"technician": world.own.people["technician"], "stranger": world.stranger, "anonymous": None}[who]
    tally(*changes(Visitor(user), who, world.own, (world.own, world.other)))
