"""A dealership's logo, kept in the database so that every host serves the same one."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers.models.dealership import Dealership, DealershipRows


class Logo(models.Model):
    """A dealership's picture as `dealers.logos` made it; apart from the dealership's row, which is read often."""

    seen_with = "dealers.dealership:view"

    dealership = models.OneToOneField(Dealership, models.CASCADE, related_name="+", verbose_name=_("dealership"))
    png = models.BinaryField(_("picture"))
    width = models.PositiveSmallIntegerField(_("width in pixels"))
    height = models.PositiveSmallIntegerField(_("height in pixels"))
    sha256 = models.CharField(max_length=64, editable=False, help_text=_("Of the picture."))
    stored_at = models.DateTimeField(_("stored"), default=timezone.now, editable=False)

    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("logo")
        verbose_name_plural = _("logos")

    def __str__(self) -> str:
        return f"{self.dealership} {self.width} × {self.height}"
