"""Records that could not be stored, each with its reason and as it was received."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.models import DealershipRows


class QuarantinedRecord(models.Model):
    """A record that could not be read. The same record arriving again is the same entry."""

    dealership = models.ForeignKey(
        "dealers.Dealership", models.PROTECT, related_name="+", verbose_name=_("dealership"), db_index=False
    )
    run = models.ForeignKey("ingestion.Run", models.PROTECT, related_name="quarantine", verbose_name=_("first met by"))
    job_type = models.CharField(_("job type"), max_length=40)
    natural_key = models.TextField(_("natural key"), blank=True)
    field = models.CharField(
        _("field"), max_length=200, blank=True, help_text=_("As the gateway spells it; blank: the record as a whole.")
    )
    reason = models.TextField(_("reason"))
    raw = models.TextField(_("as received"))
    raw_hash = models.UUIDField(editable=False)
    quarantined_at = models.DateTimeField(_("quarantined"), default=timezone.now)

    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("quarantined record")
        verbose_name_plural = _("quarantine")
        ordering = ["-id"]
        constraints = [models.UniqueConstraint(fields=["dealership", "job_type", "raw_hash"], name="quarantined_once")]

    def __str__(self) -> str:
        return f"{self.natural_key or '?'}: {self.reason}"
