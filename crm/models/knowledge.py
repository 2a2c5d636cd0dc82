"""What a dealership knows of a customer: what was said, what was learnt, and what they drive."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.contact import DELETE, OfCustomer
from crm.models.customer import Customer
from dealers import audit
from dealers.fences import OwnKey
from dealers.versions import Versions
from inventory.models import Vehicle


class Note(OfCustomer):
    """Something that was said or happened between a customer and the dealership."""

    class Kind(models.TextChoices):
        NOTE = "note", _("note")
        CALL = "call", _("call")
        EMAIL = "email", _("e-mail")
        MEETING = "meeting", _("meeting")

    customer = OwnKey(Customer, models.CASCADE, related_name="notes", verbose_name=_("customer"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.NOTE)
    text = models.TextField(_("text"), max_length=10_000)
    at = models.DateTimeField(_("when"), default=timezone.now)
    written_by = models.CharField(_("who wrote it"), max_length=254, blank=True, editable=False)

    on_erasure = {"text": ""}
    history = Versions()

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["dealership", "customer", "-at"], name="note_of_customer")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text[:60]}"


class Attribute(OfCustomer):
    """Something learnt of a customer, and who or what says so; what no person said is true once one confirms it."""

    customer = OwnKey(Customer, models.CASCADE, related_name="learnt", verbose_name=_("customer"))
    key = models.CharField(_("what"), max_length=60)
    value = models.CharField(_("value"), max_length=500)
    said_by = models.CharField(_("who or what says so"), max_length=254, blank=True, editable=False)
    confidence = models.PositiveSmallIntegerField(
        _("confidence, %"), null=True, blank=True, validators=[MaxValueValidator(100)]
    )
    confirmed_by = models.CharField(_("confirmed by"), max_length=254, blank=True, editable=False)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    on_erasure = DELETE
    history = Versions()

    class Meta:
        verbose_name = _("attribute")
        verbose_name_plural = _("attributes")
        ordering = ["key", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "customer", "key", "value"],
                name="attribute_once",
                violation_error_message=_("This is known already."),
            ),
            models.CheckConstraint(condition=Q(confidence__lte=100), name="attribute_confidence"),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.value}"

    @transaction.atomic
    def confirm(self, *, by: Any = None) -> None:
        """A person says that it is so."""
        self.confirmed_by, self.confirmed_at = audit.signature() or str(by or "")[:254], timezone.now()
        self.save(update_fields=["confirmed_by", "confirmed_at"])
        audit.record("attribute.confirmed", self)


class Ownership(OfCustomer):
    """That a customer owns, or owned, a vehicle. It has one owner at a time."""

    customer = OwnKey(Customer, models.CASCADE, related_name="ownerships", verbose_name=_("customer"))
    vehicle = OwnKey(Vehicle, models.PROTECT, related_name="ownerships", verbose_name=_("vehicle"))
    since = models.DateField(_("since"), null=True, blank=True)
    until = models.DateField(_("until"), null=True, blank=True)
    plate = models.CharField(_("plate"), max_length=15, blank=True, help_text=_("As it was then."))

    on_erasure = {"plate": ""}
    history = Versions()

    class Meta:
        verbose_name = _("ownership")
        verbose_name_plural = _("ownerships")
        ordering = [F("until").desc(nulls_first=True), "-since", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "vehicle"],
                condition=Q(until=None),
                name="ownership_open",
                violation_error_message=_("The vehicle has an owner. Write until when, first."),
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(since=None) | Q(until__gte=F("since")),
                name="ownership_forward",
                violation_error_message=_("It ends after it begins."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.vehicle.name} {self.plate_now}".strip()

    @property
    def plate_now(self) -> str:
        """As it was written down, or as the vehicle has it."""
        return self.plate or self.vehicle.plate
