"""What a request to the API takes: to read, a place in a dealership; to change something, the view's own permission."""

from __future__ import annotations

from typing import Any

from rest_framework import permissions
from rest_framework.request import Request

from dealers.permissions import may


class Access(permissions.IsAuthenticated):
    """A view names in `acts_with` the permission that its unsafe requests take, or one for each of its actions."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not super().has_permission(request, view):
            return False
        return request.method in permissions.SAFE_METHODS or may(request.user, permission_of(view))


def permission_of(view: Any) -> str:
    """Of the view's request; blank for a method that it does not have, which is refused as such."""
    found: Any = view.acts_with
    return found if isinstance(found, str) else str(found.get(view.action, ""))


def needed(view: Any) -> str:
    """The permission by which a view's request picks its rows; blank: the one that they are seen with."""
    return "" if view.request.method in permissions.SAFE_METHODS else permission_of(view)
