"""The dealership, its hours, and the rows that belong to it."""

from __future__ import annotations

import zoneinfo
from typing import TYPE_CHECKING, Any

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from dealers.versions import Versions

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from dealers.models.people import User


def validate_time_zone(name: str) -> None:
    """Refuse a name that the time zone database does not know."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("%(name)s is no time zone; write one such as Asia/Jakarta."), params={"name": name})


class Group(models.Model):
    """The owner of several dealerships."""

    name = models.CharField(_("name"), max_length=200, unique=True)

    class Meta:
        verbose_name = _("group of dealerships")
        verbose_name_plural = _("groups of dealerships")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class DealershipQuerySet(models.QuerySet["Dealership"]):
    def visible_to(self, user: User | AnonymousUser, permission: str = "") -> DealershipQuerySet:
        """The dealerships in which `user` may do `permission`, or whose rows they may see at all.

        All for a platform administrator, else those of a membership of today whose role says so.
        """
        from dealers.permissions import dealerships_of

        found = dealerships_of(user, permission)
        return self if found is None else self.filter(pk__in=found)


class Dealership(models.Model):
    """One outlet with its DGI dealer code: the owner of every row that carries `dealership_id`."""

    code = models.CharField(_("dealer code"), max_length=20, unique=True, help_text=_("As the manufacturer writes it."))
    name = models.CharField(_("name"), max_length=200)
    group = models.ForeignKey(
        Group, models.PROTECT, null=True, blank=True, related_name="dealerships", verbose_name=_("group")
    )
    legal_name = models.CharField(_("legal name"), max_length=200, blank=True)
    licence_number = models.CharField(_("dealer licence"), max_length=60, blank=True)
    tax_number = models.CharField(_("tax number"), max_length=60, blank=True)
    street = models.CharField(_("street"), max_length=300, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    region = models.CharField(_("province or state"), max_length=100, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=20, blank=True)
    country = models.CharField(
        _("country"), max_length=2, default="ID", validators=[RegexValidator("^[A-Z]{2}$", _("Two capital letters."))]
    )
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    website = models.CharField(_("website"), max_length=200, blank=True, validators=[URLValidator(["https", "http"])])
    time_zone = models.CharField(_("time zone"), max_length=64, default="Asia/Jakarta", validators=[validate_time_zone])
    language = models.CharField(_("language"), max_length=10, default="id")
    currency = models.CharField(
        _("currency"),
        max_length=3,
        default="IDR",
        validators=[RegexValidator("^[A-Z]{3}$", _("Three capital letters."))],
    )
    brand_colour = models.CharField(
        _("brand colour"),
        max_length=7,
        blank=True,
        validators=[RegexValidator("^#[0-9a-fA-F]{6}$", _("Write a colour such as #c8102e."))],
    )
    is_active = models.BooleanField(_("active"), default=True)

    history = Versions()
    objects = DealershipQuerySet.as_manager()

    class Meta:
        verbose_name = _("dealership")
        verbose_name_plural = _("dealerships")
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}".strip()

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.time_zone)


class DealershipRows(models.QuerySet[Any]):
    """The rows of a model that carries `dealership_id`."""

    def visible_to(self, user: User | AnonymousUser, permission: str = "") -> DealershipRows:
        """Those of the dealerships in which `user` may do `permission`, by default see the model's rows."""
        from dealers.permissions import dealerships_of, to_see

        found = dealerships_of(user, permission or to_see(self.model))
        return self if found is None else self.filter(dealership__in=found)


class OpeningHours(models.Model):
    """When a dealership is open on a weekday; a weekday may have several, or none when it is closed."""

    class Weekday(models.IntegerChoices):
        MONDAY = 1, _("Monday")
        TUESDAY = 2, _("Tuesday")
        WEDNESDAY = 3, _("Wednesday")
        THURSDAY = 4, _("Thursday")
        FRIDAY = 5, _("Friday")
        SATURDAY = 6, _("Saturday")
        SUNDAY = 7, _("Sunday")

    dealership = models.ForeignKey(
        Dealership, models.CASCADE, related_name="opening_hours", verbose_name=_("dealership"), db_index=False
    )
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday)
    opens = models.TimeField(_("opens"))
    closes = models.TimeField(_("closes"))

    history = Versions()
    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = _("opening hours")
        ordering = ["weekday", "opens"]
        constraints = [
            models.UniqueConstraint(fields=["dealership", "weekday", "opens"], name="opening_hours_once"),
            models.CheckConstraint(
                condition=models.Q(opens__lt=models.F("closes")),
                name="opening_hours_are_forward",
                violation_error_message=_("It closes after it opens."),
            ),
            models.CheckConstraint(condition=models.Q(weekday__range=(1, 7)), name="opening_hours_weekday"),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}-{self.closes:%H:%M}"


class Holiday(models.Model):
    """A day on which a dealership is closed."""

    dealership = models.ForeignKey(
        Dealership, models.CASCADE, related_name="holidays", verbose_name=_("dealership"), db_index=False
    )
    day = models.DateField(_("day"))
    name = models.CharField(_("name"), max_length=100, blank=True)

    history = Versions()
    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("holiday")
        verbose_name_plural = _("holidays")
        ordering = ["day"]
        constraints = [models.UniqueConstraint(fields=["dealership", "day"], name="holiday_once")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.name}".strip()
