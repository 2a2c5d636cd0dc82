"""What deals are made of besides vehicles: a dealership's taxes, and what it sells with a vehicle."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.db import models
from django.db.models import F, Window
from django.db.models.functions import RowNumber
from django.utils.translation import gettext_lazy as _

from dealers.fences import OwnKey
from dealers.models import Dealership, DealershipRows
from dealers.versions import Versions
from sales.models.columns import money, percent


class TaxRates(DealershipRows):
    """Rates of taxes, of each name several in time."""

    def valid_on(self, day: date) -> TaxRates:
        """Of each tax the newest that is valid on a day."""
        newest = Window(RowNumber(), partition_by=[F("dealership"), F("name")], order_by=F("valid_from").desc())
        return self.filter(valid_from__lte=day).annotate(newest=newest).filter(newest=1)

    def replaced(self, rates: Iterable[TaxRate], day: date) -> list[tuple[TaxRate, TaxRate]]:
        """Of a dealership's rates those that another one of the same tax has followed by a day, each with that one."""
        used = {each.name: each for each in rates if each.valid_from <= day}
        followers = self.filter(dealership__in={each.dealership_id for each in used.values()}).valid_on(day)
        return [(used[new.name], new) for new in followers if new.name in used and used[new.name].pk != new.pk]


class TaxRate(models.Model):
    """What a tax takes from a day on. A rate that deals use stays as it is: the next one is another row."""

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="tax_rates", verbose_name=_("dealership"), db_index=False
    )
    name = models.CharField(_("name"), max_length=60)
    percent = percent(_("percent"), 1000)
    valid_from = models.DateField(_("valid from"))

    history = Versions()
    objects = TaxRates.as_manager()

    class Meta:
        verbose_name = _("tax rate")
        verbose_name_plural = _("tax rates")
        ordering = ["name", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "name", "valid_from"],
                name="tax_rate_once",
                violation_error_message=_("This tax has a rate from this day."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.percent.normalize():f} %" if self.percent is not None else self.name

    @property
    def is_used(self) -> bool:
        return self.scenarios.exists() or self.items.exists()


class Kind(models.TextChoices):
    """What stands on a line of an offer (sales.arithmetic.Kind)."""

    FEE = "fee", _("fee")
    WARRANTY = "warranty", _("warranty")
    SERVICE = "service", _("service")
    ACCESSORY = "accessory", _("accessory")
    OTHER = "other", _("other")


class CatalogueItem(models.Model):
    """Something that a dealership sells with a vehicle, with its usual price."""

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="catalogue", verbose_name=_("dealership"), db_index=False
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    name = models.CharField(_("name"), max_length=120)
    unit_price = money(_("unit price"))
    unit_cost = money(_("unit cost"), default=0)
    tax = OwnKey(TaxRate, models.PROTECT, null=True, blank=True, related_name="catalogue", verbose_name=_("tax"))
    tax_inclusive = models.BooleanField(_("price with the tax"), default=False)
    is_active = models.BooleanField(_("offered"), default=True)

    history = Versions()
    objects: Any = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("item of the catalogue")
        verbose_name_plural = _("catalogue")
        ordering = ["kind", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "name"],
                name="catalogue_item_once",
                violation_error_message=_("The catalogue has an item of this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name
