"""What django-allauth asks us: who may sign up, what a failed sign-in leaves behind, how secrets are kept."""

from __future__ import annotations

import logging
import smtplib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from dealers import events, factors, sessions
from dealers.keys import keyring
from dealers.models import User

log = logging.getLogger(__name__)

DEVICE_COOKIE = "__Host-device" if settings.HTTPS else "device"
"""By which a browser is known again to the people who signed in with it."""
DEVICE_AGE = 60 * 60 * 24 * 365
PEOPLE_PER_DEVICE = 20


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """People come by invitation."""
        return False

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """What was typed may be a password in the wrong field: only an address that is known is written down."""
        events.sign_in_failed(User.objects.filter(email=str(credentials.get("email", "")).lower()).first())

    def set_password(self, user: Any, password: str) -> None:
        """A new password ends every other session and every token."""
        from dealers import tokens

        super().set_password(user, password)
        sessions.end_all(user, but=context.request.session.session_key)
        tokens.revoke_all(user)

    def post_login(self, request: HttpRequest, user: Any, **how: Any) -> HttpResponse:
        response: HttpResponse = super().post_login(request, user, **how)
        known = people_of(request)
        if user.pk not in known:
            self.send_notification_mail("account/email/new_device", user)
        people = [user.pk, *(pk for pk in known if pk != user.pk)][:PEOPLE_PER_DEVICE]
        response.set_signed_cookie(
            DEVICE_COOKIE,
            ".".join(map(str, people)),
            max_age=DEVICE_AGE,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
        return response

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is away is ours to know, and changes no answer: that would tell known addresses apart."""
        try:
            super().send_mail(template_prefix, email, context)
        except (OSError, smtplib.SMTPException):
            log.exception("the mail %s could not be sent", template_prefix)


def people_of(request: HttpRequest) -> list[int]:
    """Who signed in with this browser before, the last one first."""
    try:
        kept = request.get_signed_cookie(DEVICE_COOKIE, default="", max_age=DEVICE_AGE)
    except signing.BadSignature:
        return []
    return [int(pk) for pk in (kept or "").split(".") if pk.isdecimal()]


class FactorAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return keyring().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return keyring().decrypt(encrypted_text.encode()).decode()

    def build_totp_svg(self, url: str) -> str:
        """A picture that a page may hold as it is, without a data: address."""
        svg: str = super().build_totp_svg(url)
        return svg[svg.index("<svg") :]

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Whoever needs a factor keeps their last one; another can be added first."""
        others = Authenticator.objects.filter(user_id=authenticator.user_id, type__in=factors.KINDS)
        return others.exclude(pk=authenticator.pk).exists() or not factors.needs_one(authenticator.user)

    def _get_site_name(self) -> str:
        return "Forecourt"
