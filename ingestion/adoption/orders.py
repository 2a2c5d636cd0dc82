"""Order letters (`spk`) become contracted deals, one for each unit, and the leads of their prospects are won."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.models import Customer, Lead
from ingestion.adoption import Outcome, adopts, before, people, try_again, units
from ingestion.job_types import JOB_TYPES
from inventory import services
from inventory.models import Source, Vehicle
from sales import told
from sales.models import Deal, TaxRate
from sales.told import Order

MOST = 50
"""Units of a letter; more are a mistyped quantity."""
BEGUN_BEFORE, BEGUN_AFTER = timedelta(days=60), timedelta(days=3)
"""Before and after the day of a letter, in which people here may have begun its deal."""
NAMED_BY = (("leasing", "id_spk"), ("bast_read", "detail.id_spk"), ("doch_read", "id_spk"))
"""Records that wait for the deals of a letter, and where they name it."""


@adopts("spk_read")
def sign(letter: Any, outcome: Outcome) -> None:
    """The letter's customer, found or written down, and a deal for each unit; of a cancelled letter no deals."""
    if not letter.nama_customer:
        raise ValidationError(_("It has no name."))
    stored = told.deals_of(letter.dealership, letter.id_spk[:200])
    known, lead = list(stored.select_for_update(of=("self",))), lead_of(letter)
    customer = people.known_as(buyer(letter, known, lead, outcome), letter.nama_customer, letter, outcome)
    if letter.status_spk == people.CANCELLED:
        for deal in known:
            call_off(deal, outcome)
        return
    try:
        with transaction.atomic():
            deals = deals_for(letter, customer, known, lead, outcome)
    except ValidationError as error:
        outcome.cannot(error)
        return
    for deal in deals:
        outcome.became(deal)
    if lead is not None:
        win(lead, outcome)
    if len(deals) > len(known):
        for job_type, column in NAMED_BY:
            try_again(job_type, letter.dealership, column, [letter.id_spk])


# -- who buys


def lead_of(letter: Any) -> Lead | None:
    """The lead that the letter's prospect became."""
    prospects: Any = JOB_TYPES["prospect"].record
    prospect = prospects.objects.filter(dealership=letter.dealership, id_prospect=letter.id_prospect).first()
    found: Lead | None = before("prospect", prospect).before(Lead) if prospect else None
    return found


def buyer(letter: Any, known: list[Deal], lead: Lead | None, outcome: Outcome) -> Customer:
    """Whose letter it is; a customer that is not stored yet if nobody here knows them."""
    before = people.still_there(outcome.before(Customer) or (known[0].customer if known else None))
    if before is not None:
        return before
    found = people.customer_of(letter.dealership, letter.nama_customer, letter.no_kontak, letter.no_ktp)
    if found.pk is None and lead is not None and lead.customer is not None:
        prospect, said = lead.customer, people.telling(letter.no_ktp)
        if prospect.deleted_at is None and not (said and prospect.identity_hash):
            return people.with_identity(prospect, said)
    return found


def win(lead: Lead, outcome: Outcome) -> None:
    """A deal was made of it, unless people here say that it is lost."""
    if lead.status == Lead.Status.LOST:
        outcome.keep(lead, {"status": (lead.get_status_display(), Lead.Status.WON.label)})
    elif lead.converted_at is None:
        lead.won()
    outcome.became(lead)


# -- what they buy


def deals_for(letter: Any, customer: Customer, known: list[Deal], lead: Lead | None, outcome: Outcome) -> list[Deal]:
    """A deal for each unit of the letter, those that are known first. All or none: their order says which is which."""
    lines = [line for line in letter.unit.all() for _each in range(min(quantity(line), MOST + 1))]
    if not lines:
        raise ValidationError(_("It names no unit that was ordered."))
    if len(lines) > MOST:
        raise ValidationError(_("It orders more than %(most)s units: is a quantity mistyped?") % {"most": MOST})
    if not known and len(lines) == 1 and (own := begun_here(letter, customer)) is not None:
        own.order_number = letter.id_spk[:200]
        own.save(update_fields=["order_number"])
        compare(own, letter, lines[0], outcome)
        return [own]
    deals = []
    for place, line in enumerate(lines):
        if place < len(known):
            deals.append(known[place])
            compare(known[place], letter, line, outcome)
        else:
            deals.append(new_deal(letter, line, customer, lead))
    for deal in known[len(lines) :]:
        is_ordered_no_more(deal, outcome)
    return deals


def quantity(line: Any) -> int:
    return 1 if line.quantity is None else max(line.quantity, 0)


def begun_here(letter: Any, customer: Customer) -> Deal | None:
    """The one deal that people began with this customer around the day of the letter, if there is one alone."""
    day = ordered_at(letter)
    rows = Deal.objects.filter(dealership=letter.dealership, customer=customer, order_number="")
    going = rows.filter(stage__in=[*Deal.OPEN, Deal.Stage.CONTRACTED])
    around = going.filter(created_at__gte=day - BEGUN_BEFORE, created_at__lt=day + BEGUN_AFTER)
    found = list(around.select_for_update(of=("self",)).select_related("vehicle")[:2])
    return found[0] if len(found) == 1 else None


def new_deal(letter: Any, line: Any, customer: Customer, lead: Lead | None) -> Deal:
    """A contracted deal about a vehicle of the type ordered, whose numbers a later record says."""
    if not line.kode_tipe_unit:
        raise ValidationError(_("It does not say which type the unit is."))
    if line.harga_jual is None:
        raise ValidationError(_("It does not say what the unit costs."))
    vehicle = services.add(
        Vehicle(
            dealership=letter.dealership,
            status=Vehicle.Status.ON_ORDER,
            make=units.MAKE,
            model=line.kode_tipe_unit[:100],
            colour=(line.kode_warna or "")[:60],
        ),
        source=Source.FEED,
    )
    deal = Deal(
        dealership=letter.dealership,
        customer=customer,
        vehicle=vehicle,
        lead=lead,
        salesperson=lead.assigned_to if lead else None,
    )
    return told.contracted(deal, order_of(letter, line))


