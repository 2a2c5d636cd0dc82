"""What signing in leaves in the audit: receivers of the signals of Django and django-allauth."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator

from dealers import audit, impersonation, sessions
from dealers.models import User


def by(user: User | None) -> AbstractContextManager[None]:
    """The person acts who is about to sign in, whom the request does not know yet."""
    return audit.circumstances(replace(audit.now.get(), user=user))


def signed_in(sender: Any, request: Any, user: User, **_: Any) -> None:
    with by(user):
        ways = [each["method"] for each in get_authentication_records(request, user)]
        audit.record("signed_in", user, changes={"by": ways})


def signed_in_to_api(user: User) -> None:
    with by(user):
        audit.record("signed_in", user, changes={"by": ["api"]})


def sign_in_failed(user: User | None, reason: str = "password") -> None:
    """Someone tried; the person who acts stays blank, for it may be anybody."""
    audit.record("sign_in_failed", user, reason=reason)


def factor_refused(sender: Any, user: User, **_: Any) -> None:
    sign_in_failed(user, "second factor")


def code_refused(sender: Any, user: User, **_: Any) -> None:
    sign_in_failed(user, "code by mail")


def code_proved(sender: Any, user: User, method: str, **_: Any) -> None:
    """Who reads the mail of an address has it."""
    if method == "code" and not user.is_verified:
        User.objects.filter(pk=user.pk).update(is_verified=True)


def signed_out(sender: Any, user: User | None, request: Any = None, **_: Any) -> None:
    if user is not None:
        with by(user):
            audit.record("signed_out", user)
    if request is not None:
        request.signed_out = True


def password_changed(sender: Any, user: User, **_: Any) -> None:
    with by(user):
        audit.record("password_changed", user)


def factor_added(sender: Any, instance: Authenticator, created: bool, **_: Any) -> None:
    """Of the row itself, not of allauth's signal, which comes after the transaction."""
    if created:
        audit.record("factor_added", instance.user, changes={"kind": instance.type})


def factor_removed(sender: Any, instance: Authenticator, **_: Any) -> None:
    audit.record("factor_removed", instance.user, changes={"kind": instance.type})


def factor_set_up(sender: Any, request: Any, user: User, **_: Any) -> None:
    """A session of before the first factor has not shown it: only the one that set it up goes on."""
    sessions.end_all(user, but=request.session.session_key)


def connect() -> None:
    from allauth.account import signals as account
    from allauth.mfa import signals as mfa
    from django.contrib.auth.signals import user_logged_in, user_logged_out
    from django.db.models.signals import post_delete, post_save
    from simple_history.signals import pre_create_historical_record

    from dealers import versions

    pre_create_historical_record.connect(versions.note, dispatch_uid="dealers.note")
    user_logged_in.connect(sessions.begin, dispatch_uid="dealers.begin")
    user_logged_out.connect(impersonation.signed_out, dispatch_uid="dealers.impersonation_over")
    user_logged_out.connect(signed_out, dispatch_uid="dealers.signed_out")
    account.user_logged_in.connect(signed_in, dispatch_uid="dealers.signed_in")
    account.authentication_step_completed.connect(code_proved, dispatch_uid="dealers.code_proved")
    account.login_code_rejected.connect(code_refused, dispatch_uid="dealers.code_refused")
    for changed in (account.password_changed, account.password_set, account.password_reset):
        changed.connect(password_changed, dispatch_uid="dealers.password_changed")
    mfa.authentication_failed.connect(factor_refused, dispatch_uid="dealers.factor_refused")
    mfa.authenticator_added.connect(factor_set_up, dispatch_uid="dealers.factor_set_up")
    post_save.connect(factor_added, Authenticator, dispatch_uid="dealers.factor_added")
    post_delete.connect(factor_removed, Authenticator, dispatch_uid="dealers.factor_removed")
