"""What stands between us and a gateway: the day's quota, the pace, and the circuit breaker. One row per connection."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ingestion.models.connection import Connection


class Gate(models.Model):
    """How much of a connection is used up and whether it is left alone; `ingestion.admission` keeps it."""

    connection = models.OneToOneField(Connection, models.CASCADE, primary_key=True, verbose_name=_("connection"))
    day = models.DateField(_("day"), help_text=_("On the main dealer's clock; the calls are of this day."))
    calls = models.PositiveIntegerField(_("requests"), default=0)
    backfill_calls = models.PositiveIntegerField(_("of them by backfills"), default=0)
    tokens = models.FloatField(_("tokens"), default=0, help_text=_("Requests that may be made at once."))
    refilled_at = models.DateTimeField(_("tokens counted"), default=timezone.now)
    opened_at = models.DateTimeField(_("left alone since"), null=True, blank=True)
    probe_at = models.DateTimeField(_("next probe"), null=True, blank=True)
    error = models.TextField(_("why it is left alone"), blank=True)

    # What the last check of a page found: `ingestion.probing`.
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True)
    is_reachable = models.BooleanField(_("reachable"), null=True, blank=True)
    skew = models.FloatField(
        _("clock"), null=True, blank=True, help_text=_("Seconds that the gateway's clock is ahead of ours.")
    )
    check_error = models.TextField(_("what the check found wrong"), blank=True)

    class Meta:
        verbose_name = _("gate")
        verbose_name_plural = _("gates")

    def __str__(self) -> str:
        return str(self.connection)

    @property
    def is_open(self) -> bool:
        """Whether the breaker is open: nothing but a probe passes."""
        return self.opened_at is not None

    def refill(self, now: datetime) -> None:
        """Count calls from 0 on a new day, and tokens by the time that has passed; two seconds' worth at most."""
        today = now.astimezone(self.connection.zone).date()
        if self.day != today:
            self.day, self.calls, self.backfill_calls = today, 0, 0
        rate = self.connection.calls_per_second
        passed = max((now - self.refilled_at).total_seconds(), 0)
        self.tokens = min(self.tokens + passed * rate, 2.0 * rate)
        self.refilled_at = now

    def left_today(self) -> int | None:
        """Requests that today's quota still holds; None: any number."""
        quota = self.connection.calls_per_day
        return None if quota is None else max(quota - self.calls, 0)
