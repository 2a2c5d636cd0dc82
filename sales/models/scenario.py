"""Offers of one deal side by side: price, items, trade-ins and finance."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.fences import OwnKey
from dealers.models import Dealership, DealershipRows
from dealers.versions import Versions
from inventory.models import Vehicle
from sales.arithmetic import LONGEST
from sales.models.catalogue import CatalogueItem, Kind, TaxRate
from sales.models.columns import dashed, money, percent
from sales.models.deal import Deal, OfDeal


class Scenario(OfDeal):
    """One way to make a deal. What it comes to, arithmetic says (`sales.offers`)."""

    class Method(models.TextChoices):
        ANNUITY = "annuity", _("annuity, on what is still owed")
        FLAT = "flat", _("flat, on what was owed at first")

    deal = OwnKey(Deal, models.CASCADE, related_name="scenarios", verbose_name=_("deal"))
    name = models.CharField(_("name"), max_length=60)
    is_chosen = models.BooleanField(_("chosen"), default=False, editable=False)
    is_locked = models.BooleanField(_("signed"), default=False, editable=False)
    """It was contracted, or stood beside what was: it stays as it is."""
    price = money(_("price of the vehicle"), default=Decimal(0))
    discount = money(_("discount"), default=Decimal(0))
    discount_reason = models.CharField(_("why the discount"), max_length=200, blank=True)
    tax = OwnKey(TaxRate, models.PROTECT, null=True, blank=True, related_name="scenarios", verbose_name=_("tax"))
    tax_inclusive = models.BooleanField(_("price with the tax"), default=True)
    lender = models.CharField(_("lender"), max_length=100, blank=True)
    method = models.CharField(_("method of interest"), max_length=10, choices=Method, default=Method.FLAT)
    rate = percent(_("interest, % a year"), 100, default=Decimal(0))
    term = models.PositiveSmallIntegerField(
        _("term, months"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST)],
        help_text=_("Blank: it is paid without finance."),
    )
    down_payment = money(_("down payment"), default=Decimal(0))
    balloon = money(_("balloon"), default=Decimal(0))
    commission_rate = percent(_("commission, % of the gross"), 100, default=Decimal(0))
    changed_at = models.DateTimeField(default=timezone.now, editable=False)

    on_erasure = {"name": dashed("name"), "discount_reason": dashed("discount_reason")}
    history = Versions()

    class Meta:
        verbose_name = _("scenario")
        verbose_name_plural = _("scenarios")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "deal"], condition=Q(is_chosen=True), name="scenario_one_chosen"
            ),
            models.CheckConstraint(
                condition=Q(discount__lte=F("price")),
                name="scenario_discount",
                violation_error_message=_("The discount is more than the price."),
            ),
            models.CheckConstraint(
                condition=Q(discount=0) | ~Q(discount_reason=""),
                name="scenario_discount_reason",
                violation_error_message=_("Write why there is a discount."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class OfScenario(models.Model):
    """A row that belongs to a scenario."""

    dealership = models.ForeignKey(Dealership, models.PROTECT, related_name="+", db_index=False, editable=False)
    scenario: Any

    seen_with = "sales.deal:view"
    objects: Any = DealershipRows.as_manager()

    class Meta:
        abstract = True


class Item(OfScenario):
    """Something sold beside the vehicle, out of the catalogue or written freely."""

    scenario = OwnKey(Scenario, models.CASCADE, related_name="items", verbose_name=_("scenario"))
    catalogue_item = OwnKey(
        CatalogueItem, models.PROTECT, null=True, blank=True, related_name="items", verbose_name=_("from the catalogue")
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.FEE)
    name = models.CharField(_("name"), max_length=120)
    quantity = models.DecimalField(
        _("quantity"),
        max_digits=10,
        decimal_places=3,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.001"))],
    )
    unit_price = money(_("unit price"))
    unit_cost = money(_("unit cost"), default=Decimal(0))
    tax = OwnKey(TaxRate, models.PROTECT, null=True, blank=True, related_name="items", verbose_name=_("tax"))
    tax_inclusive = models.BooleanField(_("with the tax"), default=False)

    on_erasure = {"name": dashed("name")}
    """Somebody's name may be engraved on it; its kind and price stay."""
    history = Versions()

    class Meta:
        verbose_name = _("item")
        verbose_name_plural = _("items")
        ordering = ["id"]
        constraints = [models.CheckConstraint(condition=Q(quantity__gt=0), name="item_quantity")]

    def __str__(self) -> str:
        return self.name


class TradeIn(OfScenario):
    """A vehicle that the customer gives in payment, and what is still owed on it; on delivery it comes into stock."""

    scenario = OwnKey(Scenario, models.CASCADE, related_name="trade_ins", verbose_name=_("scenario"))
    make = models.CharField(_("make"), max_length=60)
    model = models.CharField(_("model"), max_length=100)
    year = models.PositiveSmallIntegerField(
        _("model year"), null=True, blank=True, validators=[MinValueValidator(1900), MaxValueValidator(2100)]
    )
    vin = models.CharField(_("frame number"), max_length=17, blank=True)
    plate = models.CharField(_("plate"), max_length=15, blank=True)
    colour = models.CharField(_("colour"), max_length=60, blank=True)
    odometer = models.PositiveIntegerField(
        _("odometer, km"), null=True, blank=True, validators=[MaxValueValidator(9_999_999)]
    )
    allowance = money(_("allowance"))
    payoff = money(_("payoff"), default=Decimal(0), help_text=_("What is still owed on it; we pay it off."))
    vehicle = OwnKey(
        Vehicle,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="traded_in",
        editable=False,
        verbose_name=_("vehicle in stock"),
    )
    before = models.JSONField(default=dict, blank=True, editable=False)
    """Of a vehicle that we sold before: what its row said until it came back."""

    on_erasure = {"vin": "", "plate": ""}
    history = Versions()

    class Meta:
        verbose_name = _("trade-in")
        verbose_name_plural = _("trade-ins")
        ordering = ["id"]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.make, self.model, self.plate)))
