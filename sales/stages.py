"""The verbs of a deal: each says from which stages it leads, locks what it changes, and tells the audit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from dealers import audit, numbers
from dealers.models import User
from inventory.models import Vehicle
from sales import handover, offers, scenarios
from sales.arithmetic import BadOffer
from sales.models import Deal, Registration, Reservation, Scenario

SERIES, NUMBER = "deal", "{:06}"
RESERVED_FOR = timedelta(days=7)
LONGEST_RESERVATION = timedelta(days=90)
Stage, Status, End = Deal.Stage, Vehicle.Status, Reservation.End
BEFORE_CONTRACT = Deal.OPEN

FROM: dict[str, Sequence[str]] = {}
"""The stages from which each verb leads."""
NOT_FROM = gettext_lazy("Deal %(number)s is %(stage)s; this is possible only while it is %(stages)s.")
Work = Callable[..., Any]


def verb(name: str, *stages: str) -> Callable[[Work], Work]:
    """A verb of a deal in one of `stages`; the work gets the deal locked, as it is now."""
    FROM[name] = stages

    def decorate(work: Work) -> Work:
        @wraps(work)
        @transaction.atomic
        def done(deal: Deal, *, by: Any, **given: Any) -> Any:
            here = locked(deal.pk)
            before = here.stage
            if before not in stages:
                raise ValidationError(
                    NOT_FROM
                    % {
                        "number": here.number,
                        "stage": here.get_stage_display(),
                        "stages": ", ".join(str(Stage(each).label) for each in stages),
                    }
                )
            told = work(here, by=by, **given)
            here.save()
            changes = {"stage": [before, here.stage], **{key: [None, value] for key, value in given.items() if value}}
            audit.record(f"deal.{name}", here, changes=changes, reason=str(given.get("reason", "")))
            deal.refresh_from_db()
            return told

        return done

    return decorate


def locked(pk: int) -> Deal:
    """The deal as it is now. Raises ValidationError if it is gone."""
    found: Deal = Deal.objects.held(pk)
    return found


def person_of(by: Any) -> User | None:
    """Who acts; None for a program."""
    return by if isinstance(by, User) else None


def need_the_only(customer: Any, vehicle: Any, here: int | None = None) -> None:
    """Raises ValidationError if there is another unfinished deal of this customer and vehicle than `here`."""
    unfinished = Deal.objects.filter(customer=customer, vehicle=vehicle, stage__in=[*Deal.OPEN, Stage.CONTRACTED])
    if (other := unfinished.exclude(pk=here or 0).first()) is not None:
        words = _("Deal %(number)s of this customer and vehicle is not finished.")
        raise ValidationError(words % {"number": other.number})


@transaction.atomic
def begin(deal: Deal) -> Deal:
    """Store a new deal, with a number and its first scenario."""
    deal.number = NUMBER.format(numbers.next_of(deal.dealership_id, SERIES))
    deal.save(force_insert=True)
    scenarios.start(deal)
    return deal


def priced(deal: Deal) -> Scenario:
    """The chosen scenario, if it can be calculated and has a price. Raises ValidationError."""
    chosen = deal.chosen
    if chosen is None:
        raise ValidationError(_("Deal %(number)s has no chosen scenario. Choose one.") % {"number": deal.number})
    chosen.deal = deal
    try:
        offers.summary_of(chosen)
    except BadOffer as error:
        raise ValidationError(str(error))
    if not chosen.price:
        raise ValidationError(_("“%(name)s” has no price. Write one first.") % {"name": chosen})
    found: Scenario = chosen
    return found


# -- to the contract


@verb("quote", Stage.DRAFT)
def quote(deal: Deal, *, by: Any) -> None:
    """It was offered to the customer."""
    priced(deal)
    deal.stage = Stage.QUOTED


@verb("reserve", *BEFORE_CONTRACT)
def reserve(deal: Deal, *, by: Any, until: datetime | None = None) -> None:
    """Keep the vehicle for this deal. Of several at once one has it."""
    now = timezone.now()
    until = until or now + RESERVED_FOR
    if not now < until <= now + LONGEST_RESERVATION:
        raise ValidationError(
            _("A vehicle is reserved until a moment in the next %(days)s days.") % {"days": LONGEST_RESERVATION.days}
        )
    over = Reservation.objects.filter(vehicle=deal.vehicle_id, closed_at=None, until__lte=now).first()
    if over is not None:
        let_expire(over.deal if over.deal_id == deal.pk else locked(over.deal_id), deal)
    vehicle = handover.locked(deal.vehicle_id)
    standing = Reservation.objects.filter(vehicle=vehicle, closed_at=None).select_related("deal").first()
    if standing is not None:
        raise ValidationError(
            _("%(vehicle)s is reserved for deal %(number)s until %(until)s.")
            % {
                "vehicle": vehicle,
                "number": standing.deal.number,
                "until": f"{standing.until.astimezone(deal.dealership.zone):%Y-%m-%d %H:%M}",
            }
        )
    vehicle.move_to(Status.RESERVED, by=by, through_deal=True)
    Reservation.objects.create(dealership_id=deal.dealership_id, deal=deal, vehicle=vehicle, until=until)
    if deal.stage != Stage.APPROVED:
        deal.stage = Stage.RESERVED


def let_go(deal: Deal, end: str, *, by: Any = None) -> None:
    """Close the deal's open reservation, if there is one, and let others have the vehicle."""
    standing = deal.reservation
    if standing is None:
        return
    standing.closed_at, standing.end = timezone.now(), end
    standing.save(update_fields=["closed_at", "end"])
    if end != End.FULFILLED:
        handover.locked(deal.vehicle_id).move_to(Status.AVAILABLE, by=by, through_deal=True)
    if deal.stage == Stage.RESERVED:
        deal.stage = Stage.QUOTED


