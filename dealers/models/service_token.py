"""Keys of programs: each opens one dealership, for a while and for a few things."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from dealers.models.dealership import Dealership, DealershipRows
from dealers.models.people import User

LONGEST = timedelta(days=365)
"""From being made to its end."""
GRANTED = (
    ("records.sales:view", _("read records of sales")),
    ("records.service:view", _("read records of the workshop and of parts")),
    ("records.identity_numbers:view", _("read identity numbers in them")),
    ("ingestion.feed:view", _("read how fresh feeds are")),
    ("ingestion.run:view", _("read runs")),
    ("ingestion.run:add", _("start, compare and import runs")),
    ("ingestion.backfill:view", _("read backfills")),
    ("ingestion.backfill:add", _("start and steer backfills")),
    ("ingestion.quarantinedrecord:view", _("read the quarantine")),
    ("ingestion.quarantinedrecord:change", _("try quarantined records again, or ignore them")),
)
"""What a token can be given of `permissions.md`: what the API serves, and nothing about people."""


class ServiceTokenQuerySet(DealershipRows):
    def open(self) -> ServiceTokenQuerySet:
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class ServiceToken(models.Model):
    """What an integration sends as its bearer token; stored as a hash, shown when it is made and never again."""

    dealership = models.ForeignKey(Dealership, models.CASCADE, related_name="+", verbose_name=_("dealership"))
    name = models.CharField(_("name"), max_length=100, help_text=_("What it is for."))
    permissions = ArrayField(models.CharField(max_length=60), verbose_name=pgettext_lazy("permission", "may"))
    prefix = models.CharField(_("begins with"), max_length=12, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("made by"), editable=False
    )
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, editable=False)

    objects = ServiceTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("service token")
        verbose_name_plural = _("service tokens")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("created_at")) & Q(expires_at__lte=F("created_at") + LONGEST),
                name="service_token_ends",
                violation_error_message=_("It ends within a year."),
            ),
            models.CheckConstraint(condition=Q(permissions__len__gt=0), name="service_token_is_for_something"),
        ]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.secret = ""
        """The whole token, of one that was made just now; it is no column."""

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
