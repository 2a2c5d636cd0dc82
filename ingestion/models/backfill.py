"""A backfill: a feed's old range, fetched window by window beside the live runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.fences import OwnKey
from dealers.models import DealershipRows

if TYPE_CHECKING:
    from ingestion.progress import Figures


class BackfillQuerySet(DealershipRows):
    def unfinished(self) -> BackfillQuerySet:
        return self.filter(state__in=Backfill.UNFINISHED)


class Backfill(models.Model):
    """A resumable series of runs over an old range; it never moves the feed's cursor."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        SUCCEEDED = "succeeded", _("succeeded")
        PARTIAL = "partial", _("partial")
        CANCELLED = "cancelled", _("cancelled")

    UNFINISHED = (State.RUNNING, State.PAUSED)
    """A window that failed pauses it, so that somebody sees why; nothing ends it as failed."""

    figures: Figures
    """Put on those that are shown by `ingestion.progress.tell`."""

    feed = OwnKey("ingestion.Feed", models.PROTECT, related_name="backfills", verbose_name=_("feed"), db_index=False)
    dealership = models.ForeignKey(
        "dealers.Dealership", models.PROTECT, related_name="+", verbose_name=_("dealership"), db_index=False
    )
    job_type = models.CharField(_("job type"), max_length=40)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    reached = models.DateTimeField(_("reached"), help_text=_("Everything before is fetched, or told as left out."))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.RUNNING)
    share = models.PositiveSmallIntegerField(
        _("share of the quota"),
        default=30,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("Percent of the connection's requests a day that backfills may use."),
    )
    left_out = models.TextField(
        _("left out"), blank=True, help_text=_("What was asked for and is not fetched, and why.")
    )
    error = models.TextField(_("error"), blank=True)
    started_by = models.CharField(_("started by"), max_length=200)
    started_at = models.DateTimeField(_("started"), default=timezone.now)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    objects = BackfillQuerySet.as_manager()

    class Meta:
        verbose_name = _("backfill")
        verbose_name_plural = _("backfills")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "job_type"],
                condition=Q(state__in=["running", "paused"]),
                name="one_unfinished_backfill_per_feed",
            ),
            models.CheckConstraint(
                condition=Q(since__lt=F("until"), reached__gte=F("since"), reached__lte=F("until")),
                name="backfill_range_is_forward",
            ),
            models.CheckConstraint(condition=Q(share__gte=1, share__lte=100), name="backfill_share_is_a_percentage"),
            models.CheckConstraint(
                condition=Q(state__in=["running", "paused"], finished_at=None)
                | (~Q(state__in=["running", "paused"]) & Q(finished_at__isnull=False)),
                name="backfill_is_finished_or_not",
            ),
        ]
        indexes = [models.Index(fields=["dealership", "job_type", "-id"], name="backfill_of_feed")]

    def __str__(self) -> str:
        return f"#{self.pk} {self.job_type}"

    @property
    def progress(self) -> float:
        """How much of the range is done, 0 to 1."""
        return round((self.reached - self.since) / (self.until - self.since), 4)