def let_expire(holder: Deal, here: Deal) -> None:
    """End the overdue reservation of `holder`, which may be the deal `here` that is being worked on."""
    if holder.pk == here.pk:
        let_go(here, End.EXPIRED)
        return
    standing = holder.reservation
    if standing is not None and standing.until <= timezone.now():
        let_go(holder, End.EXPIRED)
        holder.save()
        audit.record("deal.reservation_expired", holder)


def expire() -> int:
    """End every reservation that is over; how many."""
    count = 0
    for pk in Reservation.objects.filter(closed_at=None, until__lte=timezone.now()).values_list("deal", flat=True):
        with transaction.atomic():
            holder = locked(pk)
            standing = holder.reservation
            if standing is not None and standing.until <= timezone.now():
                let_go(holder, End.EXPIRED)
                holder.save()
                audit.record("deal.reservation_expired", holder)
                count += 1
    return count


@verb("release", Stage.RESERVED, Stage.APPROVED)
def release(deal: Deal, *, by: Any) -> None:
    """Let others have the vehicle."""
    if deal.reservation is None:
        raise ValidationError(_("Deal %(number)s has no open reservation.") % {"number": deal.number})
    let_go(deal, End.RELEASED, by=by)


def below_minimum(deal: Deal, chosen: Scenario) -> bool:
    minimum = deal.vehicle.minimum_price
    return minimum is not None and chosen.price - chosen.discount < minimum


@verb("submit", Stage.QUOTED, Stage.RESERVED)
def submit(deal: Deal, *, by: Any) -> str:
    """Have the price approved: at once if it is not below the vehicle's minimum, else by somebody else."""
    chosen = priced(deal)
    if deal.asked_at is not None:
        raise ValidationError(_("Approval was asked already; somebody else has to give it."))
    deal.asked_by, deal.asked_at = person_of(by), timezone.now()
    deal.needs_approval = below_minimum(deal, chosen)
    if deal.needs_approval:
        return _("The price is below the vehicle's minimum: somebody else has to approve it.")
    deal.approved_at, deal.approved_price, deal.stage = timezone.now(), chosen.price - chosen.discount, Stage.APPROVED
    return _("The price is approved.")


@verb("approve", Stage.QUOTED, Stage.RESERVED)
def approve(deal: Deal, *, by: Any, price: Decimal | None = None) -> None:
    """Say yes to a price below the minimum that somebody else asked for: to the one that was seen, if it is told."""
    chosen, who = priced(deal), person_of(by)
    if deal.asked_at is None:
        raise ValidationError(_("Nobody has asked for approval. Submit the deal first."))
    if who is None or audit.now.get().acting_as is not None:
        raise ValidationError(_("A person approves in their own name."))
    if who.pk == deal.asked_by_id:
        raise ValidationError(_("You asked for this approval yourself: another person has to give it."))
    now = chosen.price - chosen.discount
    if price is not None and price != now:
        raise ValidationError(
            _("The price is %(now)s by now, no longer %(seen)s. Look at the deal again before you approve it.")
            % {"now": offers.written(now), "seen": offers.written(price)}
        )
    deal.approved_by, deal.approved_at, deal.stage = who, timezone.now(), Stage.APPROVED
    deal.approved_price = now


@verb("decline", Stage.QUOTED, Stage.RESERVED)
def decline(deal: Deal, *, by: Any, reason: str) -> None:
    """Say no to a price; the deal may be changed and submitted again."""
    if deal.asked_at is None:
        raise ValidationError(_("Nobody has asked for approval."))
    scenarios.withdraw(deal)


