"""A main dealer's gateway with our credential for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from dealers.models import validate_time_zone
from dealers.versions import Versions
from ingestion.addresses import validate_base_url
from ingestion.secrets import EncryptedField


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
    calls_per_day = models.PositiveIntegerField(
        _("requests a day"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("What the main dealer grants our credential; blank: any number."),
    )
    calls_per_second = models.PositiveSmallIntegerField(
        _("requests a second"), default=20, validators=[MinValueValidator(1)], help_text=_("On the average.")
    )
    is_active = models.BooleanField(_("active"), default=True)

    history = Versions(without=("api_key", "secret_key"))

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
