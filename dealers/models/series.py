"""Numbers that a dealership gives to its vehicles, deals and documents, one after the other."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dealers.models.dealership import Dealership, DealershipRows


class Series(models.Model):
    """The last number that was given; `dealers.numbers` gives the next."""

    dealership = models.ForeignKey(Dealership, models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(_("of what"), max_length=40)
    last = models.BigIntegerField(_("last number"), default=0)

    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("series of numbers")
        verbose_name_plural = _("series of numbers")
        constraints = [models.UniqueConstraint(fields=["dealership", "name"], name="series_once")]

    def __str__(self) -> str:
        return f"{self.name} {self.last}"
