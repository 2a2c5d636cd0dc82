"""How a person looks at lists: filters kept under a name, columns and density. Theirs alone."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from dealers.models.export import LONGEST_QUERY, MOST_COLUMNS
from dealers.models.people import User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def of(self, user: Any, resource: str = "") -> SavedViewQuerySet:
        """A person's own, of one list or of all."""
        found = self.filter(user_id=user.pk)
        return found.filter(resource=resource) if resource else found


class SavedView(models.Model):
    """Filters of a list under a name of the person's own; one of them may be what the list opens with."""

    MOST = 50
    """Of a list and a person."""

    user = models.ForeignKey(User, models.CASCADE, related_name="saved_views", db_index=False, verbose_name=_("whose"))
    resource = models.CharField(_("list"), max_length=100)
    name = models.CharField(_("name"), max_length=100)
    query = models.CharField(_("filters"), max_length=LONGEST_QUERY, blank=True)
    is_default = models.BooleanField(_("the list opens with it"), default=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                "user",
                "resource",
                Lower("name"),
                name="saved_view_once",
                violation_error_message=_("You have a view of this name."),
            ),
            models.UniqueConstraint(
                fields=["user", "resource"], condition=Q(is_default=True), name="saved_view_one_default"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def rename(self, name: str) -> None:
        """Raises ValidationError for a name that is taken or none."""
        self.name = name.strip()
        self.full_clean()
        self.save(update_fields=["name"])

    @transaction.atomic
    def make_default(self, on: bool = True) -> None:
        """The list opens with this one from now on, and with no other; or, not `on`, as it comes."""
        SavedView.objects.filter(user_id=self.user_id, resource=self.resource).update(is_default=False)
        SavedView.objects.filter(pk=self.pk).update(is_default=on)
        self.is_default = on


class ListPreference(models.Model):
    """Which columns of a list a person has chosen, in their order, and how close its rows stand."""

    class Density(models.TextChoices):
        COMFORTABLE = "comfortable", _("comfortable")
        COMPACT = "compact", _("compact")

    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_index=False)
    resource = models.CharField(_("list"), max_length=100)
    columns = ArrayField(
        models.CharField(max_length=100),
        default=list,
        blank=True,
        size=MOST_COLUMNS,
        help_text=_("None: the usual ones."),
    )
    density = models.CharField(_("density"), max_length=11, choices=Density, default=Density.COMFORTABLE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "resource"], name="list_preference_once")]

    def __str__(self) -> str:
        return f"{self.resource} of {self.user_id}"
