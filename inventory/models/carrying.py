"""What a dealership says it costs to keep a unit in stock."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dealers.models import Dealership, DealershipRows
from dealers.versions import Versions


class CarryingRate(models.Model):
    """Percent a year of what a unit cost, as a bank charges for a floor plan, from a day on until the next rate."""

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="carrying_rates", verbose_name=_("dealership"), db_index=False
    )
    valid_from = models.DateField(_("valid from"))
    percent = models.DecimalField(
        _("percent a year"),
        max_digits=5,
        decimal_places=2,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("Of a unit's cost: interest, space and insurance. It counts for each day in stock, of 365."),
    )

    history = Versions()
    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("carrying rate")
        verbose_name_plural = _("carrying rates")
        ordering = ["valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "valid_from"],
                name="carrying_rate_once",
                violation_error_message=_("There is a carrying rate from this day."),
            ),
            models.CheckConstraint(condition=Q(percent__range=(0, 100)), name="carrying_rate_range"),
        ]

    def __str__(self) -> str:
        return f"{self.percent.normalize():f} %" if self.percent is not None else ""
