"""Prospects (`prsp`) become customers, and leads while they are open and new."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import contact_values, lead_services, services
from crm.models import Address, ContactPoint, Customer, Lead, Merge
from ingestion.adoption import Outcome, adopts, before
from ingestion.job_types import JOB_TYPES
from ingestion.naming import saying

CANCELLED = "4"
"""The status of an order letter that holds no more."""
MOST_REACHED = 20
"""Customers with one telephone number among whom a name is looked for."""
RECENT = timedelta(days=30)
"""A prospect that is older was a wish once: it becomes a customer, and nobody's work of today."""
OPEN: Mapping[str, str] = {"1": Lead.Temperature.COLD, "2": Lead.Temperature.WARM, "3": Lead.Temperature.HOT}
"""How much a prospect of a status wants; of any other status it is over."""
SOURCES: Mapping[str, str] = {
    **dict.fromkeys(("0001", "0002", "0003"), Lead.Source.EVENT),
    "0004": Lead.Source.WALK_IN,
    "0007": Lead.Source.WEBSITE,
    "0008": Lead.Source.SOCIAL,
    "0011": Lead.Source.REFERRAL,
    "0012": Lead.Source.PHONE,
}


@adopts("prospect")
def meet(prospect: Any, outcome: Outcome) -> None:
    """The prospect's customer, found or written down, and a lead of theirs if there is something to follow."""
    if not prospect.nama_lengkap:
        raise ValidationError(_("It has no name."))
    customer = still_there(outcome.before(Customer)) or customer_of(
        prospect.dealership, prospect.nama_lengkap, prospect.no_kontak, prospect.no_ktp
    )
    known_as(customer, prospect.nama_lengkap, prospect, outcome)
    lead = outcome.before(Lead)
    if lead is None and not outcome.gone(Lead, prospect.dealership) and to_follow(prospect):
        lead = lead_of(prospect, customer)
    if lead is not None:
        outcome.made.append(lead)


def still_there(customer: Customer | None) -> Customer | None:
    """The customer that it became before, or whom they were merged into. Raises ValidationError if they are gone."""
    while customer is not None and customer.deleted_at is not None:
        merge = Merge.objects.filter(loser=customer, undone_at=None).select_related("winner").first()
        if customer.erased_at is not None or merge is None:
            raise ValidationError(_("Its customer was deleted here: nobody is written down again."))
        customer = merge.winner
    return customer


def customer_of(dealership: Any, name: str, phone: str | None, identity_number: str | None) -> Customer:
    """Who has this identity number, or else this telephone number and name (or a part of it); else one not stored yet.

    Somebody with the same telephone and another name or identity number is somebody else: families share telephones.
    """
    here = Customer.objects.filter(dealership=dealership)
    said = telling(identity_number)
    if said and (found := here.with_identity(said).first()) is not None:
        return found
    for known in reached_by(dealership, name, phone):
        if not (said and known.identity_hash):
            return with_identity(known, said)
    made = Customer(dealership=dealership, name=name[:200])
    if said:
        made.set_identity_number(said)
    return made


def adopted_from(prospect: Any) -> Customer | None:
    """The customer that a prospect became, while they are here."""
    try:
        return still_there(before("prospect", prospect).before(Customer))
    except ValidationError:
        return None


def telling(identity_number: str | None) -> str:
    """The identity number as it is kept; blank if it can be nobody's."""
    said = contact_values.identity_number(identity_number or "")
    return said if contact_values.tells_somebody(said) else ""


def reached_by(dealership: Any, name: str, phone: str | None) -> list[Customer]:
    """Customers with this telephone number and name, those of the very name first; none where it is no number."""
    if not (number := readable(phone, dealership.country)):
        return []
    points = ContactPoint.objects.filter(dealership=dealership, kind=ContactPoint.Kind.PHONE, value=number)
    rows = Customer.objects.filter(dealership=dealership, pk__in=points.values("customer")).order_by("pk")
    named = [each for each in rows[:MOST_REACHED] if is_short_for(name, each.name) or is_short_for(each.name, name)]
    return sorted(named, key=lambda each: each.name.casefold() != name.casefold())


