"""Invitations: how they are sent, and what accepting one does."""

from __future__ import annotations

import secrets
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation

from dealers import audit
from dealers.localisation import language_of
from dealers.models import Invitation, Membership, User
from dealers.models.people import INVITED_FOR, hashed
from dealers.tenancy import platform


class Closed(Exception):
    """There is no such invitation, or it was accepted before, or has expired; a stranger is not told which."""


class Known(Exception):
    """The invited person has an account: it is theirs to accept, signed in."""


def send(invitation: Invitation, by: User | None, link: Callable[[str], str]) -> str:
    """Store an invitation and mail it; `link` makes the page's address of a token, which is stored as a hash only."""
    token = secrets.token_urlsafe(32)
    invitation.email = invitation.email.strip().lower()
    invitation.token_hash = hashed(token)
    invitation.invited_by = by
    invitation.expires_at = timezone.now() + INVITED_FOR
    invitation.save()
    audit.record("invitation.sent", invitation, changes={"role": invitation.role})
    mail = mail_of(invitation, link(token))
    transaction.on_commit(mail.send, robust=True)
    return token


def mail_of(invitation: Invitation, link: str) -> EmailMessage:
    facts = {"invitation": invitation, "dealership": invitation.dealership, "link": link}
    with translation.override(language_for(invitation)):
        subject = render_to_string("account/email/invitation_subject.txt", facts).strip()
        body = render_to_string("account/email/invitation_message.txt", facts)
    return EmailMessage(f"{settings.ACCOUNT_EMAIL_SUBJECT_PREFIX}{subject}", body, to=[invitation.email])


def language_for(invitation: Invitation) -> str | None:
    """The invited person's, if they are known and have chosen one, else the dealership's; else the inviter's."""
    known = User.objects.filter(email=invitation.email).first()
    return language_of(known) or language_of(invitation.dealership) or translation.get_language()


@platform("invitation")
def find(token: str) -> Invitation:
    """Raises Closed."""
    try:
        return Invitation.objects.open().select_related("dealership").get(token_hash=hashed(token))
    except Invitation.DoesNotExist:
        raise Closed from None


@platform("invitation")
@transaction.atomic
def accept(token: str, *, name: str = "", password: str = "", as_user: User | None = None) -> User:
    """Give the invited person their place, as `as_user` or as a new user with this name and password.

    The link came by mail to the address, which is thereby verified. Raises Closed, Known, and ValidationError for a
    password that is too easy.
    """
    open_ones = Invitation.objects.open().select_for_update(of=("self",)).select_related("dealership")
    invitation = open_ones.filter(token_hash=hashed(token)).first()
    if invitation is None:
        raise Closed
    known = User.objects.filter(email=invitation.email).first()
    if known is not None and known != as_user:
        raise Known
    user = known or new_person(invitation, name, password)
    Membership.objects.update_or_create(
        user=user, dealership=invitation.dealership, defaults={"role": invitation.role, "since": None, "until": None}
    )
    invitation.accepted_at = timezone.now()
    invitation.save(update_fields=["accepted_at"])
    audit.record("invitation.accepted", invitation, changes={"role": invitation.role, "user": user})
    return user


def invited(invitation: Invitation, name: str = "") -> User:
    """Whoever it is for, not stored, to be asked whether a password is theirs to choose."""
    person = User(email=invitation.email, name=name)
    person.invited_to = invitation.dealership  # type: ignore[attr-defined]
    return person


def new_person(invitation: Invitation, name: str, password: str) -> User:
    validate_password(password, invited(invitation, name))
    return User.objects.create_user(invitation.email, password, name=name, is_verified=True)
