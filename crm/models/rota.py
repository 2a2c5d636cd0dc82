"""Who is there to take the next lead: absences, and whose turn it was."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db import models
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from dealers.models import Dealership, DealershipRows, Membership, User
from dealers.roles import Role
from dealers.versions import Versions

SELLERS = (Role.SALESPERSON, Role.SALES_MANAGER, Role.OWNER)
"""Roles whose people may have leads; by the rule only salespeople get them."""


def sellers(dealership_id: int, roles: tuple[Role, ...] = SELLERS) -> QuerySet[User]:
    """The people of today of a dealership who may have leads, in a fixed order."""
    places = Membership.objects.filter(dealership=dealership_id, role__in=roles).current()
    return User.objects.filter(pk__in=places.values("user"), is_active=True).order_by("pk")


def salespeople(dealership_id: int, day: date) -> QuerySet[User]:
    """Those who get leads by the rule on a day: salespeople who are not absent."""
    away = Absence.objects.filter(dealership=dealership_id).on(day)
    return sellers(dealership_id, (Role.SALESPERSON,)).exclude(pk__in=away.values("user"))


class AbsenceRows(DealershipRows):
    def on(self, day: date) -> AbsenceRows:
        return self.filter(since__lte=day, until__gte=day)


class Absence(models.Model):
    """Days on which somebody is not there, the first and the last included."""

    dealership = models.ForeignKey(
        Dealership, models.CASCADE, related_name="absences", verbose_name=_("dealership"), db_index=False
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="absences", verbose_name=_("who"))
    since = models.DateField(_("first day"))
    until = models.DateField(_("last day"))
    reason = models.CharField(_("reason"), max_length=100, blank=True)

    history = Versions()
    objects = AbsenceRows.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ["-since", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "user", "since"],
                name="absence_once",
                violation_error_message=_("There is an absence of this person from this day on."),
            ),
            models.CheckConstraint(
                condition=Q(since__lte=F("until")),
                name="absence_is_forward",
                violation_error_message=_("The last day is not before the first."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user.get_short_name()} {self.since:%Y-%m-%d}"


class Turn(models.Model):
    """Who got the dealership's last lead by the rule. Whoever assigns the next one locks it."""

    dealership = models.OneToOneField(Dealership, models.CASCADE, related_name="+", editable=False)
    last = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False, db_index=False)

    seen_with = "crm.lead:view"
    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("turn")
        verbose_name_plural = _("turns")

    def __str__(self) -> str:
        return f"{self.dealership_id}: {self.last_id}"

    @staticmethod
    def take(dealership_id: int, day: date) -> Any:
        """The next salesperson in the circle who is there on a day; None if nobody is. In a transaction."""
        Turn.objects.bulk_create([Turn(dealership_id=dealership_id)], ignore_conflicts=True)
        turn = Turn.objects.select_for_update().get(dealership=dealership_id)
        there = list(salespeople(dealership_id, day))
        if not there:
            return None
        turn.last = next((each for each in there if each.pk > (turn.last_id or 0)), there[0])
        turn.save(update_fields=["last"])
        return turn.last
