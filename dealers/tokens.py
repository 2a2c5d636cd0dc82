"""Refresh tokens of the API: each is good once, and one that comes twice ends them all.

A token is known by its `jti`; its text is not stored. A new one lasts no longer than the one it is given for, so that
whoever signed in signs in again after REFRESH_TOKEN_LIFETIME.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import RefreshToken, Token
from rest_framework_simplejwt.utils import datetime_from_epoch, get_md5_hash_password

from dealers.models import User

log = logging.getLogger(__name__)


class Refresh(RefreshToken):
    """A refresh token whose use is decided under a lock, by `rotated`, instead of when it is read."""

    def check_blacklist(self) -> None:
        """Left to `rotated`, to which a token that was used before says something."""

    @classmethod
    def for_user(cls, user: Any) -> Refresh:
        made: Refresh = Token.for_user.__func__(cls, user)  # type: ignore[attr-defined]
        made.note(user)
        return made

    def note(self, user: User) -> None:
        OutstandingToken.objects.create(
            user=user,
            jti=self[api_settings.JTI_CLAIM],
            created_at=self.current_time,
            expires_at=datetime_from_epoch(self["exp"]),
        )

    def holder(self) -> User | None:
        """Whom it was given to, if they may still use it: active, and with the password of then."""
        user = User.objects.filter(pk=self.payload.get(api_settings.USER_ID_CLAIM, 0), is_active=True).first()
        proof = self.payload.get(api_settings.REVOKE_TOKEN_CLAIM)
        return user if user and proof == get_md5_hash_password(user.password) else None


def rotated(text: str) -> tuple[User, Refresh]:
    """The holder of a refresh token and the next one; the given one is used up. Raises TokenError."""
    given = Refresh(text)  # type: ignore[arg-type]
    user = given.holder()
    if user is None:
        raise TokenError("the token is nobody's any more")
    if not use_up(given):
        log.warning("user %s: a refresh token came twice; all of theirs are revoked", user.pk)
        revoke_all(user)
        raise TokenError("the token was used before")
    given.set_jti()
    given.set_iat()
    given.note(user)
    return user, given


def use_up(given: Refresh) -> bool:
    """Whether this was the token's one use."""
    with transaction.atomic():
        theirs = OutstandingToken.objects.filter(jti=given[api_settings.JTI_CLAIM]).order_by("pk")
        known = theirs.select_for_update().first()
        if known is None:
            raise TokenError("the token is unknown")
        return BlacklistedToken.objects.get_or_create(token=known)[1]


def revoke(text: str) -> User | None:
    """Give a token back; says whose it was. Raises TokenError for one that cannot be read."""
    given = Refresh(text)  # type: ignore[arg-type]
    use_up(given)
    return given.holder()


def revoke_all(user: User) -> None:
    """No refresh token of this person is good any more."""
    theirs = OutstandingToken.objects.filter(user_id=user.pk, blacklistedtoken=None, expires_at__gt=timezone.now())
    BlacklistedToken.objects.bulk_create([BlacklistedToken(token=each) for each in theirs], ignore_conflicts=True)


def forget_expired() -> int:
    """Delete what is known of tokens that are over anyway; says how many."""
    expired = OutstandingToken.objects.filter(expires_at__lt=timezone.now())
    count = expired.count()
    expired.delete()
    return count