def is_short_for(name: str, other: str) -> bool:
    """Whether all its words stand in the other name: “Budi” is “Budi Santoso” who is in a hurry."""
    words = set(name.casefold().split())
    return bool(words) and words <= set(other.casefold().split())


def with_identity(customer: Customer, said: str) -> Customer:
    """A customer who has learnt the identity number that nobody has, if they have none."""
    if said and not customer.identity_hash:
        customer.set_identity_number(said)
        customer.save(update_fields=["identity_sealed", "identity_hash", "identity_ending"])
    return customer


def readable(phone: str | None, country: str) -> str:
    """The number as customers' numbers are kept; blank if it is none."""
    try:
        return contact_values.phone(phone, country) if phone else ""
    except ValidationError:
        return ""


def known_as(customer: Customer, name: str, record: Any, outcome: Outcome) -> Customer:
    """The record is of this customer, who is written down if nobody knows them yet."""
    if customer.pk is None:
        written_down(customer, record)
    elif customer.name.casefold() != name[:200].casefold():
        outcome.keep(customer, {"name": (customer.name, name)})
    outcome.became(customer)
    return customer


def readable_email(text: str | None) -> str:
    """The e-mail as customers' e-mails are kept; blank if it is none."""
    try:
        return contact_values.email(text) if text else ""
    except ValidationError:
        return ""


def written_down(customer: Customer, record: Any) -> Customer:
    """A new customer, with what a prospect or an order letter says of how to reach them."""
    phone, email = readable(record.no_kontak, record.dealership.country), readable_email(getattr(record, "email", None))
    made = services.add(customer, phone=phone, email=email)
    if record.alamat:
        Address.objects.create(
            dealership=record.dealership,
            customer=made,
            label=_("home"),
            street=record.alamat[:300],
            postal_code=(record.kode_pos or "")[:20],
        )
    return made


def to_follow(prospect: Any) -> bool:
    """Whether somebody of today may still want something."""
    day = prospect.tanggal_prospect
    today = timezone.localdate(timezone=prospect.dealership.zone)
    if prospect.status_prospect not in OPEN or day is None or today - day > RECENT:
        return False
    return not has_ordered(prospect)


def has_ordered(prospect: Any) -> bool:
    """Whether an order letter of theirs is here: what they wanted is a deal then."""
    letters: Any = JOB_TYPES["spk_read"].record
    of_them = letters.objects.filter(saying(letters, "id_prospect", [prospect.id_prospect]))
    return bool(of_them.filter(dealership=prospect.dealership).exclude(status_spk=CANCELLED).exists())


def lead_of(prospect: Any, customer: Customer) -> Lead:
    """A new lead: what is wanted, how much, and when somebody is expected."""
    wishes = ", ".join(filter(None, (line.kode_tipe_unit for line in prospect.unit.all())))
    lead = Lead(
        dealership=prospect.dealership,
        customer=customer,
        name=prospect.nama_lengkap[:200],
        phone=readable(prospect.no_kontak, prospect.dealership.country),
        source=SOURCES.get(prospect.sumber_prospect or "", Lead.Source.FEED),
        temperature=OPEN[prospect.status_prospect],
        wish=wishes[:200],
    )
    if (expected := expected_at(prospect)) is not None:
        lead.next_step, lead.next_step_at = _("Appointment"), expected
    return lead_services.add(lead)


def expected_at(prospect: Any) -> datetime | None:
    """When the prospect said that they would come, if that is still to come."""
    if prospect.tanggal_appointment is None:
        return None
    at = datetime.combine(prospect.tanggal_appointment, prospect.waktu_appointment or time(9), prospect.dealership.zone)
    return at if at > timezone.now() else None
