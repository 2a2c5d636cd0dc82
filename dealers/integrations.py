"""Who acts where no person does: a program that sends a service token."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from dealers.roles import Role


@dataclass(eq=False)
class Integration:
    """Stands where a request has its user, and may do a few things in one dealership; it is never staff."""

    token_id: int
    name: str
    prefix: str
    """By which people recognise its token."""
    dealership_id: int
    granted: frozenset[str]
    """Permissions of `permissions.md`."""
    known_roles: dict[int, Role] = field(default_factory=dict)
    """It has none."""

    pk: ClassVar[None] = None
    id: ClassVar[None] = None
    is_active: ClassVar[bool] = True
    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False
    is_staff: ClassVar[bool] = False
    is_superuser: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"service token {self.name} ({self.prefix}…)"

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        from dealers.permissions import dealership_of, may

        return may(self, permission, dealership_of(obj))

    def has_perms(self, permissions: Iterable[str], obj: Any = None) -> bool:
        return all(self.has_perm(each, obj) for each in permissions)
