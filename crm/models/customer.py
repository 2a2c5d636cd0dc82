"""A customer: one person or business from the first visit to the tenth service."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dealers.models import Dealership, DealershipRows
from dealers.versions import Versions


class Customer(models.Model):
    """A person or a business that a dealership knows."""

    class Kind(models.TextChoices):
        PERSON = "person", _("person")
        BUSINESS = "business", _("business")

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="customers", verbose_name=_("dealership"), db_index=False
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.PERSON)
    name = models.CharField(_("name"), max_length=200)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    history = Versions()
    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["-id"]

    def __str__(self) -> str:
        return self.name
