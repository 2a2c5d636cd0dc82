"""Records that could not be stored, each with its reason and as it was received."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.models import DealershipRows


class QuarantineQuerySet(DealershipRows):
    def waiting(self) -> QuarantineQuerySet:
        """What nobody has dealt with."""
        return self.filter(state=QuarantinedRecord.State.WAITING)


class QuarantinedRecord(models.Model):
    """A record that could not be read. The same record arriving again is the same entry."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        STORED = "stored", _("stored")
        IGNORED = "ignored", _("ignored")

    dealership = models.ForeignKey(
        "dealers.Dealership", models.PROTECT, related_name="+", verbose_name=_("dealership"), db_index=False
    )
    # It may be a neighbour's whose answer brought the record, and so not there for who sees the entry.
    run = models.ForeignKey(
        "ingestion.Run", models.PROTECT, related_name="quarantine", verbose_name=_("first met by"), db_constraint=False
    )
    job_type = models.CharField(_("job type"), max_length=40)
    natural_key = models.TextField(_("natural key"), blank=True)
    dealer_code = models.CharField(
        _("foreign dealer code"), max_length=100, blank=True, help_text=_("What it bears instead of its dealership's.")
    )
    field = models.CharField(
        _("field"), max_length=200, blank=True, help_text=_("As the gateway spells it; blank: the record as a whole.")
    )
    reason = models.TextField(_("reason"))
    cause = models.CharField(
        _("cause"), max_length=200, help_text=_("The reason without the values in it: what entries are grouped by.")
    )
    raw = models.TextField(_("as received"))
    raw_hash = models.UUIDField(editable=False)
    quarantined_at = models.DateTimeField(_("quarantined"), default=timezone.now)
    received_at = models.DateTimeField(
        _("last received"), default=timezone.now, help_text=_("The same moment for all that one answer brought.")
    )
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.WAITING)
    settled_at = models.DateTimeField(_("settled"), null=True, blank=True)
    settled_by = models.CharField(
        _("settled by"), max_length=200, blank=True, help_text=_("The person, or the run that brought it whole.")
    )
    why_ignored = models.TextField(_("why it is ignored"), blank=True)

    objects = QuarantineQuerySet.as_manager()

    class Meta:
        verbose_name = _("quarantined record")
        verbose_name_plural = _("quarantine")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["dealership", "job_type", "raw_hash"], name="quarantined_once"),
            models.CheckConstraint(
                condition=models.Q(state="waiting", settled_at=None)
                | (~models.Q(state="waiting") & models.Q(settled_at__isnull=False)),
                name="quarantine_is_settled_or_not",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="ignored") | ~models.Q(why_ignored=""),
                name="quarantine_ignored_with_a_reason",
            ),
        ]
        indexes = [
            models.Index(
                fields=["dealership", "job_type", "natural_key"],
                condition=models.Q(state="waiting"),
                name="quarantine_waiting",
            ),
            models.Index(
                fields=["job_type", "dealer_code"],
                condition=models.Q(state="waiting") & ~models.Q(dealer_code=""),
                name="quarantine_strangers",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.natural_key or '?'}: {self.reason}"
