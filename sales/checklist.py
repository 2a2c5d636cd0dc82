"""What a deal still lacks on its way to the handover, as papers and people would ask for it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sales.models import Deal, DealFile, Document, Registration

Kind = DealFile.Kind


@dataclass(frozen=True)
class Point:
    """Something that a deal needs."""

    label: str | Promise
    is_there: bool


def of(deal: Deal) -> list[Point]:
    """In the order in which they are needed; what a deal without finance or trade-in does not need is left out."""
    files = {each.kind for each in deal.files.without_content() if each.state != DealFile.State.INFECTED}
    printed = set(deal.documents.filter(erased_at=None).values_list("kind", flat=True))
    accepted = Kind.OFFER in files or deal.links.exclude(accepted_at=None).exists()
    customer, scenario = deal.customer, deal.scenarios.filter(is_chosen=True).first()
    points = [
        Point(_("a telephone number or an e-mail address of the customer"), customer.contact_points.exists()),
        Point(_("the customer's identity number"), bool(customer.identity_hash)),
        Point(_("a copy of the identity document"), Kind.IDENTITY in files),
        Point(_("an offer that the customer accepted"), accepted),
    ]
    if scenario is not None and scenario.term:
        points.append(Point(_("the lender's approval"), Kind.FINANCE in files))
    if scenario is not None and scenario.trade_ins.exists():
        points.append(Point(_("the papers of the trade-in"), Kind.TRADE_IN in files))
    if deal.stage in Deal.BINDING:
        points += [
            Point(_("the contract, printed"), Document.Kind.CONTRACT in printed),
            Point(_("the signed contract"), Kind.CONTRACT in files),
            Point(_("registration papers, asked for"), asked_for(deal)),
        ]
    if deal.stage == Deal.Stage.DELIVERED:
        points.append(Point(_("the signed handover protocol"), Kind.HANDOVER in files))
    return points


def asked_for(deal: Deal) -> bool:
    return Registration.objects.filter(deal=deal).exclude(requested_on=None).exists()
