"""The second factor: who needs one, who has one, and its secrets at rest."""

from __future__ import annotations

from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.models import Authenticator
from django.conf import settings

from dealers import sessions, tokens
from dealers.keys import keyring
from dealers.models import User
from dealers.permissions import roles_of
from dealers.roles import Role
from dealers.tenancy import Scope, acting

NEED_ONE = frozenset({Role.OWNER, Role.ACCOUNTANT})
"""Roles of which nobody works without a second factor; platform administrators do not either."""
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
"""What counts as one. Recovery codes stand in for one that is lost, and are none of their own."""
ENCRYPTED = ("secret", "seed")
"""Keys of an authenticator's data that hold a secret."""


def has_one(user: User) -> bool:
    return Authenticator.objects.filter(user_id=user.pk, type__in=KINDS).exists()


def needs_one(user: User) -> bool:
    """Whether the person's rights are such that a password alone does not do, in this installation."""
    if not settings.MFA_REQUIRED:
        return False
    if user.is_superuser:
        return True
    with acting(Scope(user_id=user.pk)):
        return bool(NEED_ONE & set(roles_of(user).values()))


def lacks_one(user: User) -> bool:
    return needs_one(user) and not has_one(user)


def is_right(user: User, code: str) -> bool:
    """Whether `code` is one of the person's; it is used up by this, and whoever guesses often has to wait."""
    return bool(AuthenticateForm(user=user, data={"code": code}).is_valid())


def take_away(user: User) -> None:
    """Of somebody who lost theirs: all of them, and every session and token with them."""
    Authenticator.objects.filter(user_id=user.pk).delete()
    sessions.end_all(user)
    tokens.revoke_all(user)


def rotate() -> int:
    """Encrypt every factor's secret with the first of FIELD_KEYS; says how many. Raises InvalidToken, changing nothing
    in the caller's transaction, if one cannot be read.
    """
    ring, count = keyring(), 0
    for factor in Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN).select_for_update():
        held = {name: factor.data[name] for name in ENCRYPTED if name in factor.data}
        factor.data |= {name: ring.rotate(value.encode()).decode() for name, value in held.items()}
        factor.save(update_fields=["data"])
        count += 1
    return count
