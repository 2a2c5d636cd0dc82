"""People in tests: how they sign in to the API, and the roles they are given."""

from __future__ import annotations

from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import RefreshToken

from dealers.models import User
from dealers.roles import Role

ASKED_OF_EACH = 4
"""Queries of a request beside its view's: the person, their places, and a savepoint's two inside of a test."""


def api_of(user: User) -> APIClient:
    """An API client that sends the person's access token."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {RefreshToken.for_user(user).access_token}")
    return client


def with_role(user: User, role: Role, *, staff: bool = False) -> User:
    """Give the person this role wherever they belong; with `staff` they may open the admin besides."""
    user.memberships.update(role=role)
    if staff:
        User.objects.filter(pk=user.pk).update(is_staff=True)
    return User.objects.get(pk=user.pk)
