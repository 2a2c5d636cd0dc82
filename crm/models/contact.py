"""How to reach a customer, and what they agreed to be reached for."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm.models.customer import Customer
from dealers.fences import OwnKey
from dealers.models import Dealership, DealershipRows
from dealers.versions import Versions

DELETE = "delete"
"""`on_erasure` of a model whose rows are deleted with the customer's data."""


class OfCustomer(models.Model):
    """A row about a customer, which goes with them when they are merged.

    `on_erasure` says what its columns become when the customer is erased, or DELETE. `moved_with` says what a row
    takes on if it contradicts one of the customer it is moved to. `stays_when_merged`: it is not moved.
    """

    dealership = models.ForeignKey(Dealership, models.PROTECT, related_name="+", db_index=False, editable=False)
    customer: Any

    objects = DealershipRows.as_manager()

    class Meta:
        abstract = True


class ContactPoint(OfCustomer):
    """A telephone number or an e-mail of a customer."""

    class Kind(models.TextChoices):
        PHONE = "phone", _("telephone")
        EMAIL = "email", _("e-mail")

    customer = OwnKey(Customer, models.CASCADE, related_name="contact_points", verbose_name=_("customer"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    value = models.CharField(_("number or e-mail"), max_length=254, help_text=_("A number is kept with its country."))
    label = models.CharField(_("label"), max_length=40, blank=True, help_text=_("Such as mobile, home, work."))
    is_primary = models.BooleanField(_("used first"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    on_erasure = DELETE
    moved_with = {"is_primary": False}
    history = Versions()

    class Meta:
        verbose_name = _("contact point")
        verbose_name_plural = _("contact points")
        ordering = ["-is_primary", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "customer", "kind", "value"],
                name="contact_point_once",
                violation_error_message=_("The customer has this already."),
            ),
            models.UniqueConstraint(
                fields=["dealership", "customer", "kind"],
                condition=Q(is_primary=True),
                name="contact_point_primary",
                violation_error_message=_("Another one is used first."),
            ),
        ]
        indexes = [models.Index(fields=["dealership", "value"], name="contact_point_value")]

    def __str__(self) -> str:
        return self.value


class Address(OfCustomer):
    """Where a customer lives, works, or wants a vehicle brought to."""

    customer = OwnKey(Customer, models.CASCADE, related_name="addresses", verbose_name=_("customer"))
    label = models.CharField(_("label"), max_length=40, blank=True, help_text=_("Such as home, work, delivery."))
    street = models.CharField(_("street"), max_length=300)
    city = models.CharField(_("city"), max_length=100, blank=True)
    region = models.CharField(_("province or state"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    country = models.CharField(_("country"), max_length=2, blank=True)
    access_notes = models.TextField(_("how to get in"), blank=True, max_length=1000)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    on_erasure = DELETE
    history = Versions()

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")
        ordering = ["id"]

    def __str__(self) -> str:
        return ", ".join(filter(None, (self.street, self.postal_code, self.city, self.region)))


class Consent(OfCustomer):
    """That a customer agreed, or no longer agrees, to be reached by a number or an e-mail for a purpose.

    Evidence: the database lets nobody change or delete a row. It holds no number, only a keyed hash of it: who has
    another number has agreed to nothing, and whoever said STOP is not written to after everything else was erased.
    """

    class Purpose(models.TextChoices):
        MARKETING = "marketing", _("offers")
        SERVICE = "service", _("appointments and reminders")
        SURVEY = "survey", _("surveys")

    class Source(models.TextChoices):
        FORM = "form", _("form")
        PAPER = "paper", _("on paper")
        SPOKEN = "spoken", _("said it")
        MESSAGE = "message", _("by a message, such as STOP")
        IMPORTED = "imported", _("brought from elsewhere")

    customer = OwnKey(Customer, models.PROTECT, related_name="consents", verbose_name=_("customer"))
    contact_hash = models.CharField(max_length=64, editable=False)
    channel = models.CharField(_("channel"), max_length=10, choices=Customer.Channel)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose)
    is_given = models.BooleanField(_("agrees"))
    wording = models.TextField(_("wording"), blank=True, help_text=_("What the customer was asked."))
    wording_version = models.CharField(_("version of the wording"), max_length=40)
    source = models.CharField(_("source"), max_length=10, choices=Source)
    who = models.CharField(_("who wrote it down"), max_length=254, blank=True)
    at = models.DateTimeField(_("at"), db_default=Now())

    on_erasure: dict[str, Any] = {}
    stays_when_merged = True
    seen_with = "crm.customer:view"

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-at", "-id"]
        indexes = [
            models.Index(fields=["dealership", "contact_hash", "channel", "purpose", "-at"], name="consent_of_contact"),
        ]

    def __str__(self) -> str:
        word = _("agrees") if self.is_given else _("does not agree")
        return f"{self.get_channel_display()}, {self.get_purpose_display()}: {word}"
