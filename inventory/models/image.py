"""Photos of a vehicle: what is kept of them, and where."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from dealers.fences import OwnKey
from dealers.models import DealershipRows
from inventory.models.vehicle import OfVehicle, Vehicle


class ImageRows(DealershipRows):
    """Photos of vehicles. By themselves they are in the order that the dealership gave them."""

    def main(self) -> ImageRows:
        """The one photo of each vehicle that stands for it."""
        return self.filter(is_primary=True)

    def main_first(self) -> ImageRows:
        """As others are shown them."""
        return self.order_by("-is_primary", "position", "id")


class VehicleImage(OfVehicle):
    """A photo, as the WebP pictures that were made of it; the file that was sent is not kept."""

    class Kind(models.TextChoices):
        EXTERIOR = "exterior", _("exterior")
        INTERIOR = "interior", _("interior")
        DETAIL = "detail", _("detail")
        DAMAGE = "damage", _("damage")

    vehicle = OwnKey(Vehicle, models.CASCADE, related_name="images", verbose_name=_("vehicle"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.EXTERIOR)
    position = models.PositiveSmallIntegerField(_("position"))
    is_primary = models.BooleanField(_("main photo"), default=False)
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    """Of its files: a name that says nothing and cannot be guessed."""
    widths = ArrayField(models.PositiveIntegerField(), editable=False)
    """Of its pictures, the smallest first."""
    width = models.PositiveIntegerField(_("width"), editable=False)
    height = models.PositiveIntegerField(_("height"), editable=False)
    size = models.PositiveIntegerField(_("bytes"), editable=False)
    """Of all its pictures together."""
    sha256 = models.CharField(max_length=64, editable=False)
    """Of the file that was sent."""
    created_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects: Any = ImageRows.as_manager()  # type: ignore[misc]
    seen_with = "inventory.vehicle:view"

    class Meta:
        verbose_name = _("photo")
        verbose_name_plural = _("photos")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "vehicle"], condition=Q(is_primary=True), name="vehicleimage_one_primary"
            ),
            models.UniqueConstraint(fields=["dealership", "vehicle", "sha256"], name="vehicleimage_once"),
        ]
        indexes = [models.Index(fields=["vehicle", "position"], name="vehicleimage_order")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.position}"

    def file(self, width: int) -> str:
        """The name in the storage of its picture of this width."""
        return f"{str(self.key)[:2]}/{self.key}/{width}.webp"

    @property
    def files(self) -> list[str]:
        return [self.file(width) for width in self.widths]

    def fitting(self, wanted: int) -> int:
        """The width of the smallest picture that is `wanted` pixels wide, or of the widest."""
        return next((width for width in self.widths if width >= wanted), self.widths[-1])

    def scaled_height(self, width: int) -> int:
        return max(1, round(self.height * width / self.width))

    def describe(self, place: int, of: int) -> Any:
        """What it shows, for those who do not see it."""
        return _("%(vehicle)s, %(kind)s, %(place)s of %(of)s") % {
            "vehicle": self.vehicle.name,
            "kind": self.get_kind_display(),
            "place": place,
            "of": of,
        }
