"""What is done with the scenarios of a deal while its figures may change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from itertools import count
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dealers import audit
from sales import offers
from sales.arithmetic import BadOffer
from sales.models import Deal, Deposit, Item, Scenario, TaxRate, TradeIn

MOST = 12
"""Scenarios of a deal."""
MOST_ROWS = 50
"""Items, and trade-ins, of a scenario."""
RETURNS = (*Deal.OPEN, *Deal.OVER)
"""The stages in which a deposit may be returned: in all others it is part of what was signed."""
COPIED = (
    *("price", "discount", "discount_reason", "tax_id", "tax_inclusive", "lender", "method", "rate", "term"),
    *("down_payment", "balloon", "commission_rate"),
)
COPIED_OF_ITEM = (
    *("catalogue_item_id", "kind", "name", "quantity", "unit_price", "unit_cost", "tax_id", "tax_inclusive"),
)
COPIED_OF_TRADE_IN = ("make", "model", "year", "vin", "plate", "colour", "odometer", "allowance", "payoff")


def open_deal(pk: int) -> Deal:
    """The deal, locked, if its figures may change. Raises ValidationError."""
    deal: Deal = Deal.objects.held(pk)
    need_open(deal)
    return deal


def need_open(deal: Deal) -> None:
    """Raises ValidationError for a deal whose figures stay as they are."""
    if not deal.is_open:
        words = {
            Deal.Stage.CONTRACTED: _(
                "Deal %(number)s is %(stage)s: its figures stay as they are. Make a new revision to change them."
            ),
            Deal.Stage.DELIVERED: _(
                "Deal %(number)s is %(stage)s: its figures stay as they are. Unwind it if it is to be undone."
            ),
        }.get(Deal.Stage(deal.stage), _("Deal %(number)s is %(stage)s: its figures stay as they are."))
        raise ValidationError(words % {"number": deal.number, "stage": deal.get_stage_display()})


def held(scenario: Scenario) -> Scenario:
    """The scenario, locked with its deal, as it is now. Raises ValidationError if somebody has removed it."""
    deal: Deal = Deal.objects.held(scenario.deal_id)
    rows = deal.scenarios.select_for_update(of=("self",)).select_related("tax")
    here: Scenario | None = rows.filter(pk=scenario.pk).first()
    if here is None:
        raise ValidationError(_("Somebody has removed “%(name)s” meanwhile.") % {"name": scenario})
    here.deal = deal
    return here


def editable(scenario: Scenario) -> Scenario:
    """The scenario, locked with its deal, as it is now. Raises ValidationError for one that was signed."""
    here = held(scenario)
    need_open(here.deal)
    if here.is_locked:
        raise ValidationError(_("“%(name)s” was signed: it stays as it is. Save it as another one.") % {"name": here})
    return here


@transaction.atomic
def start(deal: Deal) -> Scenario:
    """The first scenario of a new deal: the asking price, with the newest tax of the dealership if it has one alone."""
    today = timezone.localdate(timezone=deal.dealership.zone)
    taxes = list(TaxRate.objects.filter(dealership=deal.dealership_id).valid_on(today)[:2])
    scenario = Scenario.objects.create(
        dealership_id=deal.dealership_id,
        deal=deal,
        name="1",
        is_chosen=True,
        price=deal.vehicle.asking_price or Decimal(0),
        tax=taxes[0] if len(taxes) == 1 else None,
    )
    reckon(deal)
    return scenario


@transaction.atomic
def write(
    scenario: Scenario,
    *,
    by: Any,
    values: Mapping[str, Any] | None = None,
    rows: Iterable[Item | TradeIn] = (),
    removed: Iterable[Item | TradeIn] = (),
) -> Scenario:
    """Store values of a scenario, and items and trade-ins new or changed, all or nothing.

    Raises ValidationError for what arithmetic refuses, and for what contradicts itself.
    """
    here = editable(scenario)
    changes = {}
    for name, value in (values or {}).items():
        if getattr(here, name) != value:
            changes[name] = [getattr(here, name), value]
            setattr(here, name, value)
    if "name" in changes and here.deal.scenarios.exclude(pk=here.pk).filter(name=here.name).exists():
        raise ValidationError({"name": _("There is a scenario of this name.")})
    here.changed_at = timezone.now()
    here.full_clean(exclude=["dealership", "deal"])
    here.save()
    for row in rows:
        if row.pk is not None and not rows_of(here, row).filter(pk=row.pk).exists():
            continue  # somebody has removed it meanwhile
        row.scenario, row.dealership_id = here, here.dealership_id
        row.full_clean(exclude=["dealership", "scenario", "catalogue_item", "tax"])
        changes[f"{row._meta.model_name} {row.pk or 'new'}"] = [None, str(row)]
        row.save()
    for row in removed:
        for gone in rows_of(here, row).filter(pk=row.pk):
            changes[f"{row._meta.model_name} {row.pk}"] = [str(gone), None]
            gone.delete()
    if max(here.items.count(), here.trade_ins.count()) > MOST_ROWS:
        raise ValidationError(_("More than %(most)s lines are not possible.") % {"most": MOST_ROWS})
    check(here)
    if changes:
        if here.is_chosen:
            touched(here.deal)
        audit.record("scenario.changed", here, changes=changes)
    return here


def rows_of(scenario: Scenario, row: Item | TradeIn) -> Any:
    """The scenario's rows of the same kind."""
    return scenario.items if isinstance(row, Item) else scenario.trade_ins


