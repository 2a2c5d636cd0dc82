"""What is done with customers over several rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import contact_values, sealing, search
from crm.models import Consent, ContactPoint, Customer, CustomerWord
from dealers import audit
from dealers.keys import keyring

MOST_DUPLICATES = 5
PHONE, EMAIL = ContactPoint.Kind.PHONE, ContactPoint.Kind.EMAIL
KIND_OF = {
    Customer.Channel.CALL: PHONE,
    Customer.Channel.SMS: PHONE,
    Customer.Channel.WHATSAPP: PHONE,
    Customer.Channel.EMAIL: EMAIL,
}
"""What a channel reaches; a letter reaches an address."""


def normal(kind: str, text: str, country: str) -> str:
    """A number or an e-mail as it is kept. Raises ValidationError in words."""
    return contact_values.phone(text, country) if kind == PHONE else contact_values.email(text)


@transaction.atomic
def restore(customer: Customer, *, by: Any) -> None:
    """Bring a deleted customer back. Raises ValidationError for one that is there, was merged or was erased."""
    lock(customer)
    here = Customer.everyone.restorable().filter(pk=customer.pk).first()
    if here is None:
        raise ValidationError(_("%(name)s is no deleted customer that can come back.") % {"name": customer})
    here.restore(by=by)
    audit.record("customer.restored", here)


# -- contact points


@transaction.atomic
def add(customer: Customer, *, phone: str = "", email: str = "") -> Customer:
    """Store a new customer with their first number and e-mail, both as they are kept (`normal`)."""
    customer.save(force_insert=True)
    for kind, value in ((PHONE, phone), (EMAIL, email)):
        if value:
            add_contact(ContactPoint(customer=customer, kind=kind, value=value))
    return customer


@transaction.atomic
def add_contact(point: ContactPoint) -> ContactPoint:
    """Store a number or an e-mail; the first of its kind is the one used first. Raises ValidationError."""
    lock(point.customer)
    point.dealership_id = point.customer.dealership_id
    others = ContactPoint.objects.filter(customer=point.customer, kind=point.kind)
    point.is_primary = not others.filter(is_primary=True).exists()
    point.validate_constraints()
    point.save(force_insert=True)
    return point


@transaction.atomic
def remove_contact(point: ContactPoint) -> None:
    """Delete it; the oldest other one of its kind is used first from now on."""
    lock(point.customer)
    was_primary = point.is_primary
    point.delete()
    heir = ContactPoint.objects.filter(customer_id=point.customer_id, kind=point.kind).order_by("pk").first()
    if was_primary and heir is not None:
        heir.is_primary = True
        heir.save(update_fields=["is_primary"])


@transaction.atomic
def use_first(point: ContactPoint, *, by: Any = None) -> None:
    lock(point.customer)
    for other in ContactPoint.objects.filter(customer_id=point.customer_id, kind=point.kind, is_primary=True):
        other.is_primary = False
        other.save(update_fields=["is_primary"])
    point.is_primary = True
    point.save(update_fields=["is_primary"])
    audit.record("contactpoint.used_first", point)


@transaction.atomic
def set_primary(customer: Customer, kind: str, value: str) -> None:
    """Let the first number or e-mail be `value`, as it is kept; blank removes it.

    A value that was there under another place is used first; a new one takes the place of the old one, and what was
    agreed to for that holds no more.
    """
    here = ContactPoint.objects.filter(customer=customer, kind=kind)
    first = here.order_by("-is_primary", "pk").first()
    if (first.value if first else "") == value:
        return
    if first is not None and not value:
        remove_contact(first)
    elif there := here.filter(value=value).first():
        use_first(there)
    elif first is None:
        add_contact(ContactPoint(customer=customer, kind=kind, value=value))
    else:
        first.value = value
        first.save(update_fields=["value"])


def lock(customer: Customer) -> None:
    """Whoever else changes the customer's contact points waits."""
    Customer.everyone.select_for_update(of=("self",)).only("pk").get(pk=customer.pk)


# -- consent


@transaction.atomic
def record_consent(  # noqa: PLR0913 - evidence is whole or none
    customer: Customer,
    *,
    contact: str,
    channel: str,
    purpose: str,
    is_given: bool,
    wording_version: str,
    source: str,
    wording: str = "",
    by: Any = None,
) -> Consent:
    """Keep that a customer agreed, or does not agree, to be reached there. Raises ValidationError in words.

    `contact` is the number or e-mail as anybody writes it; it must be one of the customer's, but for a refusal: STOP
    is taken from whatever number it comes.
    """
    kind = KIND_OF.get(Customer.Channel(channel))
    value = normal(kind, contact, customer.dealership.country) if kind else ""
    own = ContactPoint.objects.filter(customer=customer, kind=kind, value=value).exists() if kind else True
    if is_given and not own:
        raise ValidationError(_("“%(value)s” is none of this customer's. Add it first.") % {"value": value})
    made = Consent.objects.create(
        dealership_id=customer.dealership_id,
        customer=customer,
        contact_hash=sealing.hashed("contact", value or f"customer {customer.pk}"),
        channel=channel,
        purpose=purpose,
        is_given=is_given,
        wording=wording,
        wording_version=wording_version,
        source=source,
        who=audit.signature(),
        at=timezone.now(),
    )
    changes = {"channel": channel, "purpose": purpose, "agrees": is_given, "consent": made.pk}
    audit.record("customer.consented", customer, changes=changes)
    return made


