"""Keys by which a form or a request that is sent twice makes one row."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dealers.models.dealership import Dealership, DealershipRows


class OneTimeKey(models.Model):
    """That a key was used, by whom, and for which row; written in the transaction that makes the row."""

    dealership = models.ForeignKey(Dealership, models.CASCADE, related_name="+", db_index=False)
    holder = models.CharField(_("who sent it"), max_length=40, help_text=_("A person or a service token, by its id."))
    key = models.CharField(_("key"), max_length=200)
    resource = models.CharField(_("kind of row"), max_length=100)
    asked = models.CharField(_("hash of what was sent"), max_length=64)
    row_id = models.BigIntegerField(_("row"), null=True)
    used_at = models.DateTimeField(_("used at"), auto_now_add=True)

    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("one-time key")
        verbose_name_plural = _("one-time keys")
        constraints = [
            models.UniqueConstraint(fields=["dealership", "holder", "key"], name="one_time_key_once"),
        ]
        indexes = [models.Index(fields=["holder", "key"], name="one_time_key_of_holder")]

    def __str__(self) -> str:
        return f"{self.resource} {self.row_id}"
