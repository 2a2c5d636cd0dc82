"""That a vehicle went from one dealership of a group to another."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from dealers.fences import OwnKey
from dealers.models import Dealership
from inventory.models.vehicle import OfVehicle, Vehicle


def other_dealership(label: Any) -> Any:
    """One that who sees the row may not see."""
    return models.ForeignKey(
        Dealership, models.PROTECT, related_name="+", db_index=False, db_constraint=False, verbose_name=label
    )


class Transfer(OfVehicle):
    """It belongs, as all of the vehicle's rows, to where the vehicle is now."""

    vehicle = OwnKey(Vehicle, models.CASCADE, related_name="transfers", verbose_name=_("vehicle"))
    origin = other_dealership(_("from"))
    destination = other_dealership(_("to"))
    stock_number_before = models.CharField(_("stock number before"), max_length=30)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    done_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False, verbose_name=_("who")
    )
    done_at = models.DateTimeField(_("at"), auto_now_add=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    seen_with = "inventory.vehicle:view"

    class Meta:
        verbose_name = _("transfer")
        verbose_name_plural = _("transfers")
        ordering = ["-done_at", "-id"]
        constraints = [
            models.CheckConstraint(condition=~Q(origin=F("destination")), name="transfer_leads_elsewhere"),
        ]

    def __str__(self) -> str:
        return f"{self.origin_id} → {self.destination_id}"
