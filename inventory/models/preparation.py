"""What is done with a vehicle until it can be sold: a dealership's list of steps, and the steps of each vehicle.

Steps of one position go side by side, those of the next begin when all before them are over. A step's hours count from
its beginning, around the clock: the opening hours' clock is crm's, which stands above.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from dealers import audit
from dealers.fences import OwnKey
from dealers.models import Dealership, DealershipRows
from dealers.versions import Versions
from inventory.models.vehicle import OfVehicle, Vehicle

AT_LEAST_ONE = MinValueValidator(1)


def person(label: Any, **options: Any) -> Any:
    return models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        verbose_name=label,
        **options,
    )


class PlannedStep(models.Model):
    """A step that a dealership's vehicles go through before they are sold."""

    dealership = models.ForeignKey(
        Dealership, models.PROTECT, related_name="planned_steps", verbose_name=_("dealership"), db_index=False
    )
    name = models.CharField(_("step"), max_length=100)
    condition = models.CharField(
        _("of vehicles that are"),
        max_length=10,
        choices=Vehicle.Condition,
        blank=True,
        help_text=_("Blank: of all vehicles."),
    )
    position = models.PositiveSmallIntegerField(
        _("position"),
        default=1,
        validators=[AT_LEAST_ONE],
        help_text=_("Steps of one position go side by side; the next ones begin when they are over."),
    )
    target_hours = models.PositiveSmallIntegerField(
        _("target, hours"),
        default=24,
        validators=[AT_LEAST_ONE],
        help_text=_("Around the clock, from the beginning of the step."),
    )
    assignee = person(_("who does it"))

    history = Versions()
    objects = DealershipRows.as_manager()

    class Meta:
        verbose_name = _("step of the preparation")
        verbose_name_plural = _("steps of the preparation")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["dealership", "name", "condition"],
                name="planned_step_once",
                violation_error_message=_("The list has a step of this name."),
            ),
            models.CheckConstraint(condition=Q(position__gte=1, target_hours__gte=1), name="planned_step_positive"),
        ]

    def __str__(self) -> str:
        return self.name


class PreparationSteps(DealershipRows):
    """Steps of vehicles."""

    def open(self) -> PreparationSteps:
        """Those that are still to do."""
        return self.filter(outcome="")

    def in_state(self, states: Iterable[str], now: datetime) -> PreparationSteps:
        """Those that are as one of these says: a late one is under way too."""
        states_ = PreparationStep.State
        conditions = {
            states_.WAITING: Q(outcome="", started_at=None),
            states_.UNDER_WAY: Q(outcome="", started_at__isnull=False),
            states_.LATE: Q(outcome="", due_at__lt=now),
            states_.DONE: Q(outcome=PreparationStep.Outcome.DONE),
            states_.NOT_NEEDED: Q(outcome=PreparationStep.Outcome.NOT_NEEDED),
        }
        wanted = Q(pk__in=())
        for state in states:
            wanted |= conditions[states_(state)]
        return self.filter(wanted)

    def begin(self, vehicle: Vehicle) -> None:
        """Start the preparation of a vehicle that the caller has locked: with what is left, else with the list."""
        mine = self.filter(vehicle=vehicle)
        if not mine.open().exists():
            for planned in vehicle.dealership.planned_steps.filter(condition__in=("", vehicle.condition)):
                PreparationStep.objects.create(
                    dealership_id=vehicle.dealership_id,
                    vehicle=vehicle,
                    name=planned.name,
                    position=planned.position,
                    target_hours=planned.target_hours,
                    assignee_id=planned.assignee_id,
                )
        mine.go_on()

    def go_on(self) -> None:
        """Let those of the lowest position that is not over begin."""
        left = list(self.open().order_by("position", "pk"))
        for step in left:
            if step.position == left[0].position and step.started_at is None:
                step.start()

    def pause(self) -> None:
        """Stop the clock of those that are open: they begin again with the preparation."""
        for step in self.open().exclude(started_at=None):
            step.started_at = step.due_at = None
            step.save(update_fields=["started_at", "due_at"])


