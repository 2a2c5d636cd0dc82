"""Links for customers: an offer is seen, and accepted once, by whoever has its token."""

from __future__ import annotations

import re
import secrets
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dealers import audit
from dealers.models.people import hashed
from dealers.tenancy import platform
from sales.models import Document, OfferLink
from sales.stages import person_of

TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
KINDS = (Document.Kind.OFFER, Document.Kind.ORDER)
"""Documents that a customer may be asked to accept."""


class Closed(Exception):
    """There is no such link, or it is over; a stranger is not told which."""


@transaction.atomic
def make(document: Document, *, by: Any, days: int) -> str:
    """The token of a new link, which is told here and never again. Raises ValidationError for another document."""
    if document.kind not in KINDS or not document.deal.is_open or document.erased_at is not None:
        raise ValidationError(_("A customer is sent an offer or an order of a deal that is not contracted yet."))
    token = secrets.token_urlsafe(32)
    link = OfferLink.objects.create(
        dealership_id=document.dealership_id,
        deal=document.deal,
        document=document,
        token_hash=hashed(token),
        made_by=person_of(by),
        expires_at=timezone.now() + timedelta(days=days),
    )
    audit.record("offerlink.made", link, changes={"deal": document.deal.number, "days": days})
    return token


@transaction.atomic
def revoke(link: OfferLink, *, by: Any) -> None:
    """It leads nowhere any more."""
    if link.revoked_at is None:
        OfferLink.objects.filter(pk=link.pk).update(revoked_at=timezone.now())
        audit.record("offerlink.revoked", link)


@platform("offer link")
def find(token: str) -> OfferLink:
    """Raises Closed."""
    return opened(token)


def opened(token: str, *, lock: bool = False) -> OfferLink:
    if not TOKEN.fullmatch(token):
        raise Closed
    rows = OfferLink.objects.open().select_related("document", "deal__dealership")
    if lock:
        rows = rows.select_for_update(of=("self",))
    found: OfferLink | None = rows.filter(token_hash=hashed(token)).first()
    if found is None or not (found.accepted_at or found.deal.is_open):
        raise Closed
    found.document.deal = found.deal
    return found


@platform("offer link")
@transaction.atomic
def accept(token: str, *, name: str, address: str | None) -> OfferLink:
    """Keep who accepted, when and from where, and what exactly. Raises Closed. A second time changes nothing."""
    link = opened(token, lock=True)
    if link.accepted_at is not None:
        return link
    link.accepted_at, link.accepted_name = timezone.now(), name
    link.accepted_from, link.accepted_sha256 = address, link.document.sha256
    link.save(update_fields=["accepted_at", "accepted_name", "accepted_from", "accepted_sha256"])
    audit.record(
        "offerlink.accepted",
        link,
        changes={"deal": link.deal.number, "document": str(link.document), "name": name, "sha": link.accepted_sha256},
    )
    return link
