"""Files of vehicles for marketplaces: who may fetch one, by an address of its own."""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from dealers.models import Dealership, DealershipRows
from dealers.versions import Versions


class VehicleFeed(models.Model):
    """An address at which a marketplace fetches what a dealership has to sell; a new key makes a new address."""

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="+", verbose_name=_("dealership"), db_index=False
    )
    name = models.CharField(_("name"), max_length=100, help_text=_("Of the marketplace that fetches it."))
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    """What is signed in its address. By itself it opens nothing."""
    digest = models.CharField(max_length=64, blank=True, editable=False)
    """SHA-256 of what was told last."""
    changed_at = models.DateTimeField(_("content changed"), null=True, editable=False)
    fetched_at = models.DateTimeField(_("last fetched"), null=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    history = Versions(without=["digest", "changed_at", "fetched_at"])
    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("feed for a marketplace")
        verbose_name_plural = _("feeds for marketplaces")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "name"],
                name="vehiclefeed_name",
                violation_error_message=_("There is a feed with this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name
