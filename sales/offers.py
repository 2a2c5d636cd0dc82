"""A stored scenario as arithmetic takes it, and what arithmetic says of it as words and JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from config.backoffice.currencies import rounded
from sales import arithmetic
from sales.arithmetic import BadOffer, Finance, Line, Offer, Summary
from sales.models import Contract, Deal, Item, Scenario, TradeIn

SECRET = ("cost", "gross", "commission")
"""Figures that are told by `sales.gross:view`."""
TERMS = (12, 18, 24, 36, 48, 60)
DOWNS = (Decimal(10), Decimal(20), Decimal(30), Decimal(40))
"""Of the total price, in percent."""


def offer_of(
    scenario: Scenario,
    items: Iterable[Item] | None = None,
    trade_ins: Iterable[TradeIn] | None = None,
    finance: Finance | None = None,
) -> Offer:
    """A scenario with these items, trade-ins and finance, by default its own.

    What the vehicle and the items cost is rounded to the currency: nobody at the desk may have to see or mend it.
    """
    deal, currency = scenario.deal, scenario.deal.dealership.currency
    lines = scenario.items.select_related("tax").order_by("pk") if items is None else items
    taken = scenario.trade_ins.order_by("pk") if trade_ins is None else trade_ins
    if finance is None and scenario.term is not None:
        finance = Finance(
            scenario.rate,
            scenario.term,
            scenario.method,  # type: ignore[arg-type]
            scenario.down_payment,
            scenario.balloon,
        )
    return Offer(
        currency=currency,
        price=scenario.price,
        discount=scenario.discount,
        tax_rate=scenario.tax.percent if scenario.tax else Decimal(0),
        tax_inclusive=scenario.tax_inclusive,
        lines=tuple(line_of(each, currency) for each in lines),
        trade_ins=tuple(arithmetic.TradeIn(each.allowance, each.payoff) for each in taken),
        deposits=tuple(deal.deposits.order_by("pk").values_list("amount", flat=True)),
        finance=finance,
        cost=cost_of(deal),
        commission_rate=scenario.commission_rate,
    )


def cost_of(deal: Deal) -> Decimal | None:
    """What the vehicle cost us, as far as it is known: now, or of a deal that is over as it was signed last."""
    if (contract := deal.last_contract) is not None:
        signed = contract.offer["cost"]
        return None if signed is None else Decimal(signed)
    cost = deal.vehicle.cost
    return None if cost is None else rounded(cost, deal.dealership.currency)


def line_of(item: Item, currency: str) -> Line:
    return Line(
        item.kind,  # type: ignore[arg-type]
        item.quantity,
        item.unit_price,
        item.tax.percent if item.tax else Decimal(0),
        item.tax_inclusive,
        rounded(item.unit_cost, currency),
    )


def summary_of(scenario: Scenario) -> Summary:
    """What a stored scenario comes to. Raises BadOffer."""
    return arithmetic.summarize(offer_of(scenario))


def refused(error: BadOffer) -> ValidationError:
    """What is wrong with an offer, at the field of the scenario's form if it is one's."""
    where = error.field.rpartition(".")[2] if error.field.startswith("finance.") else error.field
    names = {field.name for field in Scenario._meta.fields}
    return ValidationError({where: [str(error)]}) if where in names else ValidationError(str(error))


def plain(value: Any) -> Any:
    """An offer or a summary as JSON holds it: amounts as text, exact."""
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, tuple | list):
        return [plain(each) for each in value]
    return written(value) if isinstance(value, Decimal) else value


def written(value: Decimal) -> str:
    """An amount as text, in one way: without the zeros of a column, and without an exponent."""
    return f"{value.normalize():f}" if value else "0"


def told(figures: Mapping[str, Any], gross: bool) -> dict[str, Any]:
    """Figures as somebody may know them, with the margin or without."""
    return {name: None if name in SECRET and not gross else value for name, value in figures.items()}


def figures_of(deal: Deal) -> dict[str, Any] | None:
    """What a deal comes to: as signed if it is or was, else as the chosen scenario is computed now; None if it cannot.

    A deal that is over keeps the figures of its last contract, whatever its vehicle has cost since.
    """
    if (contract := deal.contract or deal.last_contract) is not None:
        return dict(contract.figures)
    if (chosen := deal.chosen) is None:
        return None
    try:
        found: dict[str, Any] = plain(summary_of(chosen))
    except BadOffer:
        return None
    return found


def freeze(scenario: Scenario, revision: int, by: Any) -> Contract:
    """Keep what a scenario comes to now."""
    offer = offer_of(scenario)
    return Contract.objects.create(
        dealership_id=scenario.dealership_id,
        deal=scenario.deal,
        revision=revision,
        offer=plain(offer) | {"scenario": scenario.pk},
        figures=plain(arithmetic.summarize(offer)),
        signed_by=by,
    )


def matrix(offer: Offer, total: Decimal) -> list[tuple[int, list[tuple[Decimal, Decimal | None]]]]:
    """Monthly payments by term and down payment, those of the offer among them."""
    if offer.finance is None:
        return []
    step = arithmetic.step_of(offer.currency)
    downs = sorted({offer.finance.down_payment, *(arithmetic.rounded(total * each / 100, step) for each in DOWNS)})
    terms = sorted({offer.finance.term, *TERMS})
    found = arithmetic.term_by_down(offer, terms, downs)
    return [(term, list(zip(downs, row, strict=True))) for term, row in zip(terms, found, strict=True)]
