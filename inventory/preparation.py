"""A vehicle's way through its preparation, over several steps; and who works on it."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from dealers import audit
from dealers.models import Membership, User
from dealers.permissions import dealerships_of, table
from inventory.models import PreparationStep, Vehicle

CHANGE, WAIVE = "inventory.preparationstep:change", "inventory.preparationstep:waive"


def workers(dealerships: set[int] | None) -> QuerySet[User]:
    """The people of today who may do steps in these dealerships, in any for None."""
    places = Membership.objects.filter(role__in=table()[CHANGE]).current()
    if dealerships is not None:
        places = places.filter(dealership__in=dealerships)
    return User.objects.filter(pk__in=places.values("user"), is_active=True).order_by("name", "email")


def colleagues(user: Any, permission: str) -> QuerySet[User]:
    """Who may do steps where `user` may do `permission`."""
    return workers(dealerships_of(user, permission))


@transaction.atomic
def add(vehicle: Vehicle, *, name: str, target_hours: int, person: Any = None, by: Any) -> PreparationStep:
    """One more step, beside those that are under way. Raises ValidationError unless it is in preparation."""
    here = locked(vehicle)
    if here.status != Vehicle.Status.IN_PREPARATION:
        raise ValidationError(
            _("It is “%(status)s”: steps are added to what is in preparation.") % {"status": here.get_status_display()}
        )
    first = here.preparation_steps.open().order_by("position").first()
    made: PreparationStep = here.preparation_steps.create(
        dealership_id=here.dealership_id,
        name=name,
        target_hours=target_hours,
        position=first.position if first else 1,
        assignee=person,
    )
    made.start()
    audit.record("preparationstep.added", made, changes={"vehicle": here, "target_hours": target_hours})
    return made


@transaction.atomic
def release(vehicle: Vehicle, *, reason: str, by: Any) -> None:
    """Make it available without the steps that are open; each of them keeps who said so, when and why.

    Raises ValidationError if nothing is open.
    """
    here = locked(vehicle)
    left = here.preparation_steps.open().order_by("-position", "-pk")
    if not left:
        raise ValidationError(_("Nothing of its preparation is open."))
    for step in left:  # the last ones first, so that none of them begins
        step.finish(PreparationStep.Outcome.NOT_NEEDED, by, reason)
    here.move_to(Vehicle.Status.AVAILABLE, by=by)
    vehicle.refresh_from_db()


def locked(vehicle: Vehicle) -> Vehicle:
    rows = Vehicle.objects.select_for_update(of=("self",)).select_related("dealership")
    here: Vehicle = rows.get(pk=vehicle.pk)
    return here
