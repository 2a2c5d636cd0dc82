"""What a person may do, and where: roles by membership, and the table of permissions.md.

A permission is a name `area.thing:verb`. Django's own names mean the same: `ingestion.add_run` is `ingestion.run:add`,
so that the admin asks the same table as pages, API and tasks.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.contrib.auth.backends import ModelBackend
from django.db.models import Model

from dealers.integrations import Integration
from dealers.roles import Role

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from dealers.models import User

FILE = Path(__file__).with_name("permissions.md")


def read(text: str) -> dict[str, frozenset[Role]]:
    """Each permission with the roles that have it. Raises ValueError for a role or a mark that is unknown."""
    lines = (line.strip().strip("|") for line in text.splitlines() if line.startswith("|"))
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    roles = [Role(name) for name in rows[0][1:]]
    found: dict[str, frozenset[Role]] = {}
    for name, *marks in rows[2:]:
        if len(marks) != len(roles) or set(marks) - {"", "x"} or name in found:
            raise ValueError(f"permissions.md: the row of {name} cannot be read")
        found[name] = frozenset(role for role, mark in zip(roles, marks, strict=True) if mark)
    return found


@cache
def table() -> Mapping[str, frozenset[Role]]:
    return read(FILE.read_text())


def spelled(permission: str) -> str:
    """`ingestion.add_run` as `ingestion.run:add`; our own names as they are."""
    if ":" in permission:
        return permission
    area, _, name = permission.partition(".")
    verb, _, thing = name.partition("_")
    if verb == "view" and (area, thing) in models_by_name():
        return to_see(models_by_name()[area, thing])
    return f"{area}.{thing}:{verb}"


@cache
def models_by_name() -> Mapping[tuple[str, str], type[Model]]:
    return {(model._meta.app_label, str(model._meta.model_name)): model for model in apps.get_models()}


def to_see(model: type[Model]) -> str:
    """The permission that its rows are seen with; a model may say so itself, as `seen_with`."""
    own: str | None = getattr(model, "seen_with", None)
    return own or f"{model._meta.app_label}.{model._meta.model_name}:view"


def roles_of(user: User | AnonymousUser | Integration) -> dict[int, Role]:
    """The person's role of today in each dealership; asked of the database once for each request."""
    from dealers.models import Membership

    if not user.is_active or user.pk is None:
        return {}
    known: dict[int, Role] | None = getattr(user, "known_roles", None)
    if known is not None:
        return known
    found = Membership.objects.filter(user_id=user.pk).current().values_list("dealership", "role")
    return {pk: Role(role) for pk, role in found}


def dealerships_of(user: User | AnonymousUser | Integration, permission: str = "") -> set[int] | None:
    """The dealerships in which a person may do `permission` (blank: in which they have any role); None means all.

    An integration has its own and what its service token was given.
    """
    if isinstance(user, Integration):
        return {user.dealership_id} if not permission or spelled(permission) in user.granted else set()
    if user.is_active and user.is_superuser:
        return None
    roles = roles_of(user)
    if not permission:
        return set(roles)
    allowed = table().get(spelled(permission), frozenset())
    return {pk for pk, role in roles.items() if role in allowed}


def may(user: User | AnonymousUser | Integration, permission: str, dealership_id: int | None = None) -> bool:
    """Whether a person may do `permission` in a dealership, or in any at all."""
    found = dealerships_of(user, permission)
    if found is None:
        return True
    return bool(found) if dealership_id is None else dealership_id in found


class RoleBackend(ModelBackend):
    """Django's sign-in by password; what a person may do is the table's alone."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return may(user_obj, perm, dealership_of(obj))

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        if user_obj.is_active and user_obj.is_superuser:
            return True
        area = {"ingestion": ("ingestion.", "records.")}.get(app_label, (f"{app_label}.",))
        roles = set(roles_of(user_obj).values())
        return any(name.startswith(area) and allowed & roles for name, allowed in table().items())

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return {name for name in table() if may(user_obj, name, dealership_of(obj))}

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()


def dealership_of(obj: Any) -> int | None:
    """Whose an object is; None for an object of no dealership."""
    from dealers.models import Dealership

    found: int | None = obj.pk if isinstance(obj, Dealership) else getattr(obj, "dealership_id", None)
    return found
