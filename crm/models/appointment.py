"""An appointment with a lead: a visit, a call, a test drive."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Func, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.models.lead import Lead
from dealers import audit
from dealers.fences import OwnKey
from dealers.models import Dealership, DealershipRows, User
from dealers.versions import Versions
from inventory.models import Vehicle

LONGEST = timedelta(hours=24)
TIME = Func("starts_at", "ends_at", function="TSTZRANGE", output_field=DateTimeRangeField())
"""From the start to before the end: the next one may begin when this one ends."""
TAKES_TIME = Q(status__in=("planned", "done"))


class AppointmentRows(DealershipRows):
    def planned(self) -> AppointmentRows:
        return self.filter(status=Appointment.Status.PLANNED)


class Appointment(models.Model):
    """When a salesperson meets a lead, with a vehicle perhaps. Neither of both is ever booked twice at a time."""

    class Kind(models.TextChoices):
        VISIT = "visit", _("visit")
        CALL = "call", _("call")
        TEST_DRIVE = "test_drive", _("test drive")

    class Status(models.TextChoices):
        PLANNED = "planned", _("planned")
        DONE = "done", _("done")
        NO_SHOW = "no_show", _("did not come")
        CANCELLED = "cancelled", _("cancelled")

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="appointments", verbose_name=_("dealership"), db_index=False
    )
    lead = OwnKey(Lead, models.CASCADE, related_name="appointments", verbose_name=_("lead"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.VISIT)
    salesperson = models.ForeignKey(
        User, models.PROTECT, related_name="appointments", verbose_name=_("salesperson"), db_index=False
    )
    vehicle = OwnKey(
        Vehicle, models.SET_NULL, null=True, blank=True, related_name="appointments", verbose_name=_("vehicle")
    )
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.PLANNED, editable=False)
    notes = models.CharField(_("notes"), max_length=500, blank=True)

    on_erasure = {"notes": ""}

    history = Versions()
    objects = AppointmentRows.as_manager()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        ordering = ["starts_at", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__lt=F("ends_at"), ends_at__lte=F("starts_at") + LONGEST),
                name="appointment_is_forward",
                violation_error_message=_("It ends after it starts, within a day."),
            ),
            ExclusionConstraint(
                name="appointment_salesperson_once",
                expressions=[
                    ("dealership", RangeOperators.EQUAL),
                    ("salesperson", RangeOperators.EQUAL),
                    (TIME, RangeOperators.OVERLAPS),
                ],
                condition=TAKES_TIME,
                violation_error_message=_("The salesperson has another appointment at this time."),
            ),
            ExclusionConstraint(
                name="appointment_vehicle_once",
                expressions=[
                    ("dealership", RangeOperators.EQUAL),
                    ("vehicle", RangeOperators.EQUAL),
                    (TIME, RangeOperators.OVERLAPS),
                ],
                condition=TAKES_TIME & Q(vehicle__isnull=False),
                violation_error_message=_("The vehicle is in another appointment at this time."),
            ),
        ]
        indexes = [models.Index(fields=["dealership", "salesperson", "starts_at"], name="appointment_of_whom")]

    def __str__(self) -> str:
        at = timezone.localtime(self.starts_at, self.dealership.zone)
        return f"{at:%Y-%m-%d %H:%M} {self.get_kind_display()}"

    @property
    def is_planned(self) -> bool:
        return self.status == self.Status.PLANNED

    def clean(self) -> None:
        """Raises ValidationError for a test drive without a vehicle, which no page offers otherwise."""
        if self.kind == self.Kind.TEST_DRIVE and self.vehicle_id is None:
            raise ValidationError({"vehicle": _("Choose the vehicle that is driven.")})

    def validate_constraints(self, exclude: Any = None) -> None:
        """No form has the status, yet constraints ask for it."""
        super().validate_constraints(exclude=set(exclude or ()) - {"status"})

    def finish(self, *, by: Any = None) -> None:
        """It took place."""
        self.end(self.Status.DONE)

    def miss(self, *, by: Any = None) -> None:
        """They did not come."""
        self.end(self.Status.NO_SHOW)

    def cancel(self, words: str = "", *, by: Any = None) -> None:
        """It does not take place; its time is free again."""
        self.end(self.Status.CANCELLED, words)

    @transaction.atomic
    def end(self, status: str, words: str = "") -> None:
        """Raises ValidationError for one that is not planned any more, and for what cannot have happened yet."""
        self.refresh_from_db(from_queryset=Appointment.objects.select_for_update(of=("self",)))
        if not self.is_planned:
            raise ValidationError(
                _("“%(appointment)s” is %(status)s already.")
                % {"appointment": self, "status": self.get_status_display()}
            )
        if status != self.Status.CANCELLED and self.starts_at > timezone.now():
            raise ValidationError(_("“%(appointment)s” has not begun: cancel it.") % {"appointment": self})
        before, self.status = self.status, status
        self.save(update_fields=["status"])
        changes = {"status": [before, status]} | ({"words": ["", words]} if words else {})
        audit.record(f"appointment.{status}", self, changes=changes)
