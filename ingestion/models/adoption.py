"""What a dealership made of its records: which wait, which became something, and which could not, and why."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dealers.models import DealershipRows


class AdoptionRows(DealershipRows):
    def waiting(self) -> AdoptionRows:
        return self.filter(state=Adoption.State.WAITING)


class Adoption(models.Model):
    """That a record is to be adopted, or was; written as waiting with the record, where its feed adopts."""

    class State(models.TextChoices):
        WAITING = "waiting", _("waiting")
        ADOPTED = "adopted", _("adopted")
        REFUSED = "refused", _("could not be")

    dealership = models.ForeignKey("dealers.Dealership", models.CASCADE, related_name="+", db_index=False)
    job_type = models.CharField(_("job type"), max_length=40)
    record_id = models.BigIntegerField(_("record"))
    natural_key = models.CharField(_("key"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    made = models.JSONField(_("became"), default=list, blank=True)
    """The rows that it became or refreshed: each with the model, the id and the words of it."""
    problems = models.JSONField(_("why not"), default=list, blank=True)
    """In words, one for each part of it that could not be adopted."""
    kept = models.JSONField(_("kept as people wrote it"), default=list, blank=True)
    """Attributes that say something else here, and stay: what, here, there."""
    adopted_at = models.DateTimeField(_("adopted"), null=True, blank=True)

    objects = AdoptionRows.as_manager()
    seen_with = "ingestion.adoption:view"

    class Meta:
        verbose_name = _("adoption")
        verbose_name_plural = _("adoptions")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["dealership", "job_type", "record_id"], name="adoption_of_record")
        ]
        indexes = [
            models.Index(fields=["dealership", "id"], condition=models.Q(state="waiting"), name="adoption_waiting"),
            models.Index(fields=["dealership", "state", "-id"], name="adoption_state"),
        ]

    def __str__(self) -> str:
        return f"{self.job_type} {self.name_of_record}"

    @property
    def name_of_record(self) -> str:
        """Its key, or its number as long as nobody has looked at it."""
        return self.natural_key or f"#{self.record_id}"
