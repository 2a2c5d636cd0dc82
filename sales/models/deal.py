"""A deal: who buys which vehicle from whom, and how far it has come."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import Customer, Lead
from dealers.fences import OwnKey
from dealers.models import Dealership, DealershipRows
from dealers.versions import Versions
from inventory.models import Vehicle
from sales.models.columns import money


def person(label: Any, **options: Any) -> Any:
    """Somebody who works there, kept for as long as the deal is."""
    options = {"null": True, "blank": True, "editable": False, **options}
    return models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=label, **options)


class DealRows(DealershipRows):
    """Deals of dealerships."""

    def waiting(self) -> DealRows:
        """Those of which somebody asked to have the price approved, and nobody has yet."""
        return self.filter(needs_approval=True, asked_at__isnull=False, approved_at=None, stage__in=Deal.OPEN)

    def held(self, pk: int) -> Deal:
        """One as it is now, for which whoever else changes it waits. Raises ValidationError if it is gone."""
        rows = self.select_for_update(of=("self",)).select_related("dealership", "vehicle", "customer")
        found: Deal | None = rows.filter(pk=pk).first()
        if found is None:
            raise ValidationError(_("Somebody has deleted this deal meanwhile."))
        return found


class Deal(models.Model):
    """The sale of a vehicle to a customer. Its verbs are in `sales.stages`; its offers are its scenarios."""

    class Stage(models.TextChoices):
        DRAFT = "draft", _("draft")
        QUOTED = "quoted", _("quoted")
        RESERVED = "reserved", _("reserved")
        APPROVED = "approved", _("approved")
        CONTRACTED = "contracted", _("contracted")
        DELIVERED = "delivered", _("delivered")
        LOST = "lost", _("lost")
        CANCELLED = "cancelled", _("cancelled")
        UNWOUND = "unwound", _("unwound")

    OPEN = (Stage.DRAFT, Stage.QUOTED, Stage.RESERVED, Stage.APPROVED)
    """Those in which its figures may change."""
    BINDING = (Stage.CONTRACTED, Stage.DELIVERED)
    OVER = (Stage.LOST, Stage.CANCELLED, Stage.UNWOUND)
    on_erasure = {"note": "", "ended_reason": ""}

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="deals", verbose_name=_("dealership"), db_index=False
    )
    number = models.CharField(_("number"), max_length=20, editable=False)
    order_number = models.CharField(_("order letter"), max_length=200, blank=True, editable=False)
    """Under which another system knows it (an SPK); several vehicles of one letter are several deals."""
    customer = OwnKey(Customer, models.PROTECT, related_name="deals", verbose_name=_("customer"))
    vehicle = OwnKey(Vehicle, models.PROTECT, related_name="deals", verbose_name=_("vehicle"))
    lead = OwnKey(
        Lead,
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="deals",
        verbose_name=_("lead"),
    )
    """Of which it was made."""
    salesperson = person(_("salesperson"), editable=True)
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.DRAFT, editable=False)
    note = models.TextField(_("note"), blank=True, max_length=4000)
    total = money(_("total price"), default=Decimal(0), editable=False)
    """Of the chosen scenario, as arithmetic says it, for lists to sort and to ask by."""
    revision = models.PositiveSmallIntegerField(_("revision"), default=0, editable=False)
    """How often it was contracted."""
    needs_approval = models.BooleanField(_("needs approval"), default=False, editable=False)
    asked_by = person(_("approval asked by"))
    asked_at = models.DateTimeField(_("approval asked"), null=True, blank=True, editable=False)
    approved_by = person(_("approved by"))
    approved_at = models.DateTimeField(_("approved"), null=True, blank=True, editable=False)
    approved_price = money(_("approved price"), null=True, blank=True, editable=False)
    contracted_at = models.DateTimeField(_("contracted"), null=True, blank=True, editable=False)
    delivered_at = models.DateTimeField(_("delivered"), null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(_("ended"), null=True, blank=True, editable=False)
    ended_reason = models.CharField(_("why it ended"), max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    history = Versions()
    objects: Any = DealRows.as_manager()

    class Meta:
        verbose_name = _("deal")
        verbose_name_plural = _("deals")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["dealership", "number"], name="deal_number"),
            models.UniqueConstraint(
                fields=["dealership", "customer", "vehicle"],
                condition=Q(stage__in=("draft", "quoted", "reserved", "approved", "contracted")),
                name="deal_open_once",
            ),
            models.UniqueConstraint(
                fields=["dealership", "vehicle"], condition=Q(stage="contracted"), name="deal_one_contract"
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | Q(asked_by=None) | ~Q(approved_by=F("asked_by")),
                name="deal_two_people",
            ),
            models.CheckConstraint(
                condition=~Q(stage__in=("approved", "contracted", "delivered"))
                | (Q(approved_at__isnull=False) & (Q(needs_approval=False) | Q(approved_by__isnull=False))),
                name="deal_is_approved",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=False, stage__in=("lost", "cancelled", "unwound"))
                | Q(ended_at=None) & ~Q(stage__in=("lost", "cancelled", "unwound")),
                name="deal_end",
            ),
        ]
        indexes = [
            models.Index(fields=["dealership", "stage", "-id"], name="deal_stage"),
            models.Index(fields=["dealership", "salesperson", "-id"], name="deal_salesperson"),
            models.Index(fields=["dealership", "-created_at"], name="deal_created"),
            models.Index(fields=["dealership", "order_number"], condition=~Q(order_number=""), name="deal_order"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def is_open(self) -> bool:
        return self.stage in self.OPEN

    @property
    def waits_for_approval(self) -> bool:
        return self.is_open and self.needs_approval and self.asked_at is not None and self.approved_at is None

    @property
    def chosen(self) -> Any:
        """The scenario that goes on; None while there is none."""
        return self.scenarios.filter(is_chosen=True).first()

    @property
    def reservation(self) -> Reservation | None:
        """The open one."""
        found: Reservation | None = self.reservations.filter(closed_at=None).first()
        return found

    @property
    def contract(self) -> Contract | None:
        """The one that binds; None while none does."""
        if self.stage not in self.BINDING:
            return None
        found: Contract | None = self.contracts.filter(revision=self.revision).first()
        return found

    @property
    def last_contract(self) -> Contract | None:
        """Of a deal that is over, the last one that bound it."""
        if self.stage not in self.OVER:
            return None
        found: Contract | None = self.contracts.order_by("-revision").first()
        return found

    @property
    def has_history(self) -> bool:
        """Whether somebody left money for it, or was given a document of it, and so a link."""
        return bool(self.deposits.exists() or self.documents.exists())


class OfDeal(models.Model):
    """A row that belongs to a deal and is seen by whoever sees it."""

    dealership = models.ForeignKey(Dealership, models.PROTECT, related_name="+", db_index=False, editable=False)
    deal: Any

    seen_with = "sales.deal:view"
    objects: Any = DealershipRows.as_manager()

    class Meta:
        abstract = True


class Reservation(OfDeal):
    """A vehicle is kept for a deal until a moment. A vehicle has one open reservation, whoever asks at once."""

    class End(models.TextChoices):
        RELEASED = "released", _("released")
        EXPIRED = "expired", _("expired")
        FULFILLED = "fulfilled", _("fulfilled")

    deal = OwnKey(Deal, models.CASCADE, related_name="reservations", verbose_name=_("deal"))
    vehicle = OwnKey(Vehicle, models.PROTECT, related_name="reservations", verbose_name=_("vehicle"))
    since = models.DateTimeField(_("since"), default=timezone.now)
    until = models.DateTimeField(_("until"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    end = models.CharField(_("how it ended"), max_length=10, choices=End, blank=True)

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "vehicle"], condition=Q(closed_at=None), name="reservation_one_open"
            ),
            models.CheckConstraint(condition=Q(since__lt=F("until")), name="reservation_forward"),
            models.CheckConstraint(
                condition=Q(closed_at=None, end="") | (Q(closed_at__isnull=False) & ~Q(end="")), name="reservation_end"
            ),
        ]
        indexes = [models.Index(fields=["until"], condition=Q(closed_at=None), name="reservation_until")]

    def __str__(self) -> str:
        return f"{self.vehicle_id} {self.until:%Y-%m-%d %H:%M}"


class Deposit(OfDeal):
    """Money that a customer left for a deal before it was signed."""

    class Method(models.TextChoices):
        CASH = "cash", _("cash")
        TRANSFER = "transfer", _("transfer")
        CARD = "card", _("card")
        OTHER = "other", _("other")

    deal = OwnKey(Deal, models.PROTECT, related_name="deposits", verbose_name=_("deal"))
    amount = money(_("amount"))
    method = models.CharField(_("method"), max_length=10, choices=Method, default=Method.CASH)
    reference = models.CharField(_("reference"), max_length=60, blank=True)
    received_on = models.DateField(_("received on"))

    on_erasure = {"reference": ""}
    history = Versions()

    class Meta:
        verbose_name = _("deposit")
        verbose_name_plural = _("deposits")
        ordering = ["received_on", "id"]
        constraints = [models.CheckConstraint(condition=Q(amount__gt=0), name="deposit_above_zero")]

    def __str__(self) -> str:
        return f"{self.received_on} {self.amount.normalize():f}"


class Contract(OfDeal):
    """The figures that were signed, as they were computed then; a new revision has a contract of its own."""

    deal = OwnKey(Deal, models.PROTECT, related_name="contracts", verbose_name=_("deal"))
    revision = models.PositiveSmallIntegerField(_("revision"))
    offer = models.JSONField(_("offer"))
    """What went into the calculation (`sales.offers.plain`)."""
    figures = models.JSONField(_("figures"))
    """What came out of it."""
    signed_at = models.DateTimeField(_("signed"), default=timezone.now)
    signed_by = person(_("contracted by"))

    class Meta:
        verbose_name = _("contract")
        verbose_name_plural = _("contracts")
        ordering = ["-revision"]
        constraints = [models.UniqueConstraint(fields=["dealership", "deal", "revision"], name="contract_revision")]

    def __str__(self) -> str:
        return f"{self.deal_id}/{self.revision}"
