"""What a deal still lacks on its way to the handover, as papers and people would ask for it."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from sales.models import Deal, DealFile, Document, OfferLink, Scenario

Kind = DealFile.Kind


@dataclass(frozen=True)
class Point:
    """Something that a deal needs."""

    label: str | Promise
    is_there: bool


def prepare(deal: Deal) -> None:
    """Read what the list looks at, and the deal's page shows, once and without what stands in files and documents."""
    links = OfferLink.objects.select_related("document").defer("document__pdf", "document__facts")
    prefetch_related_objects(
        [deal],
        Prefetch("files", DealFile.objects.without_content().select_related("added_by")),
        Prefetch("documents", Document.objects.defer("pdf", "facts")),
        Prefetch("links", links),
        "registrations",
        "customer__contact_points",
    )


def of(deal: Deal, chosen: Scenario | None) -> list[Point]:
    """In the order in which they are needed; what `chosen`, without finance or trade-in, does not need is left out."""
    prepare(deal)
    files = {each.kind for each in deal.files.all() if each.state != DealFile.State.INFECTED}
    printed = {each.kind for each in deal.documents.all() if each.erased_at is None}
    accepted = Kind.OFFER in files or any(each.accepted_at for each in deal.links.all())
    customer = deal.customer
    points = [
        Point(_("a telephone number or an e-mail address of the customer"), bool(customer.contact_points.all())),
        Point(_("the customer's identity number"), bool(customer.identity_hash)),
        Point(_("a copy of the identity document"), Kind.IDENTITY in files),
        Point(_("an offer that the customer accepted"), accepted),
    ]
    if chosen is not None and chosen.term:
        points.append(Point(_("the lender's approval"), Kind.FINANCE in files))
    if chosen is not None and chosen.trade_ins.exists():
        points.append(Point(_("the papers of the trade-in"), Kind.TRADE_IN in files))
    if deal.stage in Deal.BINDING:
        points += [
            Point(_("the contract, printed"), Document.Kind.CONTRACT in printed),
            Point(_("the signed contract"), Kind.CONTRACT in files),
            Point(_("registration papers, asked for"), any(each.requested_on for each in deal.registrations.all())),
        ]
    if deal.stage == Deal.Stage.DELIVERED:
        points.append(Point(_("the signed handover protocol"), Kind.HANDOVER in files))
    return points
