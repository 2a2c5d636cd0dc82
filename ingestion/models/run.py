"""A run: one fetch of a job type for a dealership between two moments, and what came of it."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.backoffice import trace
from dealers.fences import OwnKey
from dealers.models import DealershipRows


class RunQuerySet(DealershipRows):
    def unfinished(self) -> RunQuerySet:
        return self.filter(state__in=Run.UNFINISHED)

    def abandoned(self) -> RunQuerySet:
        """Runs that say they run although nobody has renewed their lease in time."""
        return self.filter(state=Run.State.RUNNING, leased_until__lt=Now())

    def flagged(self) -> RunQuerySet:
        """What a person should look at and nobody has."""
        return self.exclude(flag="").filter(flag_seen_at=None)

    def waiting(self, lane: str) -> RunQuerySet:
        """The queue of a lane; what belongs to a backfill that is paused or has ended stands aside."""
        goes_on = Q(backfill=None) | Q(backfill__state="running")
        return self.filter(goes_on, state=Run.State.QUEUED, kind__in=Run.LANES[lane])


class Run(models.Model):
    """One fetch of a feed's window. Its counts add up, by a constraint."""

    class State(models.TextChoices):
        QUEUED = "queued", _("queued")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("succeeded")
        PARTIAL = "partial", _("partial")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("cancelled")

    class Kind(models.TextChoices):
        LIVE = "live", _("live")
        BACKFILL = "backfill", _("backfill")
        COMPARISON = "comparison", _("comparison")
        REPLAY = "replay", _("replay")
        IMPORT = "import", _("import")

    UNFINISHED = (State.QUEUED, State.RUNNING)
    LANES = {"live": (Kind.LIVE,), "bulk": (Kind.BACKFILL, Kind.COMPARISON)}
    """Which queue's workers carry out which runs; replays and imports are done by who asks for them."""
    COUNTS = ("received", "created", "updated", "unchanged", "quarantined")

    feed = OwnKey("ingestion.Feed", models.PROTECT, related_name="runs", verbose_name=_("feed"), db_index=False)
    dealership = models.ForeignKey(
        "dealers.Dealership", models.PROTECT, related_name="+", verbose_name=_("dealership"), db_index=False
    )
    connection = models.ForeignKey(
        "ingestion.Connection", models.PROTECT, related_name="+", verbose_name=_("connection"), db_index=False
    )
    backfill = OwnKey(
        "ingestion.Backfill", models.PROTECT, null=True, blank=True, related_name="runs", verbose_name=_("backfill")
    )
    job_type = models.CharField(_("job type"), max_length=40)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.LIVE)
    slot = models.DateTimeField(
        _("slot"), null=True, blank=True, help_text=_("The moment of the schedule that asked for it.")
    )
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
    calls = models.PositiveIntegerField(_("requests made"), default=0)
    differences = models.JSONField(_("differences"), null=True, blank=True, help_text=_("What a comparison found."))
    flag = models.TextField(_("to look at"), blank=True, help_text=_("Why a person should look at what it stored."))
    flag_seen_by = models.CharField(_("looked at by"), max_length=200, blank=True)
    flag_seen_at = models.DateTimeField(_("looked at"), null=True, blank=True)
    error = models.TextField(_("error"), blank=True)
    started_by = models.CharField(
        _("started by"), max_length=200, help_text=_("A person's address, “schedule” or “command”.")
    )
    queued_at = models.DateTimeField(_("queued"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)

    # Who holds it: `ingestion.claims`. Every claim has a higher fence, so a holder that was given up cannot write.
    leased_until = models.DateTimeField(null=True, blank=True, editable=False)
    fence = models.PositiveIntegerField(default=0, editable=False)
    takeovers = models.PositiveSmallIntegerField(_("workers lost"), default=0)
    reached = models.DateTimeField(_("stored up to"), null=True, blank=True, editable=False)
    request_id = models.CharField(
        _("request"),
        max_length=trace.LONGEST,
        blank=True,
        editable=False,
        default=trace.current_id,
        help_text=_("Of the request, task or command that asked for it; its calls bear it."),
    )

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["dealership", "job_type", "-id"], name="run_of_feed"),
            models.Index(fields=["state", "-id"], name="run_by_state"),
            models.Index(fields=["connection", "id"], condition=Q(state="queued"), name="run_queue"),
            models.Index(fields=["leased_until"], condition=Q(state="running"), name="run_lease"),
            models.Index(fields=["finished_at"], name="run_by_end"),
            models.Index(fields=["-id"], condition=~Q(flag="") & Q(flag_seen_at=None), name="run_flagged"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "job_type", "kind"],
                condition=Q(state__in=["queued", "running"]),
                name="one_unfinished_run_per_feed",
            ),
            models.UniqueConstraint(
                fields=["dealership", "job_type", "slot"], condition=Q(slot__isnull=False), name="one_run_per_slot"
            ),
            models.CheckConstraint(
                condition=Q(received=F("created") + F("updated") + F("unchanged") + F("quarantined")),
                name="run_counts_add_up",
            ),
            models.CheckConstraint(condition=Q(since__lte=F("until")), name="run_window_is_forward"),
            models.CheckConstraint(
                condition=Q(kind="backfill", backfill__isnull=False) | (~Q(kind="backfill") & Q(backfill=None)),
                name="run_of_a_backfill_or_not",
            ),
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
