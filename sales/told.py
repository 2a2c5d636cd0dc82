"""Deals as another system tells them, such as the manufacturer's feed: signed, financed and delivered there.

They go by the verbs of a deal, so that what those refuse is refused here, in the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from crm.models import Customer, Ownership
from dealers import audit
from dealers.models import Dealership
from inventory.models import Source, Vehicle
from sales import arithmetic, handover, offers, scenarios, stages
from sales.arithmetic import BadOffer, Finance
from sales.models import Deal, Deposit, Scenario, TaxRate

Stage, Status = Deal.Stage, Vehicle.Status
KEPT_BACK = (Stage.RESERVED, Stage.APPROVED, Stage.CONTRACTED)
"""Stages in which a deal keeps its vehicle from others."""
MOST_RATE = 100
"""Percent a year."""
A_FEW = 5
"""Of the currency's smallest amounts, by which two systems may round a tax differently."""


@dataclass(frozen=True)
class Order:
    """What an order letter says of one vehicle; amounts in the dealership's currency."""

    number: str
    at: datetime
    price: Decimal
    discount: Decimal = Decimal(0)
    tax: Decimal = Decimal(0)
    """As an amount; 0 says nothing."""
    deposit: Decimal = Decimal(0)


@dataclass(frozen=True)
class Loan:
    """What a lender granted: months, and amounts in the dealership's currency."""

    lender: str
    term: int
    instalment: Decimal
    down_payment: Decimal = Decimal(0)
    """All that the customer pays, what they have left as a deposit included."""


def deals_of(dealership: Dealership, number: str) -> QuerySet[Deal]:
    """The deals of an order letter, a deal for each vehicle, in the order of its lines."""
    rows: QuerySet[Deal] = Deal.objects.filter(dealership=dealership, order_number=number)
    return rows.select_related("vehicle", "customer", "dealership").order_by("pk")


# -- signed


@transaction.atomic
def contracted(deal: Deal, order: Order) -> Deal:
    """Store a new deal that was signed elsewhere. Raises ValidationError for figures that do not add up."""
    deal.order_number, deal.created_at = order.number, order.at
    stages.begin(deal)
    tax, inclusive = tax_of(deal.dealership, order)
    reason = _("as the order letter says") if order.discount else ""
    values = {"price": order.price, "discount": order.discount, "discount_reason": reason}
    scenarios.write(deal.chosen, by=None, values={**values, "tax": tax, "tax_inclusive": inclusive})
    if order.deposit:
        scenarios.deposit(
            deal,
            by=None,
            amount=order.deposit,
            method=Deposit.Method.OTHER,
            reference=order.number[:60],
            received_on=order.at.astimezone(deal.dealership.zone).date(),
        )
    for_sale(deal.vehicle_id)
    stages.quote(deal, by=None)
    stages.submit(deal, by=None)
    stages.contract(deal, by=None, at=order.at)
    return deal


def tax_of(dealership: Dealership, order: Order) -> tuple[TaxRate | None, bool]:
    """The dealership's tax that gives the amount told, and whether the price contains it; none if none does."""
    step = arithmetic.step_of(dealership.currency)
    day, price = order.at.astimezone(dealership.zone).date(), order.price - order.discount
    rates = list(TaxRate.objects.filter(dealership=dealership).valid_on(day)) if order.tax > 0 <= price else []
    for inclusive in (True, False):
        for rate in rates:
            if abs(arithmetic.priced(price, rate.percent, inclusive, step).tax - order.tax) <= A_FEW * step:
                return rate, inclusive
    return None, True


def for_sale(vehicle_id: int) -> None:
    """Who sold a vehicle elsewhere did not wait until it was prepared here."""
    vehicle = handover.locked(vehicle_id)
    if vehicle.status in (Status.ON_ORDER, Status.IN_TRANSIT):
        vehicle.move_to(Status.RECEIVED)
    if vehicle.status in (Status.RECEIVED, Status.IN_PREPARATION):
        vehicle.move_to(Status.AVAILABLE, through_deal=True)


