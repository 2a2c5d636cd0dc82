"""A run: one fetch of a job type for a dealership between two moments, and what came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.models import DealershipRows


class RunQuerySet(DealershipRows):
    def unfinished(self) -> RunQuerySet:
        return self.filter(state__in=Run.UNFINISHED)

    def abandoned(self) -> RunQuerySet:
        """Runs that say they run although nobody has held them for the length of a lease."""
        return self.filter(state=Run.State.RUNNING, leased_until__lt=timezone.now())


class Run(models.Model):
    """One fetch of a feed's window. Its counts add up, by a constraint."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        PARTIAL = "partial", _("partial")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    UNFINISHED = (State.QUEUED, State.RUNNING)
    COUNTS = ("received", "created", "updated", "unchanged", "quarantined")

    feed = models.ForeignKey(
        "ingestion.Feed", models.PROTECT, related_name="runs", verbose_name=_("feed"), db_index=False
    )
    dealership = models.ForeignKey(
        "dealers.Dealership", models.PROTECT, related_name="+", verbose_name=_("dealership"), db_index=False
    )
    job_type = models.CharField(_("job type"), max_length=40)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.QUEUED)
    received = models.PositiveIntegerField(_("received"), default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    quarantined = models.PositiveIntegerField(_("quarantined"), default=0)
    unknown_fields = models.PositiveIntegerField(
        _("unknown fields"),
        default=0,
        help_text=_("Fields that the specification does not know, kept with their records."),
    )
    error = models.TextField(_("error"), blank=True)
    started_by = models.CharField(
        _("started by"), max_length=200, help_text=_("A person's address, “schedule” or “command”.")
    )
    queued_at = models.DateTimeField(_("queued"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["dealership", "job_type", "-id"], name="run_of_feed"),
            models.Index(fields=["state", "-id"], name="run_by_state"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "job_type"],
                condition=Q(state__in=["queued", "running"]),
                name="one_unfinished_run_per_feed",
            ),
            models.CheckConstraint(
                condition=Q(received=F("created") + F("updated") + F("unchanged") + F("quarantined")),
                name="run_counts_add_up",
            ),
            models.CheckConstraint(condition=Q(since__lte=F("until")), name="run_window_is_forward"),
            models.CheckConstraint(
                condition=Q(state__in=["queued", "running"], finished_at=None)
                | (~Q(state__in=["queued", "running"]) & Q(finished_at__isnull=False)),
                name="run_is_finished_or_not",
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.job_type}"

    @property
    def outcome(self) -> str:
        """State and counts, or the error, in a line."""
        counts = ", ".join(f"{count} {name}" for name in self.COUNTS if (count := getattr(self, name)))
        return f"{self.state}: {self.error or counts or 'nothing new'}"

    @property
    def seconds(self) -> float | None:
        """How long it has run."""
        if self.started_at is None:
            return None
        return ((self.finished_at or timezone.now()) - self.started_at).total_seconds()