def may_contact(customer: Customer, *, channel: str, purpose: str, contact: str = "") -> bool:
    """Whether the customer agreed to be reached so, by this number or e-mail (as it is kept) or by the first one.

    The last word about the number counts, whoever of the dealership's customers said it; a yes counts only if it is
    this customer's, or of one that was merged into them.
    """
    kind = KIND_OF.get(Customer.Channel(channel))
    value = contact or (getattr(customer.primary(kind), "value", "") if kind else f"customer {customer.pk}")
    return bool(value) and agreed(customer, customer.family(), channel, purpose, value)


def agreed(customer: Customer, family: list[int], channel: str, purpose: str, value: str) -> bool:
    last = consents_about(customer, value).filter(channel=channel, purpose=purpose).first()
    return last is not None and last.is_given and last.customer_id in family


def consents_about(customer: Customer, value: str) -> QuerySet[Any]:
    """What was said about a number or an e-mail in the customer's dealership, the newest first."""
    found = Consent.objects.filter(
        dealership_id=customer.dealership_id, contact_hash__in=sealing.hashes("contact", value)
    )
    return found.order_by("-at", "-pk")


@dataclass(frozen=True)
class ConsentState:
    """What holds now for a contact point, a channel and a purpose."""

    contact: str
    consent: Consent
    holds: bool
    """Whether the customer may be reached so."""


def consent_state(customer: Customer) -> list[ConsentState]:
    """The last word about each of the customer's contact points, by channel and purpose."""
    values = [point.value for point in customer.contact_points.all()] + [f"customer {customer.pk}"]
    by_hash = {each: value for value in values for each in sealing.hashes("contact", value)}
    rows = Consent.objects.filter(dealership_id=customer.dealership_id, contact_hash__in=by_hash)
    newest = rows.order_by("contact_hash", "channel", "purpose", "-at", "-pk")
    last = list(newest.distinct("contact_hash", "channel", "purpose"))
    family = customer.family() if last else []
    return [
        ConsentState(
            "" if by_hash[each.contact_hash].startswith("customer ") else by_hash[each.contact_hash],
            each,
            each.is_given and each.customer_id in family,
        )
        for each in last
    ]


# -- duplicates


@dataclass
class Duplicate:
    """A customer that may be the one who is being written down."""

    customer: Customer
    because: list[str] = field(default_factory=list)
    """phone, email, name, identity_number."""


def duplicates(  # noqa: PLR0913 - whatever is known of somebody
    rows: QuerySet[Any],
    *,
    phone: str = "",
    email: str = "",
    name: str = "",
    identity_number: str = "",
    besides: int | None = None,
) -> list[Duplicate]:
    """Customers among `rows` with the same number, e-mail, name or identity number, whatever is half typed ignored."""
    found: dict[int, Duplicate] = {}
    for reason, same in alike(rows.exclude(pk=besides), phone, email, name, identity_number):
        for row in same.select_related("dealership").order_by("-pk")[:MOST_DUPLICATES]:
            found.setdefault(row.pk, Duplicate(row)).because.append(reason)
    ranked = sorted(found.values(), key=lambda each: (-len(each.because), -each.customer.pk))
    return ranked[:MOST_DUPLICATES]


def alike(rows: QuerySet[Any], phone: str, email: str, name: str, identity_number: str) -> Iterator[tuple[str, Any]]:
    if contact_values.tells_somebody(contact_values.identity_number(identity_number)):
        yield "identity_number", rows.with_identity(identity_number)  # type: ignore[attr-defined]
    countries = rows.order_by().values_list("dealership__country", flat=True).distinct() if phone else ()
    numbers = {kept for country in countries if (kept := tried(PHONE, phone, country))}
    if numbers:
        yield "phone", with_contact(rows, PHONE, numbers)
    if kept := tried(EMAIL, email, ""):
        yield "email", with_contact(rows, EMAIL, {kept})
    if len(words := search.words_of(name)) > 1:
        for word in words:
            rows = rows.filter(pk__in=CustomerWord.objects.filter(word=word).values("customer_id"))
        yield "name", rows


def tried(kind: str, text: str, country: str) -> str:
    try:
        return normal(kind, text, country) if text.strip() else ""
    except ValidationError:
        return ""


def with_contact(rows: QuerySet[Any], kind: str, values: set[str]) -> QuerySet[Any]:
    return rows.filter(pk__in=ContactPoint.objects.filter(kind=kind, value__in=values).values("customer_id"))


# -- identity numbers


@transaction.atomic
def reveal(customer: Customer, *, by: Any = None) -> str:
    """The whole identity number, and the audit knows who read it."""
    audit.record("customer.identity_number_read", customer)
    return customer.identity_number


def rotate_identity_numbers() -> int:
    """Seal and hash every identity number with the first of FIELD_KEYS; how many. In the scope of the platform.

    Raises InvalidToken, changing nothing in the caller's transaction, if one cannot be read.
    """
    ring, count = keyring(), 0
    for customer in Customer.everyone.exclude(identity_sealed="").select_for_update(of=("self",)).iterator():
        plain = ring.decrypt(customer.identity_sealed).decode()
        sealed, found_by = sealing.seal(plain), sealing.hashed("identity number", plain)
        Customer.everyone.filter(pk=customer.pk).update(identity_sealed=sealed, identity_hash=found_by)
        count += 1
    return count