@transaction.atomic
def cancelled(deal: Deal, reason: str) -> None:
    """The order letter was cancelled: the deal is, and a vehicle that was never more than ordered is withdrawn."""
    stages.cancel(deal, by=None, reason=reason)
    vehicle = handover.locked(deal.vehicle_id)
    if is_order(vehicle) and vehicle.status == Status.AVAILABLE:
        handover.way(vehicle, Status.WITHDRAWN, by=None)


def is_order(vehicle: Vehicle) -> bool:
    """Whether nobody knows yet which vehicle it is."""
    return not vehicle.vin and not vehicle.engine_number


# -- which vehicle it is


@transaction.atomic
def about(deal: Deal, vehicle: Vehicle) -> Vehicle | None:
    """A vehicle that was ordered by its type is this one: one in stock, or one not stored yet that has numbers alone.

    Gives what stood for it, withdrawn, where people wrote something about that. Raises ValidationError if another deal
    keeps the vehicle, or has it.
    """
    left = None
    here = binding(deal, Stage.CONTRACTED)
    ordered = handover.locked(here.vehicle_id)
    if vehicle.pk is None:
        ordered.vin = vehicle.vin or ordered.vin
        ordered.learn(Source.FEED, {"engine_number": vehicle.engine_number})
        ordered.save()
        audit.record("deal.vehicle_named", here, changes={"vehicle": [None, ordered.vin or ordered.engine_number]})
    else:
        need_free(vehicle, here)
        for_sale(vehicle.pk)
        there = handover.locked(vehicle.pk)
        if there.status != Status.AVAILABLE:
            raise ValidationError(
                _("%(vehicle)s is %(status)s and cannot be sold with deal %(number)s.")
                % {"vehicle": there, "status": there.get_status_display(), "number": here.number}
            )
        there.move_to(Status.SOLD, through_deal=True)
        here.vehicle = there
        again_signed(here, here.chosen)
        audit.record("deal.vehicle_named", here, changes={"vehicle": [str(ordered), str(there)]})
        left = never_was(ordered)
    deal.refresh_from_db()
    return left


def need_free(vehicle: Vehicle, deal: Deal | None = None) -> None:
    """Raises ValidationError if another deal than this one keeps the vehicle from others."""
    other = Deal.objects.filter(vehicle=vehicle, stage__in=KEPT_BACK).exclude(pk=deal.pk if deal else 0).first()
    if other is not None:
        raise ValidationError(
            _("%(vehicle)s is in deal %(number)s, which is %(stage)s. End that one, or correct its vehicle.")
            % {"vehicle": vehicle, "number": other.number, "stage": other.get_stage_display()}
        )


def again_signed(deal: Deal, scenario: Scenario) -> None:
    """A revision of a contract by other news than its price; the stage stays, and so does the vehicle's status."""
    scenario.deal = deal
    deal.revision += 1
    deal.save()
    offers.freeze(scenario, deal.revision, None)


def never_was(vehicle: Vehicle) -> Vehicle | None:
    """What stood for a vehicle that is known now goes; it is withdrawn, and given, if people wrote about it."""
    if people_wrote(vehicle):
        handover.way(vehicle, Status.AVAILABLE, Status.WITHDRAWN, by=None)
        return vehicle
    vehicle.delete()
    return None


def people_wrote(vehicle: Vehicle) -> bool:
    """Whether anybody but who acts now wrote a version of it, locked a part of it, or noted anything about it."""
    versions: Any = vehicle.history
    if vehicle.locked or versions.exclude(who=audit.signature()).exists():
        return True
    rows = ((each.related_model._base_manager, each.field.name) for each in Vehicle._meta.related_objects)
    return any(manager.filter(**{name: vehicle.pk}).exists() for manager, name in rows)


