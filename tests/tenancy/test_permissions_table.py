"""Every row of dealers/permissions.md for every role: who is marked may, who is not is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.test import RequestFactory

from dealers.fences import owner_column
from dealers.models import User
from dealers.permissions import may, roles_of, table, to_see
from dealers.roles import Role
from tests.tenancy.asking import Visitor
from tests.tenancy.surfaces import Surface, id_of, surfaces
from tests.tenancy.world import World, person

pytestmark = pytest.mark.django_db(transaction=True)
FIRST_HALF, SECOND_HALF = list(Role)[::2], list(Role)[1::2]
INVALID = "{}"
"""What nobody can mean: who may is told what is missing, who may not is refused before anybody looks."""


@pytest.fixture
def people(world: World) -> dict[Role, User]:
    """Somebody of every role in the own dealership."""
    return {role: person(f"a.{role}@own.example", world.own.dealership, role) for role in Role}


def test_the_resolver_says_what_the_table_says(world: World, people: dict[Role, User]) -> None:
    ours, theirs = world.own.dealership, world.other.dealership
    for role, user in people.items():
        user.known_roles = roles_of(user)  # type: ignore[attr-defined]  # asked once, as in a request
        for permission, allowed in table().items():
            assert may(user, permission) == (role in allowed), (role, permission)
            assert may(user, permission, ours.pk) == (role in allowed), (role, permission)
            assert not may(user, permission, theirs.pk), (role, permission)
            assert user.has_perm(permission, ours) == (role in allowed), (role, permission)
            assert not user.has_perm(permission, theirs), (role, permission)


def test_who_belongs_to_nobody_may_nothing(world: World) -> None:
    for permission in table():
        assert not may(world.stranger, permission)
        assert not may(world.former, permission, world.other.dealership.pk)
        assert may(world.platform, permission)
        assert may(world.platform, permission, world.other.dealership.pk)


def marked(permission: str, role: Role) -> bool:
    """A permission that no row names is nobody's but the platform's."""
    return role in table().get(permission, frozenset())


def admin_routes(verb: str) -> Iterator[tuple[Surface, str]]:
    """The routes of an admin that take a permission of this verb, with its name."""
    endings = {"view": "_changelist", "add": "_add", "change": "_change", "delete": "_delete"}
    for surface in surfaces():
        if surface.model in admin.site._registry and surface.name.endswith(endings[verb]) and not surface.is_api:
            own = f"{surface.model._meta.app_label}.{surface.model._meta.model_name}:{verb}"
            yield surface, to_see(surface.model) if verb == "view" else own


@pytest.mark.parametrize("roles", [FIRST_HALF, SECOND_HALF], ids=["one half", "other half"])
def test_the_admin_shows_a_list_to_whom_the_table_says(
    world: World, people: dict[Role, User], roles: list[Role]
) -> None:
    for role in roles:
        visitor = Visitor(people[role])
        for surface, permission in admin_routes("view"):
            answer = visitor.of("GET", surface, id_of(surface, world.own))
            assert answer.status == (200 if marked(permission, role) else 403), (role, permission, surface)


@pytest.mark.parametrize("verb", ["add", "change", "delete"])
def test_the_admin_lets_do_what_the_table_says(world: World, people: dict[Role, User], verb: str) -> None:
    """Asked of the admin itself; what it lets nobody do, the system alone does."""
    request: Any = RequestFactory().get("/")
    for surface, permission in admin_routes(verb):
        each, house = admin.site._registry[surface.model], world.own  # type: ignore[index]
        row = [] if verb == "add" else [house.row(surface.model)] if owner_column(surface.model) else [world.stranger]  # type: ignore[arg-type]
        request.user = world.platform
        ever = getattr(each, f"has_{verb}_permission")(request, *row)
        for role, user in people.items():
            request.user = user
            allowed = getattr(each, f"has_{verb}_permission")(request, *row)
            assert allowed == (ever and marked(permission, role)), (role, permission, surface)


def test_the_api_shows_rows_to_whom_the_table_says(world: World, people: dict[Role, User]) -> None:
    lists = [each for each in surfaces() if each.is_api and each.name.endswith("-list") and each.model]
    for role, user in people.items():
        visitor = Visitor(user)
        for surface in (each for each in lists if not each.of_one):
            answer = visitor.of("GET", surface, None)
            permission = to_see(surface.model)  # type: ignore[arg-type]
            assert answer.status == 200, (role, surface)
            assert bool(json.loads(answer.body)["results"]) == marked(permission, role), (role, permission, surface)


REFUSED = (403, 404)
"""A row that a role does not see is not there, whatever it would do with it."""


def names_of(acts_with: Any) -> set[str]:
    return {acts_with} if isinstance(acts_with, str) else set(acts_with.values())


def test_the_api_lets_do_what_the_table_says(world: World, people: dict[Role, User]) -> None:
    acting = [each for each in surfaces() if each.is_api and hasattr(getattr(each.view, "cls", None), "acts_with")]
    named = {name for each in acting for name in names_of(each.view.cls.acts_with)}
    assert named <= set(table())
    visitors = {role: Visitor(user) for role, user in people.items()}
    for surface in acting:
        methods = getattr(surface.view, "actions", {"post": "post"})
        for role, visitor in visitors.items() if "post" in methods else ():
            pk, sent = id_of(surface, world.own), {"data": INVALID, "content_type": "application/json"}
            answer = visitor.of("POST", surface, pk, **sent)
            acts_with = surface.view.cls.acts_with
            permission = acts_with if isinstance(acts_with, str) else acts_with[methods["post"]]
            told = (role, permission, surface, answer.status)
            assert answer.status != 403 if marked(permission, role) else answer.status in REFUSED, told
            assert answer.status < 500, (role, surface)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_an_action_of_the_admin_is_offered_to_whom_the_table_says(
    world: World, people: dict[Role, User], role: Role
) -> None:
    request: Any = RequestFactory().get("/")
    request.user = people[role]
    for model, each in admin.site._registry.items():
        acts_with = getattr(each, "acts_with", "")
        if not acts_with or not owner_column(model):
            continue
        offered = set(each.get_actions(request)) - {"delete_selected"}
        assert bool(offered) == (marked(acts_with, role) and marked(to_see(model), role)), (role, acts_with, model)