class PreparationStep(OfVehicle):
    """A step until a vehicle can be sold: by when it should be over, and who finished it when."""

    class Outcome(models.TextChoices):
        DONE = "done", _("done")
        NOT_NEEDED = "not_needed", _("not needed")

    class State(models.TextChoices):
        WAITING = "waiting", _("waits its turn")
        UNDER_WAY = "under_way", _("under way")
        LATE = "late", _("late")
        DONE = "done", _("done")
        NOT_NEEDED = "not_needed", _("not needed")

    vehicle = OwnKey(Vehicle, models.CASCADE, related_name="preparation_steps", verbose_name=_("vehicle"))
    name = models.CharField(_("step"), max_length=100)
    position = models.PositiveSmallIntegerField(_("position"), default=1)
    target_hours = models.PositiveSmallIntegerField(_("target, hours"), default=24)
    assignee = person(_("who does it"))
    started_at = models.DateTimeField(_("started"), null=True, blank=True, editable=False)
    due_at = models.DateTimeField(_("due"), null=True, blank=True, editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True, editable=False)
    finished_by = person(_("finished by"), editable=False)
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome, blank=True, editable=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True, editable=False)

    history = Versions()
    seen_with = "inventory.vehicle:view"
    objects: Any = PreparationSteps.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("preparation step")
        verbose_name_plural = _("preparation")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at=None, outcome="") | (Q(finished_at__isnull=False) & ~Q(outcome="")),
                name="preparation_step_end",
            ),
            models.CheckConstraint(
                condition=Q(started_at=None, due_at=None)
                | Q(started_at__isnull=False, due_at__isnull=False, due_at__gte=F("started_at")),
                name="preparation_step_due",
            ),
            models.CheckConstraint(
                condition=Q(finished_at=None) | Q(started_at=None) | Q(finished_at__gte=F("started_at")),
                name="preparation_step_forward",
            ),
        ]
        indexes = [models.Index(fields=["dealership", "due_at"], condition=Q(outcome=""), name="preparation_open")]

    def __str__(self) -> str:
        return self.name

    @property
    def is_open(self) -> bool:
        return not self.outcome

    @property
    def is_late(self) -> bool:
        """Whether it took, or takes, longer than it may."""
        return self.due_at is not None and (self.finished_at or timezone.now()) > self.due_at

    @property
    def state(self) -> State:
        if self.outcome:
            return self.State(self.outcome)
        if self.started_at is None:
            return self.State.WAITING
        return self.State.LATE if self.is_late else self.State.UNDER_WAY

    def start(self) -> None:
        self.started_at = timezone.now()
        self.due_at = self.started_at + timedelta(hours=self.target_hours)
        self.save(update_fields=["started_at", "due_at"])

    # -- verbs

    @transaction.atomic
    def done(self, *, by: Any) -> None:
        """It is done, by whoever says so. Raises ValidationError if it is over already."""
        self.locked().finish(self.Outcome.DONE, by)

    @transaction.atomic
    def not_needed(self, *, reason: str, by: Any) -> None:
        """The vehicle goes without it. Raises ValidationError if it is over already."""
        self.locked().finish(self.Outcome.NOT_NEEDED, by, reason)

    @transaction.atomic
    def take(self, *, by: Any) -> None:
        """Whoever says so does it from now on. Raises ValidationError if it is over already."""
        self.locked().give(by, "preparationstep.taken")

    @transaction.atomic
    def assign(self, *, person: Any, by: Any) -> None:
        """A person, or nobody, does it from now on. Raises ValidationError if it is over already."""
        self.locked().give(person, "preparationstep.assigned")

    def locked(self) -> PreparationStep:
        """It as it is now, if it is open; whoever else changes the vehicle or one of its steps waits."""
        Vehicle.objects.select_for_update(of=("self",)).get(pk=self.vehicle_id)
        here: PreparationStep = PreparationStep.objects.select_for_update(of=("self",)).get(pk=self.pk)
        if not here.is_open:
            raise ValidationError(
                _("“%(step)s” is over already: %(outcome)s.")
                % {"step": here.name, "outcome": here.get_outcome_display()}
            )
        return here

    def finish(self, outcome: Outcome, by: Any, reason: str = "") -> None:
        """End it, and let the next ones begin while the vehicle is in preparation. The caller has locked it."""
        self.outcome, self.reason, self.finished_at = outcome, reason, timezone.now()
        self.finished_by_id = getattr(by, "pk", None)
        self.save(update_fields=["outcome", "reason", "finished_at", "finished_by"])
        audit.record(f"preparationstep.{outcome.value}", self, changes={"vehicle": self.vehicle_id}, reason=reason)
        if Vehicle.objects.filter(pk=self.vehicle_id, status=Vehicle.Status.IN_PREPARATION).exists():
            PreparationStep.objects.filter(vehicle=self.vehicle_id).go_on()

    def give(self, person: Any, verb: str) -> None:
        before, self.assignee_id = self.assignee, getattr(person, "pk", None)
        self.save(update_fields=["assignee"])
        audit.record(verb, self, changes={"assignee": [str(before or ""), str(person or "")]})
