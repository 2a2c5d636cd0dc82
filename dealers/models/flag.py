"""What is switched on, for the installation or for a dealership."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from dealers.flags import FLAGS
from dealers.models.dealership import Dealership


class Flag(models.Model):
    """A feature switched on or off for everybody, or for one dealership. Without a row it is off."""

    name = models.CharField(_("feature"), max_length=40, choices=[(name, flag.words) for name, flag in FLAGS.items()])
    dealership = models.ForeignKey(
        Dealership,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="flags",
        db_index=False,
        verbose_name=_("dealership"),
        help_text=_("Blank: the whole installation."),
    )
    is_on = models.BooleanField(_("on"), default=False)

    class Meta:
        verbose_name = _("feature flag")
        verbose_name_plural = _("feature flags")
        ordering = ["name", "dealership"]
        constraints = [
            models.UniqueConstraint(fields=["dealership", "name"], name="flag_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.name} {'on' if self.is_on else 'off'}"
