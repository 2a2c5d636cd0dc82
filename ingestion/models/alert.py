"""Alerts: what the watchdog found wrong with a feed, told once, closed by itself."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.fences import OwnKey
from dealers.models import DealershipRows
from ingestion.models.feed import Feed

UNTOLD = Q(told_at=None) | Q(resolved_at__isnull=False, told_resolved_at=None)


class AlertQuerySet(DealershipRows):
    def unresolved(self) -> AlertQuerySet:
        return self.filter(resolved_at=None)

    def untold(self) -> AlertQuerySet:
        """Those whose beginning or end nobody has heard of."""
        return self.filter(UNTOLD)


class Alert(models.Model):
    """A feed in a state that somebody should know of, from when to when."""

    feed = OwnKey("ingestion.Feed", models.CASCADE, related_name="alerts", verbose_name=_("feed"), db_index=False)
    dealership = models.ForeignKey(
        "dealers.Dealership", models.PROTECT, related_name="+", verbose_name=_("dealership"), db_index=False
    )
    state = models.CharField(_("state"), max_length=10, choices=Feed.State.choices)
    words = models.TextField(_("what is wrong"))
    opened_at = models.DateTimeField(_("opened"), default=timezone.now)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    told_at = models.DateTimeField(_("told"), null=True, blank=True)
    told_resolved_at = models.DateTimeField(_("told that it is resolved"), null=True, blank=True)

    objects = AlertQuerySet.as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["feed", "state"], condition=Q(resolved_at=None), name="one_open_alert_per_feed_and_state"
            )
        ]
        indexes = [
            models.Index(fields=["dealership", "-id"], name="alert_of_dealership"),
            models.Index(fields=["id"], condition=UNTOLD, name="alert_untold"),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.state}"
