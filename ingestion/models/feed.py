"""What is fetched for a dealership: how far each job type has come, when it is due, and what it is like otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.models import DealershipRows
from dealers.versions import Versions
from ingestion.models.connection import Connection

if TYPE_CHECKING:
    from ingestion.job_types import JobType

KEPT_BY_PROGRAMS = (
    *("cursor", "slot", "next_slot", "period"),
    *("succeeded_at", "failures", "received_at", "silence", "filled"),
)
"""Columns that no person sets."""
OVERLAP = timedelta(minutes=15)
"""How far a window reaches back behind the last success, for records that a gateway dates late."""


LIVE = models.Q(is_enabled=True, connection__is_active=True, dealership__is_active=True)


class FeedQuerySet(DealershipRows):
    def live(self) -> FeedQuerySet:
        """The feeds that schedules serve."""
        return self.filter(LIVE)

    def with_freshness(self, now: datetime | None = None) -> FeedQuerySet:
        """Each with its `freshness` and what that is judged by, at `now` or by the database's clock."""
        from ingestion import freshness

        return freshness.annotated(self, now)


class Feed(models.Model):
    """One job type of one dealership through one connection, and how far it has come."""

    class State(models.TextChoices):
        """How fresh its records are, or why they are not; `ingestion.freshness` says when it is which."""

        OFF = "off", _("off")
        STUCK = "stuck", _("stuck")
        MISSED = "missed", _("missed")
        NEVER = "never", _("never")
        FAILING = "failing", _("failing")
        LATE = "late", _("late")
        EMPTY = "empty", _("empty")
        WAITING = "waiting", _("waiting")
        FRESH = "fresh", _("fresh")

    connection = models.ForeignKey(Connection, models.PROTECT, related_name="feeds", verbose_name=_("connection"))
    dealership = models.ForeignKey("dealers.Dealership", models.PROTECT, related_name="+", verbose_name=_("dealership"))
    job_type = models.CharField(_("job type"), max_length=40)
    is_enabled = models.BooleanField(_("enabled"), default=True)
    daily_at = models.TimeField(
        _("once a day at"),
        null=True,
        blank=True,
        help_text=_("On the dealership's clock; blank: whenever the job type's schedule says."),
    )
    adopts = models.BooleanField(
        _("adopted"),
        default=False,
        help_text=_("Whether its records become vehicles, customers, leads and deals of the dealership."),
    )
    created_at = models.DateTimeField(_("added"), default=timezone.now, editable=False)
    cursor = models.DateTimeField(_("fetched up to"), null=True, blank=True, editable=False)

    # Its place in the schedule, kept by ingestion.slots.
    slot = models.DateTimeField(_("last slot"), null=True, blank=True, editable=False)
    next_slot = models.DateTimeField(_("next slot"), null=True, blank=True, editable=False)
    period = models.DurationField(_("interval"), null=True, blank=True, editable=False)

    # What its runs were like, kept by ingestion.habits with the end of each.
    succeeded_at = models.DateTimeField(_("last success"), null=True, blank=True, editable=False)
    failures = models.PositiveIntegerField(_("failures in a row"), default=0, editable=False)
    received_at = models.DateTimeField(_("last record received"), null=True, blank=True, editable=False)
    silence = models.DurationField(_("longest silence between records"), default=timedelta, editable=False)
    filled = models.PositiveIntegerField(_("runs with records in a row"), default=0, editable=False)

    history = Versions(without=KEPT_BY_PROGRAMS)
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