def check(scenario: Scenario) -> None:
    """Raises ValidationError if it cannot be calculated."""
    try:
        offers.summary_of(scenario)
    except BadOffer as error:
        raise offers.refused(error)


def touched(deal: Deal) -> None:
    """The figures that go on are others now: what was approved, or asked to be, is asked anew."""
    if deal.asked_at is not None or deal.approved_at is not None:
        withdraw(deal)
    reckon(deal)


def withdraw(deal: Deal) -> None:
    """Take an approval, or the question for one, back. Saves nothing."""
    deal.needs_approval = False
    deal.asked_by = deal.asked_at = deal.approved_by = deal.approved_at = deal.approved_price = None
    if deal.stage == Deal.Stage.APPROVED:
        deal.stage = Deal.Stage.RESERVED if deal.reservation else Deal.Stage.QUOTED


def reckon(deal: Deal) -> None:
    """Store what lists sort deals by."""
    chosen = deal.chosen
    try:
        deal.total = offers.summary_of(chosen).total if chosen else Decimal(0)
    except BadOffer:
        deal.total = Decimal(0)
    deal.save()


@transaction.atomic
def copy(scenario: Scenario, *, by: Any, name: str = "") -> Scenario:
    """The same beside it, under a name of its own."""
    here = held(scenario)
    deal = here.deal
    need_open(deal)
    others = deal.scenarios.all()
    if others.count() >= MOST:
        raise ValidationError(_("A deal has no more than %(most)s scenarios. Remove one first.") % {"most": MOST})
    wanted = clean_name(name) or free_name(deal, "%(number)s", 1)
    if others.filter(name=wanted).exists():
        raise ValidationError({"name": _("There is a scenario of this name.")})
    made = copied(here, wanted)
    audit.record("scenario.added", made)
    return made


def free_name(deal: Deal, pattern: str, first: int) -> str:
    """The first of the names “Revision 2”, “Revision 3”, … that no scenario of the deal has."""
    taken = set(deal.scenarios.values_list("name", flat=True))
    return next(name for each in count(first) if (name := pattern % {"number": each}) not in taken)


def clean_name(text: str) -> str:
    """A scenario's name, or none. Raises ValidationError for what cannot be one."""
    column: Any = Scenario._meta.get_field("name")
    try:
        return str(column.formfield(required=False).clean(text))
    except ValidationError as error:
        raise ValidationError({"name": error})


def copied(scenario: Scenario, name: str) -> Scenario:
    """The same with its items and trade-ins, under another name."""
    own = {"dealership_id": scenario.dealership_id}
    values = {each: getattr(scenario, each) for each in COPIED}
    made = Scenario.objects.create(deal_id=scenario.deal_id, name=name, **own, **values)
    for item in scenario.items.order_by("pk"):
        made.items.create(**own, **{each: getattr(item, each) for each in COPIED_OF_ITEM})
    for taken_in in scenario.trade_ins.order_by("pk"):
        made.trade_ins.create(**own, **{each: getattr(taken_in, each) for each in COPIED_OF_TRADE_IN})
    return made


@transaction.atomic
def choose(scenario: Scenario, *, by: Any) -> Scenario:
    """Let the deal go on with this one."""
    here = editable(scenario)
    check(here)
    if not here.is_chosen:
        here.deal.scenarios.filter(is_chosen=True).update(is_chosen=False)
        here.is_chosen = True
        here.save()
        touched(here.deal)
        audit.record("scenario.chosen", here)
    return here


@transaction.atomic
def remove(scenario: Scenario, *, by: Any) -> None:
    here = editable(scenario)
    if here.is_chosen:
        raise ValidationError(_("“%(name)s” is the chosen one. Choose another one first.") % {"name": here})
    audit.record("scenario.deleted", here)
    here.delete()


@transaction.atomic
def deposit(deal: Deal, *, by: Any, **given: Any) -> None:
    """Note money that the customer left."""
    here = open_deal(deal.pk)
    row = Deposit(dealership_id=here.dealership_id, deal=here, **given)
    row.full_clean(exclude=["dealership", "deal"])
    row.save()
    for each in here.scenarios.filter(is_chosen=True):
        each.deal = here
        check(each)
    audit.record("deal.deposit", here, changes={"deposit": [None, str(row)]})


@transaction.atomic
def remove_deposit(row: Deposit, *, by: Any) -> None:
    """Take a deposit back that was noted wrongly, or returned; of a deal that is over as well.

    Raises ValidationError if somebody has removed it before.
    """
    here: Deal = Deal.objects.held(row.deal_id)
    if here.stage not in RETURNS:
        need_open(here)
    gone = here.deposits.filter(pk=row.pk).first()
    if gone is None:
        raise ValidationError(_("Somebody has removed the deposit “%(deposit)s” meanwhile.") % {"deposit": row})
    audit.record("deal.deposit", here, changes={"deposit": [str(gone), None]})
    gone.delete()
