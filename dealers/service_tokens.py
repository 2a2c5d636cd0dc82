"""Service tokens: made, found by what is sent, revoked.

A token never does more than its maker may do today in its dealership: whoever leaves takes theirs along.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import InternalError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from dealers import audit
from dealers.integrations import Integration
from dealers.models import Dealership, ServiceToken, User
from dealers.models.people import hashed
from dealers.models.service_token import GRANTED, LONGEST
from dealers.permissions import may
from dealers.tenancy import Scope, acting, platform

log = logging.getLogger(__name__)

MARK = "fct_"
"""What every token begins with, by which scanners of code recognise one that was committed by mistake."""
NOTED_EVERY = timedelta(minutes=1)
"""Between two notes of `last_used_at`."""


class Refused(Exception):
    """The token opens nothing: `code` for a program, words for a person."""

    def __init__(self, code: str, words: str) -> None:
        super().__init__(words)
        self.code = code


@transaction.atomic
def make(token: ServiceToken, by: User) -> str:
    """Store a token and return its text, which is nowhere afterwards. Raises ValidationError, by field."""
    check(token.dealership, token.permissions, token.expires_at, by)
    text = f"{MARK}{secrets.token_urlsafe(32)}"
    token.prefix, token.token_hash, token.secret = text[:12], hashed(text), text
    token.permissions = sorted(set(token.permissions))
    token.created_by, token.created_at = by, timezone.now()
    token.save(force_insert=True)
    audit.record("service_token.made", token, changes={"may": token.permissions, "expires_at": token.expires_at})
    return text


def check(dealership: Dealership, permissions: Iterable[str], expires_at: datetime, by: User) -> None:
    """Nobody gives away what they may not do themselves. Raises ValidationError."""
    now, known = timezone.now(), {name for name, _words in GRANTED}
    refused = sorted(each for each in set(permissions) if each not in known or not may(by, each, dealership.pk))
    if refused:
        raise ValidationError({"permissions": _("You cannot give these: %(names)s.") % {"names": ", ".join(refused)}})
    if not now < expires_at <= now + LONGEST:
        raise ValidationError({"expires_at": _("Write a moment to come, within a year.")})


@transaction.atomic
def revoke(tokens: Iterable[ServiceToken]) -> int:
    """They open nothing from now on; says how many did until now."""
    count = 0
    for token in tokens:
        if ServiceToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()):
            audit.record("service_token.revoked", token)
            count += 1
    return count


@platform("service tokens of a person")
def revoke_all(user: User) -> None:
    """Of a person who was made inactive: in all dealerships, and for good."""
    revoke(ServiceToken.objects.filter(created_by=user, revoked_at=None))


def integration(text: str) -> Integration:
    """Whoever sends this token. Raises Refused."""
    token = find(text)
    if token is None:
        raise Refused("token_unknown", _("There is no such service token."))
    if token.revoked_at:
        raise Refused("token_revoked", _("The service token was revoked."))
    if token.expires_at <= timezone.now():
        raise Refused("token_expired", _("The service token has expired; have a new one made."))
    granted = granted_today(token)
    if not granted:
        raise Refused("token_without_rights", _("Whoever made the service token may not do any of this any more."))
    note_use(token)
    return Integration(token.pk, token.name, token.prefix, token.dealership_id, granted)


@platform("service token")
def find(text: str) -> ServiceToken | None:
    """By its hash, before it is known whose it is."""
    found = ServiceToken.objects.select_related("created_by", "dealership").filter(token_hash=hashed(text))
    return found.filter(dealership__is_active=True).first()


def granted_today(token: ServiceToken) -> frozenset[str]:
    maker = token.created_by
    if maker is None:
        return frozenset()
    with acting(Scope(user_id=maker.pk)):
        return frozenset(each for each in token.permissions if may(maker, each, token.dealership_id))


def note_use(token: ServiceToken) -> None:
    now = timezone.now()
    if token.last_used_at and token.last_used_at > now - NOTED_EVERY:
        return
    with acting(Scope((token.dealership_id,))):
        not_just_now = Q(last_used_at=None) | Q(last_used_at__lte=now - NOTED_EVERY)
        try:
            ServiceToken.objects.filter(not_just_now, pk=token.pk).update(last_used_at=now)
        except InternalError:  # a replica, which reads
            log.debug("service token %s: its use is not noted here", token.pk)
