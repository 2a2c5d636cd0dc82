"""Users, their places in dealerships, invitations, and support that acts as somebody."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.models.dealership import Dealership, DealershipRows
from dealers.roles import Role
from dealers.versions import Versions

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save()
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, is_verified=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email=(username or "").strip().lower())

    def visible_to(self, user: User | AnonymousUser) -> models.QuerySet[User]:
        """Those with a place, of whatever time, in a dealership in which `user` may see people."""
        from dealers.permissions import dealerships_of, to_see

        found = dealerships_of(user, to_see(User))
        if found is None:
            return self.all()
        return self.filter(pk__in=Membership.objects.filter(dealership__in=found).values("user"))


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address. `is_superuser` is the platform administrator."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("as the device")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    email = models.EmailField(_("e-mail"), unique=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True, choices=settings.LANGUAGES)
    theme = models.CharField(_("theme"), max_length=6, choices=Theme, default=Theme.SYSTEM)
    is_staff = models.BooleanField(_("may open the admin"), default=False)
    is_active = models.BooleanField(_("active"), default=True)
    is_verified = models.BooleanField(_("e-mail verified"), default=False)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects = UserManager()

    USERNAME_FIELD = EMAIL_FIELD = "email"

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ["email"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")),
                name="user_email_is_lower_case",
                violation_error_message=_("Write the e-mail address in lower case."),
            ),
        ]

    def __str__(self) -> str:
        return self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.email.strip().lower()

    def save(self, *args: Any, **options: Any) -> None:
        """Whoever is made inactive is out at once, and stays out of those sessions if made active again."""
        super().save(*args, **options)
        if not self.is_active:
            from dealers import service_tokens, sessions, tokens

            sessions.end_all(self)
            tokens.revoke_all(self)
            service_tokens.revoke_all(self)

    def get_short_name(self) -> str:
        return self.name or self.email


class MembershipQuerySet(DealershipRows):
    def current(self) -> MembershipQuerySet:
        """Those of today, in dealerships that are active."""
        today = timezone.now().date()
        begun, not_over = (
            models.Q(since=None) | models.Q(since__lte=today),
            models.Q(until=None) | models.Q(until__gte=today),
        )
        return self.filter(begun, not_over, dealership__is_active=True)


class Membership(models.Model):
    """A user's place in a dealership: a role, from a day to a day."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name=_("user"))
    dealership = models.ForeignKey(Dealership, models.CASCADE, related_name="memberships", verbose_name=_("dealership"))
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.VIEWER)
    since = models.DateField(_("since"), null=True, blank=True)
    until = models.DateField(_("until"), null=True, blank=True, help_text=_("The last day, if there is one."))

    history = Versions()
    objects = MembershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["dealership", "user"], name="one_membership_per_user_and_dealership"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_is_known"),
            models.CheckConstraint(
                condition=models.Q(since=None) | models.Q(until=None) | models.Q(since__lte=models.F("until")),
                name="membership_is_forward",
                violation_error_message=_("The last day is not before the first."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} @ {self.dealership}"


INVITED_FOR = timedelta(days=7)


def hashed(token: str) -> str:
    """What of a secret is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


class InvitationQuerySet(DealershipRows):
    def open(self) -> InvitationQuerySet:
        return self.filter(accepted_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """An offer of a place in a dealership, sent by mail; its token is stored as a hash and is good once."""

    dealership = models.ForeignKey(Dealership, models.CASCADE, related_name="invitations", verbose_name=_("dealership"))
    email = models.EmailField(_("e-mail"))
    name = models.CharField(_("name"), max_length=200, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    invited_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("invited by"), editable=False
    )
    invited_at = models.DateTimeField(_("invited"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"), editable=False)
    accepted_at = models.DateTimeField(_("accepted"), null=True, editable=False)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.email} @ {self.dealership}"
