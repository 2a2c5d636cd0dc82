"""That two customers became one, with everything to take it back; and that one was erased."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.customer import Customer
from dealers.fences import OwnKey
from dealers.models import Dealership, DealershipRows

UNDONE_WITHIN = timedelta(days=90)


class Merge(models.Model):
    """A customer was taken into another one. Written and undone by `crm.merging`."""

    dealership = models.ForeignKey(Dealership, models.PROTECT, related_name="+", db_index=False, editable=False)
    winner = OwnKey(Customer, models.PROTECT, related_name="merges", verbose_name=_("stays"))
    loser = OwnKey(Customer, models.PROTECT, related_name="merged", verbose_name=_("was taken in"))
    fields = models.JSONField(_("fields"), default=dict)
    """Of the winner, by name: what it was before and what it became, sealed values as they are stored."""
    moved = models.JSONField(_("moved rows"), default=list)
    """Each with the model's label, its id, its columns as they were, and a keyed hash of it as it became."""
    at = models.DateTimeField(_("at"), db_default=Now())
    who = models.CharField(_("who did it"), max_length=254, blank=True)
    undone_at = models.DateTimeField(_("undone"), null=True)
    undone_by = models.CharField(_("who undid it"), max_length=254, blank=True)

    on_erasure: dict[str, Any] = {"fields": {}}
    stays_when_merged = True
    seen_with = "crm.customer:merge"
    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["dealership", "loser"], condition=Q(undone_at=None), name="merged_once"),
            models.CheckConstraint(condition=~Q(winner=F("loser")), name="merge_of_two"),
        ]
        indexes = [models.Index(fields=["dealership", "winner"], name="merge_of_winner")]

    def __str__(self) -> str:
        return f"{self.loser} → {self.winner}"

    @property
    def can_be_undone(self) -> bool:
        return self.undone_at is None and timezone.now() - self.at <= UNDONE_WITHIN


class Erasure(models.Model):
    """That the data of a customer were erased: ids alone, to do it again after a restore."""

    dealership = models.ForeignKey(Dealership, models.PROTECT, related_name="+", db_index=False, editable=False)
    customer_id = models.BigIntegerField(_("customer"))
    at = models.DateTimeField(_("at"), db_default=Now())

    seen_with = "crm.customer:erase"
    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        constraints = [models.UniqueConstraint(fields=["dealership", "customer_id"], name="erased_once")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.at:%Y-%m-%d}"
