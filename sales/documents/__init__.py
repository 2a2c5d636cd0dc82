"""Documents of a deal as PDF, in the dealership's language and look: made here, without any network.

A template (`offer.typ`) holds the layout and no words; all it shows comes as JSON. What somebody typed is a text of
that JSON and never markup.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from config.backoffice import formats, printing
from dealers import audit
from dealers.localisation import language_of
from dealers.models import Dealership, Logo
from sales import arithmetic, offers
from sales.models import Deal, Document, Scenario
from sales.stages import locked, person_of, priced

HERE = Path(__file__).parent
COLOUR = "#1d4ed8"
"""Of a dealership that has none of its own."""
SIGNED = (Document.Kind.CONTRACT, Document.Kind.HANDOVER)
"""Those of what is contracted."""


def pdf_of(kind: str, facts: Mapping[str, Any], logo: bytes | None) -> bytes:
    """The document as a PDF; the same facts make the same one."""
    data = {**facts, "logo": list(logo) if logo else None}
    return printing.pdf_of(HERE / f"{Document.Kind(kind).value}.typ", data, facts["timestamp"])


@transaction.atomic
def make(deal: Deal, *, by: Any, kind: str, language: str = "") -> Document:
    """Make the next version of a document. Raises ValidationError for one that the deal is not ready for."""
    here = locked(deal.pk)
    kind = Document.Kind(kind)
    if (kind in SIGNED) != (here.stage in Deal.BINDING) and (kind in SIGNED or not here.is_open):
        raise ValidationError(
            _("Deal %(number)s is %(stage)s: there is no %(document)s of it now.")
            % {"number": here.number, "stage": here.get_stage_display(), "document": kind.label}
        )
    chosen = here.chosen if here.stage in Deal.BINDING else priced(here)
    chosen.deal = here
    language = language if language in dict(settings.LANGUAGES) else language_of(here.dealership) or "en"
    version = (here.documents.filter(kind=kind).aggregate(last=Max("version"))["last"] or 0) + 1
    with translation.override(language), timezone.override(here.dealership.zone):
        facts = facts_of(here, chosen, kind, version, language)
    logo = Logo.objects.filter(dealership=here.dealership_id).values_list("png", flat=True).first()
    pdf = pdf_of(kind, facts, bytes(logo) if logo else None)
    made: Document = here.documents.create(
        dealership_id=here.dealership_id,
        kind=kind,
        version=version,
        language=language,
        pdf=pdf,
        sha256=hashlib.sha256(pdf).hexdigest(),
        facts=facts,
        made_by=person_of(by),
    )
    audit.record("document.made", made, changes={"deal": here.number, "sha": made.sha256})
    return made


def facts_of(deal: Deal, scenario: Scenario, kind: Document.Kind, version: int, language: str) -> dict[str, Any]:
    """What stands in a document, in the language of now; nothing about the staff, costs or margins."""
    offer = offers.offer_of(scenario)
    summary, now = arithmetic.summarize(offer), timezone.now()
    currency, vehicle = summary.currency, deal.vehicle

    def money(value: Decimal) -> str:
        return formats.money(value.normalize() if value else Decimal(0), currency)

    revision = deal.revision if deal.stage in Deal.BINDING else version
    return {
        "title": f"{str(kind.label).capitalize()} {deal.number}",
        "subtitle": _("Version %(version)s of %(day)s") % {"version": revision, "day": formats.day(now)},
        "reference": f"{deal.number}-{kind.value}-{version}",
        "language": language,
        "timestamp": int(now.timestamp()),
        "dealership": letterhead(deal.dealership),
        "words": words(),
        "customer": [[_("Name"), deal.customer.name]],
        "vehicle": said(
            (_("Vehicle"), vehicle.name),
            (_("Frame number"), vehicle.vin),
            (_("Engine number"), vehicle.engine_number),
            (_("Plate"), vehicle.plate),
            (_("Colour"), vehicle.colour),
            (_("Stock number"), vehicle.stock_number),
        ),
        "lines": [
            [_("Vehicle"), tax_words(summary.vehicle.rate), money(summary.vehicle.gross)],
            *(
                [name_of(item), tax_words(line.rate), money(line.gross)]
                for item, line in zip(scenario.items.order_by("pk"), summary.lines, strict=True)
            ),
        ],
        "sums": sums(summary, money),
        "finance": finance(scenario, summary, money),
        "closing": closing(kind),
        "checks": checks(),
        "schedule_head": [_("Month"), _("Payment"), _("Interest"), _("Principal"), _("Balance")],
        "schedule": [
            [str(row.number), *(money(each) for each in (row.payment, row.interest, row.principal, row.balance))]
            for row in arithmetic.schedule(summary)
        ],
    }


def said(*pairs: tuple[str, str]) -> list[list[str]]:
    return [[label, value] for label, value in pairs if value]


def name_of(item: Any) -> str:
    return item.name if item.quantity == 1 else f"{formats.number(item.quantity.normalize())} × {item.name}"


def tax_words(rate: Decimal) -> str:
    return formats.percentage(rate.normalize()) if rate else "–"


def letterhead(dealership: Dealership) -> dict[str, Any]:
    place = " ".join(filter(None, (dealership.postal_code, dealership.city)))
    address = [dealership.street, place, dealership.region, dealership.phone, dealership.email, dealership.website]
    legal = [dealership.legal_name or dealership.name, dealership.licence_number, dealership.tax_number]
    return {
        "name": dealership.name,
        "colour": dealership.brand_colour or COLOUR,
        "address": [each for each in address if each],
        "footer": " · ".join(each for each in legal if each),
    }


def words() -> dict[str, str]:
    """What the templates say themselves."""
    return {
        "customer": _("Customer"),
        "vehicle": _("Vehicle"),
        "price": _("Price"),
        "what": _("What"),
        "tax": _("Tax"),
        "amount": _("Amount"),
        "finance": _("Finance"),
        "buyer": _("Customer"),
        "seller": _("Dealership"),
        "schedule": _("Payments month by month"),
        "checked": _("Handed over and checked together"),
    }


def sums(summary: arithmetic.Summary, money: Any) -> list[list[str]]:
    found = [[_("Taxes in it"), money(summary.total_tax)], [_("Total"), money(summary.total)]]
    if summary.discount:
        found.insert(0, [_("Discount in it"), money(summary.discount)])
    if summary.allowance or summary.payoff:
        found.append([_("Trade-in, after what is still owed on it"), money(-summary.equity)])
    if summary.deposits:
        found.append([_("Paid already"), money(-summary.deposits)])
    return [*found, [_("Due"), money(summary.due)]]


def finance(scenario: Scenario, summary: arithmetic.Summary, money: Any) -> list[list[str]]:
    if summary.finance is None:
        return []
    return said(
        (_("Lender"), scenario.lender),
        (_("Down payment"), money(summary.down_payment)),
        (_("Amount financed"), money(summary.financed)),
        (_("Interest"), f"{formats.percentage(scenario.rate.normalize())}, {scenario.get_method_display()}"),
        (_("Term"), _("%(months)s months") % {"months": summary.payments}),
        (_("Monthly payment"), money(summary.monthly_payment)),
        (_("Balloon"), money(summary.balloon) if summary.balloon else ""),
        (_("Total interest"), money(summary.total_interest)),
        (_("Total of payments"), money(summary.total_of_payments)),
    )


def closing(kind: Document.Kind) -> str:
    return {
        Document.Kind.OFFER: _("This offer is subject to the vehicle being available."),
        Document.Kind.ORDER: _("The customer orders the vehicle as described above."),
        Document.Kind.CONTRACT: _("Both parties agree to the sale as described above."),
        Document.Kind.HANDOVER: _("The vehicle was handed over in the condition described above."),
    }[kind]


def checks() -> list[str]:
    return [
        _("Frame and engine number compared"),
        _("Keys and spare key"),
        _("Owner's manual and service book"),
        _("Lights, brakes and horn"),
        _("No damage to be seen"),
        _("How to use it was explained"),
    ]