@verb("contract", Stage.APPROVED)
def contract(deal: Deal, *, by: Any, at: datetime | None = None) -> None:
    """It is signed, now or at a moment before: its figures are kept as they are now, and the vehicle is sold."""
    chosen = priced(deal)
    price = chosen.price - chosen.discount
    approved_for = deal.approved_price if deal.approved_by_id else None
    if below_minimum(deal, chosen) and (approved_for is None or price < approved_for):
        raise ValidationError(
            _("The vehicle's minimum price is above the price by now. Release or change the deal, and submit it again.")
        )
    vehicle = handover.locked(deal.vehicle_id)
    if vehicle.status == Status.RESERVED and deal.reservation is None:
        raise ValidationError(_("%(vehicle)s is reserved for another deal.") % {"vehicle": vehicle})
    let_go(deal, End.FULFILLED, by=by)
    vehicle.move_to(Status.SOLD, by=by, through_deal=True)
    deal.revision += 1
    offers.freeze(chosen, deal.revision, person_of(by))
    deal.scenarios.update(is_locked=True)
    deal.stage, deal.contracted_at = Stage.CONTRACTED, at or timezone.now()


@verb("revise", Stage.CONTRACTED)
def revise(deal: Deal, *, by: Any) -> None:
    """Make a copy of what was signed that may be changed, submitted and contracted anew; the vehicle stays kept."""
    signed = deal.chosen
    deal.stage, deal.contracted_at = Stage.RESERVED, None
    scenarios.withdraw(deal)
    vehicle = handover.locked(deal.vehicle_id)
    handover.way(vehicle, Status.AVAILABLE, Status.RESERVED, by=by)
    until = timezone.now() + RESERVED_FOR
    Reservation.objects.create(dealership_id=deal.dealership_id, deal=deal, vehicle=vehicle, until=until)
    deal.save()
    made = scenarios.copied(signed, scenarios.free_name(deal, _("Revision %(number)s"), deal.revision + 1))
    audit.record("scenario.added", made)
    deal.scenarios.filter(is_chosen=True).update(is_chosen=False)
    deal.scenarios.filter(pk=made.pk).update(is_chosen=True)


# -- to the end


@verb("deliver", Stage.CONTRACTED)
def deliver(deal: Deal, *, by: Any, at: datetime | None = None) -> None:
    """The customer has the vehicle, since now or a moment before; trade-ins come into stock."""
    at = at or timezone.now()
    handover.delivered(deal, by=by, on=at.astimezone(deal.dealership.zone).date())
    deal.stage, deal.delivered_at = Stage.DELIVERED, at


def end(deal: Deal, stage: str, reason: str, by: Any) -> None:
    """Nothing came of it; nor of its lead, which may be reopened, unless another deal of it goes on."""
    deal.stage, deal.ended_at, deal.ended_reason = stage, timezone.now(), reason
    if deal.lead is not None:
        deal.lead.hold()
        if not Deal.objects.filter(lead=deal.lead).exclude(pk=deal.pk).exclude(stage__in=Deal.OVER).exists():
            deal.lead.unconverted(by=by)


@verb("lose", *BEFORE_CONTRACT)
def lose(deal: Deal, *, by: Any, reason: str) -> None:
    """The customer buys elsewhere, or not at all."""
    let_go(deal, End.RELEASED, by=by)
    end(deal, Stage.LOST, reason, by)


@verb("cancel", *BEFORE_CONTRACT, Stage.CONTRACTED)
def cancel(deal: Deal, *, by: Any, reason: str) -> None:
    """It was a mistake, or is given up before delivery; the vehicle is free again."""
    if deal.stage == Stage.CONTRACTED:
        handover.locked(deal.vehicle_id).move_to(Status.AVAILABLE, by=by, through_deal=True)
    let_go(deal, End.RELEASED, by=by)
    end(deal, Stage.CANCELLED, reason, by)


@verb("unwind", Stage.DELIVERED)
def unwind(deal: Deal, *, by: Any, reason: str) -> None:
    """Put the vehicle and the trade-ins back, in one action, while nothing later stands against it."""
    handed = deal.registrations.in_status(Registration.Status.HANDED_OVER).first()
    if handed is not None:
        raise ValidationError(
            _("%(paper)s was handed over on %(day)s. Take it back first.")
            % {"paper": handed, "day": handed.handed_over_on}
        )
    later = Deal.objects.filter(vehicle=deal.vehicle_id, created_at__gte=deal.delivered_at)
    if (other := later.exclude(pk=deal.pk).exclude(stage__in=Deal.OVER).first()) is not None:
        raise ValidationError(
            _("Deal %(number)s of the same vehicle came later. End it first.") % {"number": other.number}
        )
    handover.taken_back(deal, by=by)
    end(deal, Stage.UNWOUND, reason, by)
