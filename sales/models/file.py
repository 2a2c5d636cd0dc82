"""Files that people bring to a deal: an identity card, a signed contract, a proof of payment."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models import DELETE
from dealers.fences import OwnKey
from dealers.models import DealershipRows
from sales.models.deal import Deal, OfDeal, person


class DealFiles(DealershipRows):
    """Files of deals."""

    def without_content(self) -> DealFiles:
        return self.defer("content")


class DealFile(OfDeal):
    """A file as it came, a photo drawn anew. Only what a virus scanner found clean is handed out, if there is one."""

    class Kind(models.TextChoices):
        IDENTITY = "identity", _("identity document")
        FAMILY = "family", _("family card")
        TAX = "tax", _("tax number")
        OFFER = "offer", _("accepted offer")
        CONTRACT = "contract", _("signed contract")
        PAYMENT = "payment", _("proof of payment")
        FINANCE = "finance", _("lender's approval")
        TRADE_IN = "trade_in", _("papers of the trade-in")
        HANDOVER = "handover", _("signed handover protocol")
        OTHER = "other", _("other file")

    class State(models.TextChoices):
        PENDING = "pending", _("waits for the virus scanner")
        CLEAN = "clean", _("clean")
        UNSCANNED = "unscanned", _("not scanned")
        INFECTED = "infected", _("blocked")

    OPEN = (State.CLEAN, State.UNSCANNED)
    """Those that are handed out."""

    deal = OwnKey(Deal, models.CASCADE, related_name="files", verbose_name=_("deal"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.OTHER)
    name = models.CharField(_("name"), max_length=100)
    content_type = models.CharField(_("format"), max_length=100)
    size = models.PositiveIntegerField(_("size, bytes"))
    sha256 = models.CharField(max_length=64)
    """Of the file as it was sent."""
    content = models.BinaryField()
    """Blank once something was found in it."""
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    finding = models.CharField(_("what was found"), max_length=200, blank=True)
    added_by = person(_("added by"))
    added_at = models.DateTimeField(_("added"), default=timezone.now)
    scanned_at = models.DateTimeField(_("scanned"), null=True, blank=True)

    on_erasure = DELETE
    objects = DealFiles.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("file of a deal")
        verbose_name_plural = _("files of deals")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["dealership", "deal", "sha256"], name="deal_file_once"),
            models.CheckConstraint(
                condition=~Q(state="infected") | (Q(content=b"") & ~Q(finding="")), name="deal_file_blocked"
            ),
        ]
        indexes = [models.Index(fields=["dealership", "id"], condition=Q(state="pending"), name="deal_file_pending")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        """Whether it is handed out."""
        return self.state in self.OPEN
