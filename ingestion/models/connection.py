"""A main dealer's gateway with our credential for it, and what is fetched through it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from dealers.models import DealershipRows, validate_time_zone
from ingestion.addresses import validate_base_url
from ingestion.secrets import EncryptedField

if TYPE_CHECKING:
    from ingestion.job_types import JobType

OVERLAP = timedelta(minutes=15)
"""How far a window reaches back behind the last success, for records that a gateway dates late."""


class Connection(models.Model):
    """One main dealer's gateway: its address, how it deviates from the reference, and our credential."""

    main_dealer = models.CharField(_("main dealer"), max_length=20, unique=True, help_text=_("Its code, such as H2Z."))
    name = models.CharField(_("name"), max_length=200, blank=True)
    base_url = models.CharField(
        _("base URL"),
        max_length=500,
        validators=[validate_base_url],
        help_text=_("Up to and with the version: https://gateway.example/dgi-api/v1.3"),
    )
    api_key = EncryptedField(_("API key"))
    secret_key = EncryptedField(_("secret key"))
    joiner = models.CharField(
        _("joiner"),
        max_length=5,
        blank=True,
        help_text=_("What stands between the parts of the token's text; most gateways: nothing."),
    )
    time_zone = models.CharField(
        _("time zone"),
        max_length=64,
        default="Asia/Jakarta",
        validators=[validate_time_zone],
        help_text=_("Of the times it sends."),
    )
    window_days = models.PositiveSmallIntegerField(
        _("longest window in days"), default=7, validators=[MinValueValidator(1), MaxValueValidator(31)]
    )
    days_back = models.PositiveSmallIntegerField(
        _("oldest day it gives"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text=_("Days before today."),
    )
    clock_tolerance = models.PositiveSmallIntegerField(_("clock tolerance in seconds"), default=10)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("connection")
        verbose_name_plural = _("connections")
        ordering = ["main_dealer"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(window_days__gte=1, days_back__gte=1), name="connection_windows_are_positive"
            )
        ]

    def __str__(self) -> str:
        return f"{self.main_dealer} {self.name}".strip()

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def oldest(self, now: datetime) -> datetime:
        """The earliest moment the gateway gives; two minutes inside its limit, since its clock is not ours."""
        return now - timedelta(days=self.days_back) + timedelta(minutes=2)

    def windows(self, since: datetime, until: datetime) -> list[tuple[datetime, datetime]]:
        """`since` to `until` in pieces that the gateway takes."""
        longest = timedelta(days=self.window_days)
        pieces = []
        while since < until:
            pieces.append((since, min(since + longest, until)))
            since += longest
        return pieces


class FeedQuerySet(DealershipRows):
    def live(self) -> FeedQuerySet:
        """The feeds that schedules serve."""
        return self.filter(is_enabled=True, connection__is_active=True, dealership__is_active=True)


class Feed(models.Model):
    """One job type of one dealership through one connection, and how far it has come."""

    connection = models.ForeignKey(Connection, models.PROTECT, related_name="feeds", verbose_name=_("connection"))
    dealership = models.ForeignKey("dealers.Dealership", models.PROTECT, related_name="+", verbose_name=_("dealership"))
    job_type = models.CharField(_("job type"), max_length=40)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    cursor = models.DateTimeField(_("fetched up to"), null=True, blank=True, editable=False)

    objects = FeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("feed")
        verbose_name_plural = _("feeds")
        ordering = ["dealership__code", "job_type"]
        constraints = [
            models.UniqueConstraint(fields=["dealership", "job_type"], name="one_feed_per_dealership_and_job_type")
        ]

    def __str__(self) -> str:
        return f"{self.dealership.code} {self.job_type}"

    @property
    def kind(self) -> JobType:
        from ingestion.job_types import JOB_TYPES

        return JOB_TYPES[self.job_type]

    def next_since(self, now: datetime) -> datetime:
        """Where the next window starts: the cursor less the overlap, else a window back; never before what is given."""
        if self.cursor is None:
            return max(now - timedelta(days=self.connection.window_days), self.connection.oldest(now))
        return max(self.cursor - OVERLAP, self.connection.oldest(now))
