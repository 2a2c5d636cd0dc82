"""What the page of the deal desk shows."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from config.backoffice import formats
from sales import checklist, offers
from sales.arithmetic import BadOffer, Summary
from sales.desk import GROSS, Desk
from sales.forms import FileForm, RollForm
from sales.models import Deal, DealFile, Scenario
from sales.scenarios import RETURNS

MOST_BESIDE = 3
"""Scenarios that are compared."""


def desk_of(request: HttpRequest, deal: Deal, desk: Desk | None = None) -> dict[str, Any]:
    """The context of the page; `desk` is what was sent, of a scenario that could not be saved."""
    checklist.prepare(deal)
    all_of_it = list(deal.scenarios.select_related("tax").order_by("pk"))
    for each in all_of_it:
        each.deal = deal
    scenario = desk.scenario if desk else shown(request, all_of_it)
    gross = bool(request.user.has_perm(GROSS, deal))
    may_change = bool(request.user.has_perm("sales.deal:change", deal))
    locked = scenario is None or scenario.is_locked or not deal.is_open or not may_change
    if desk is None and scenario is not None:
        desk = Desk(scenario, request.user)
    contract = deal.contract
    return {
        "deal": deal,
        "scenario": scenario,
        "scenarios": all_of_it,
        "desk": desk,
        "locked": locked,
        "stale_rates": desk.stale_rates if desk and not locked else [],
        "may_change": may_change,
        "gross": gross,
        "roll": RollForm(),
        "figures": summary_context(desk, gross) if desk else {},
        "signed": offers.told(contract.figures, gross) if contract else None,
        "compared": compared(all_of_it[:MOST_BESIDE], deal.dealership.currency, gross),
        "deposits": list(deal.deposits.all()),
        "may_remove_deposits": deal.stage in RETURNS and request.user.has_perm("sales.deposit:delete", deal),
        "documents": list(deal.documents.all()),
        **files_of(request.user, deal),
        "points": checklist.of(deal, next((each for each in all_of_it if each.is_chosen), None)),
        "links": list(deal.links.all()),
        "registrations": list(deal.registrations.all()),
        "reservation": deal.reservation,
        "currency": deal.dealership.currency,
    }


def files_of(user: Any, deal: Deal) -> dict[str, Any]:
    """What the part of the page with the files shows."""
    checklist.prepare(deal)
    found = list(deal.files.all())
    return {
        "files": found,
        "files_wait": any(each.state == DealFile.State.PENDING for each in found),
        "may_add_files": bool(user.has_perm("sales.deal:change", deal)),
        "file_form": FileForm(),
    }


def shown(request: HttpRequest, scenarios: list[Scenario]) -> Scenario | None:
    """The one that the address names, else the chosen one."""
    named = request.GET.get("scenario", "")
    if named:
        found = next((each for each in scenarios if str(each.pk) == named), None)
        if found is None:
            raise Http404
        return found
    return next((each for each in scenarios if each.is_chosen), scenarios[0] if scenarios else None)


def summary_context(desk: Desk, gross: bool) -> dict[str, Any]:
    """The summary of a desk as it is: figures, the matrix, or what is wrong."""
    if desk.data is not None and not desk.is_valid():
        return {"problems": desk.problems, "desk": desk}
    try:
        summary = desk.summary
    except BadOffer as error:
        return {"problems": [str(error)], "desk": desk}
    currency = summary.currency
    matrix = desk.matrix
    return {
        "desk": desk,
        "rows": rows_of(summary, gross),
        "downs": [formats.money(down.normalize(), currency) for down, _payment in matrix[0][1]] if matrix else [],
        "matrix": [
            (
                term,
                [
                    (
                        f"{term}:{down:f}",
                        None if payment is None else shown_amount(payment, currency),
                        here(summary, term, down),
                    )
                    for down, payment in cells
                ],
            )
            for term, cells in matrix
        ],
    }


def here(summary: Summary, term: int, down: Decimal) -> bool:
    return summary.finance is not None and (summary.finance.term, summary.finance.down_payment) == (term, down)


def shown_amount(value: Decimal, currency: str) -> str:
    return formats.money(value.normalize() if value else Decimal(0), currency)


def rows_of(summary: Summary, gross: bool) -> list[tuple[str, str, bool]]:
    """Labels and amounts, and whether they matter most."""

    def row(label: str, value: Decimal | None, main: bool = False) -> tuple[str, str, bool]:
        return label, "–" if value is None else shown_amount(value, summary.currency), main

    found = [
        row(_("Price after the discount"), summary.discounted),
        row(_("Taxes in it"), summary.total_tax),
        row(_("Total"), summary.total, True),
        row(_("Trade-in, after payoff"), summary.equity),
        row(_("Deposits"), summary.deposits),
        row(_("Due"), summary.due, True),
    ]
    if summary.finance is not None:
        found += [
            row(_("Down payment"), summary.down_payment),
            row(_("Amount financed"), summary.financed),
            row(_("Monthly payment"), summary.monthly_payment, True),
            row(_("Total interest"), summary.total_interest),
        ]
    if gross:
        found += [row(_("Gross"), summary.gross), row(_("Commission"), summary.commission)]
    return found


def compared(scenarios: list[Scenario], currency: str, gross: bool) -> list[tuple[str, list[str]]]:
    """Figures side by side: a row for each label, a column for each scenario; nothing to compare with one alone."""
    if len(scenarios) < 2:
        return []
    columns: list[dict[str, str]] = []
    for each in scenarios:
        try:
            summary = offers.summary_of(each)
        except BadOffer:
            columns.append({})
            continue
        found = {label: value for label, value, _main in rows_of(summary, gross)}
        columns.append(found | {_("Term"): str(summary.payments) if summary.finance else "–"})
    labels = list(dict.fromkeys(label for column in columns for label in column))
    return [(label, [column.get(label, "–") for column in columns]) for label in labels]
