"""Papers of a deal: documents as they were printed, links by which a customer accepts one, registration papers."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.fences import OwnKey
from dealers.models import Dealership, DealershipRows
from dealers.versions import Versions
from sales.models.columns import dashed
from sales.models.deal import Deal, OfDeal, person


class Document(OfDeal):
    """A PDF as it was made; making it anew is another version."""

    class Kind(models.TextChoices):
        OFFER = "offer", _("offer")
        ORDER = "order", _("order")
        CONTRACT = "contract", _("contract")
        HANDOVER = "handover", _("handover protocol")

    deal = OwnKey(Deal, models.PROTECT, related_name="documents", verbose_name=_("deal"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    version = models.PositiveSmallIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=10)
    pdf = models.BinaryField()
    sha256 = models.CharField(max_length=64, editable=False)
    facts = models.JSONField(default=dict)
    """What stands in it, as it was handed over to the template; a customer's page shows the same."""
    made_by = person(_("made by"))
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    erased_at = models.DateTimeField(_("removed"), null=True, blank=True, editable=False)
    """When the customer's data were erased, and the file with them; what it was, and its hash, stay."""

    on_erasure = {"pdf": b"", "facts": {}, "erased_at": Coalesce("erased_at", Now())}

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["dealership", "deal", "kind", "version"], name="document_version")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.version}"


class OfferLinks(DealershipRows):
    """Links to documents."""

    def open(self) -> OfferLinks:
        """Those that lead somewhere."""
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class OfferLink(OfDeal):
    """A link by which whoever has it sees one document and may accept it once. Only a hash of its token is stored."""

    deal = OwnKey(Deal, models.PROTECT, related_name="links", verbose_name=_("deal"))
    document = OwnKey(Document, models.PROTECT, related_name="links", verbose_name=_("document"))
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_by = person(_("made by"))
    made_at = models.DateTimeField(_("made"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    accepted_name = models.CharField(_("accepted by"), max_length=200, blank=True)
    accepted_from = models.GenericIPAddressField(_("from the address"), null=True, blank=True)
    accepted_sha256 = models.CharField(max_length=64, blank=True)
    """Of the document that was accepted."""

    on_erasure = {
        "accepted_name": dashed("accepted_name"),
        "accepted_from": None,
        "revoked_at": Coalesce("revoked_at", Now()),
    }
    objects = OfferLinks.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("customer's link")
        verbose_name_plural = _("customers' links")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at=None) | (~Q(accepted_name="") & ~Q(accepted_sha256="")),
                name="offer_link_evidence",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.expires_at:%Y-%m-%d}"

    @property
    def is_open(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()


class Registrations(DealershipRows):
    """Registration papers."""

    def in_status(self, *statuses: str) -> Registrations:
        """As the days that are written say it."""
        asked, came, gone = (
            Q(**{f"{name}__isnull": False}) for name in ("requested_on", "received_on", "handed_over_on")
        )
        conditions = {
            "not_requested": ~asked & ~came & ~gone,
            "requested": asked & ~came & ~gone,
            "received": came & ~gone,
            "handed_over": gone,
        }
        found = Q(pk__in=())
        for status in statuses:
            found |= conditions[status]
        return self.filter(found)


class Registration(models.Model):
    """A paper that an office makes for a sold vehicle (STNK, BPKB, a title), from asking for it to handing it over."""

    class Kind(models.TextChoices):
        STNK = "stnk", _("STNK")
        BPKB = "bpkb", _("BPKB")
        TITLE = "title", _("title")
        PLATES = "plates", _("plates")
        OTHER = "other", _("other paper")

    class Status(models.TextChoices):
        NOT_REQUESTED = "not_requested", _("not requested")
        REQUESTED = "requested", _("requested")
        RECEIVED = "received", _("received")
        HANDED_OVER = "handed_over", _("handed over")

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="registrations", verbose_name=_("dealership"), db_index=False
    )
    deal = OwnKey(Deal, models.PROTECT, related_name="registrations", verbose_name=_("deal"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    number = models.CharField(_("number"), max_length=60, blank=True)
    requested_on = models.DateField(_("requested on"), null=True, blank=True)
    received_on = models.DateField(_("received on"), null=True, blank=True)
    handed_over_on = models.DateField(_("handed over on"), null=True, blank=True)
    received_by = models.CharField(_("handed over to"), max_length=200, blank=True)
    note = models.CharField(_("note"), max_length=300, blank=True)

    on_erasure = {"number": "", "note": "", "received_by": dashed("received_by")}
    history = Versions()
    objects: Any = Registrations.as_manager()

    class Meta:
        verbose_name = _("registration paper")
        verbose_name_plural = _("registration papers")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "deal", "kind"],
                name="registration_once",
                violation_error_message=_("This deal has a paper of this kind."),
            ),
            models.CheckConstraint(
                condition=Q(received_on=None) | Q(requested_on__isnull=False, received_on__gte=F("requested_on")),
                name="registration_received",
                violation_error_message=_("It is received after it was requested."),
            ),
            models.CheckConstraint(
                condition=Q(handed_over_on=None) | Q(received_on__isnull=False, handed_over_on__gte=F("received_on")),
                name="registration_handed_over",
                violation_error_message=_("It is handed over after it was received."),
            ),
            models.CheckConstraint(
                condition=Q(handed_over_on=None) | ~Q(received_by=""),
                name="registration_received_by",
                violation_error_message=_("Write to whom it was handed over."),
            ),
        ]
        indexes = [
            models.Index(
                fields=["dealership", "requested_on"],
                condition=Q(received_on=None, requested_on__isnull=False),
                name="registration_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}".strip()

    @property
    def status(self) -> Status:
        """What the days that are written say."""
        if self.handed_over_on:
            return self.Status.HANDED_OVER
        if self.received_on:
            return self.Status.RECEIVED
        return self.Status.REQUESTED if self.requested_on else self.Status.NOT_REQUESTED