def binding(deal: Deal, *stages_allowed: str) -> Deal:
    """The deal, locked, in one of these stages. Raises ValidationError."""
    here = stages.locked(deal.pk)
    if here.stage not in stages_allowed:
        raise ValidationError(
            stages.NOT_FROM
            % {
                "number": here.number,
                "stage": here.get_stage_display(),
                "stages": ", ".join(str(Stage(each).label) for each in stages_allowed),
            }
        )
    return here


# -- handed over


@transaction.atomic
def handed_over(vehicle: Vehicle, day: date, customer: Customer | None = None) -> Ownership | None:
    """A vehicle was handed over without a deal of ours; to whom, if that is known here, is kept.

    Raises ValidationError if a deal keeps it, or if it cannot be sold as it stands.
    """
    handover.locked(vehicle.pk)
    need_free(vehicle)
    for_sale(vehicle.pk)
    there = handover.locked(vehicle.pk)
    if there.status != Status.AVAILABLE:
        raise ValidationError(
            _("%(vehicle)s is %(status)s and cannot be handed over.")
            % {"vehicle": there, "status": there.get_status_display()}
        )
    handover.way(there, Status.SOLD, Status.DELIVERED, by=None)
    handover.let_go(there, day)
    vehicle.refresh_from_db()
    return owned(there, day, customer) if customer else None


def owned(vehicle: Vehicle, day: date, customer: Customer) -> Ownership:
    """Since that day the vehicle is this customer's."""
    return Ownership.objects.create(
        dealership_id=vehicle.dealership_id, customer=customer, vehicle=vehicle, since=day, plate=vehicle.plate
    )


# -- finance


@transaction.atomic
def financed(deal: Deal, loan: Loan) -> Scenario:
    """What a lender granted after the contract, as a revision of it. Raises ValidationError if it does not add up."""
    here = binding(deal, *Deal.BINDING)
    signed = here.chosen
    signed.deal = here
    values = finance_of(signed, loan)
    made = scenarios.copied(signed, _("Revision %(number)s") % {"number": here.revision + 1})
    made.deal = here
    for mine, theirs in zip(made.trade_ins.order_by("pk"), signed.trade_ins.order_by("pk"), strict=True):
        mine.vehicle, mine.before = theirs.vehicle, theirs.before
        mine.save()
    here.scenarios.filter(is_chosen=True).update(is_chosen=False)
    for name, value in values.items():
        setattr(made, name, value)
    made.is_chosen = made.is_locked = True
    made.full_clean(exclude=["dealership", "deal"])
    scenarios.check(made)
    made.save()
    again_signed(here, made)
    audit.record("deal.financed", here, changes={name: [None, value] for name, value in values.items()})
    deal.refresh_from_db()
    return made


def finance_of(scenario: Scenario, loan: Loan) -> dict[str, object]:
    """The columns of a scenario that come to the loan's instalment: flat interest, and what is left to pay down.

    Raises ValidationError for a loan that fits no deal of these figures.
    """
    paid = sum(scenario.deal.deposits.values_list("amount", flat=True), Decimal(0))
    down = max(loan.down_payment - paid, Decimal(0))
    finance = Finance(Decimal(0), loan.term, "flat", down)
    try:
        principal = arithmetic.summarize(offers.offer_of(scenario, finance=finance)).financed
    except BadOffer as error:
        raise offers.refused(error)
    rate = arithmetic.flat_rate(principal, loan.instalment, loan.term)
    if not 0 <= rate <= MOST_RATE:
        figures = {"instalment": loan.instalment, "principal": principal, "rate": rate}
        words = _(
            "%(term)s instalments of %(instalment)s do not pay off the %(principal)s that is financed: they would come "
            "to %(rate)s %% a year."
        )
        raise ValidationError(
            words % {"term": loan.term, **{name: offers.written(each) for name, each in figures.items()}}
        )
    return {
        "lender": loan.lender[:100],
        "method": Scenario.Method.FLAT,
        "rate": rate,
        "term": loan.term,
        "down_payment": down,
        "balloon": Decimal(0),
    }