def order_of(letter: Any, line: Any) -> Order:
    return Order(
        number=letter.id_spk[:200],
        at=ordered_at(letter),
        price=line.harga_jual,
        discount=line.diskon or Decimal(0),
        tax=line.amount_ppn or Decimal(0),
        deposit=line.jumlah_tanda_jadi or Decimal(0),
    )


def ordered_at(letter: Any) -> datetime:
    return moment(letter.dealership, letter.tanggal_pesanan, otherwise=letter.created_time)


def moment(dealership: Any, day: date | None, clock: time | None = None, otherwise: datetime | None = None) -> datetime:
    """A day, and a time of it, on the dealership's clock; never one to come."""
    now = timezone.now()
    told_at = datetime.combine(day, clock or time(), dealership.zone) if day else otherwise or now
    return min(told_at, now)


# -- what is otherwise here


def compare(deal: Deal, letter: Any, line: Any, outcome: Outcome) -> None:
    """Tell what the letter says otherwise than the deal, which stays as it is."""
    chosen = deal.chosen
    differences: dict[str, tuple[Any, Any]] = {}
    if chosen is not None:
        said = {"price": line.harga_jual, "discount": line.diskon or Decimal(0)}
        pairs = {name: (getattr(chosen, name), value) for name, value in said.items() if value is not None}
        differences |= {name: (plain(here), plain(there)) for name, (here, there) in pairs.items() if here != there}
        if line.amount_ppn and chosen.tax_id is None and TaxRate.objects.filter(dealership=deal.dealership_id).exists():
            differences["tax"] = ("0", plain(line.amount_ppn))
    if deal.stage not in Deal.BINDING:
        differences["stage"] = (deal.get_stage_display(), Deal.Stage.CONTRACTED.label)
    outcome.keep(deal, differences)


def plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def call_off(deal: Deal, outcome: Outcome) -> None:
    """The letter holds no more, and neither does its deal while it is contracted; what went further stays."""
    if deal.stage == Deal.Stage.CONTRACTED:
        told.cancelled(deal, _("The order letter was cancelled."))
    else:
        is_ordered_no_more(deal, outcome)
    outcome.became(deal)


def is_ordered_no_more(deal: Deal, outcome: Outcome) -> None:
    """Tell that people have to end a deal which its letter does not order any more, or not in this quantity."""
    if deal.stage not in Deal.OVER:
        outcome.keep(deal, {"stage": (deal.get_stage_display(), Deal.Stage.CANCELLED.label)})


# -- for the records that name a letter


def deals_going(dealership: Any, number: str | None) -> list[Deal]:
    """The deals of an order letter that are not over. Raises ValidationError if there are none."""
    if not number:
        raise ValidationError(_("It names no order letter, so nobody can tell whose deal it is of."))
    # As whoever delivers by hand: the deals are locked first, and their vehicles after them.
    deals = list(told.deals_of(dealership, number[:200]).select_for_update(of=("self",)))
    if not deals:
        raise ValidationError(
            _("Its order letter %(number)s is not here yet, as a deal: it is tried again once it is.")
            % {"number": number}
        )
    going = [deal for deal in deals if deal.stage not in Deal.OVER]
    if not going:
        raise ValidationError(
            _("Deal %(number)s of its order letter is %(stage)s.")
            % {"number": deals[0].number, "stage": deals[0].get_stage_display()}
        )
    return going


def deal_about(dealership: Any, number: str | None, frame: str | None, engine: str | None, outcome: Outcome) -> Deal:
    """The deal of an order letter that is about this vehicle; one about a type alone is about this vehicle from now on.

    Raises ValidationError if there is none.
    """
    going = deals_going(dealership, number)
    if not frame and not engine and len(going) == 1:
        return going[0]
    vehicle = units.vehicle_of(dealership, frame, engine)
    for deal in going:
        if vehicle.pk == deal.vehicle_id:
            deal.vehicle = vehicle
            fill(deal, frame, engine, outcome)
            return deal
    unnamed = [deal for deal in going if told.is_order(deal.vehicle)]
    fitting = [deal for deal in unnamed if vehicle.model in ("", deal.vehicle.model)] or unnamed
    if not fitting:
        raise ValidationError(
            _("Deal %(number)s of its order letter is about %(here)s, and not about %(there)s. Correct the deal.")
            % {"number": going[0].number, "here": going[0].vehicle, "there": vehicle.vin or vehicle.engine_number}
        )
    ordered = told.about(fitting[0], vehicle)
    if ordered is not None:
        outcome.keep(ordered, {"vehicle": (ordered, fitting[0].vehicle)})
    fill(fitting[0], frame, engine, outcome)
    units.are_known(dealership, [fitting[0].vehicle])
    return fitting[0]


def fill(deal: Deal, frame: str | None, engine: str | None, outcome: Outcome) -> None:
    """Let the deal's vehicle have the number that it lacks."""
    vehicle = deal.vehicle
    had = (vehicle.vin, vehicle.engine_number, vehicle.sources)
    units.take_numbers(vehicle, frame, engine, outcome)
    if (vehicle.vin, vehicle.engine_number, vehicle.sources) != had:
        vehicle.save()
        if not had[0]:
            units.are_known(deal.dealership, [vehicle])
