"""What has been invoiced, and what falls due when."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.backoffice.charts import Chart
from config.backoffice.formats import money
from ingestion.dashboard import figures
from ingestion.dashboard.figures import DAYS, by_currency, money_charts, purse, recent, tallied
from ingestion.dashboard.places import Asked, Place
from ingestion.dashboard.sales import WEEK, since
from ingestion.dashboard.shown import Item, Shown, Tile, record, records, told
from ingestion.job_types import JOB_TYPES

CUSTOMERS = "inv1_read"
NEXT = 4
"""Of what falls due, so many are named."""
DUE_ON = {"mdinvh1_read": "tanggal_jatuh_tempo", "mdinvh3_read": "tgl_jatuh_tempo"}
"""The main dealer's invoices for units and for parts, and the column of their due date."""


def invoiced(asked: Asked) -> Shown:
    """To customers for units, and by the main dealer for units and parts."""
    told_of = {
        CUSTOMERS: (_("to customers for units"), "amount"),
        "mdinvh1_read": (_("by the main dealer for units"), "total_harga"),
        "mdinvh3_read": (_("by the main dealer for parts"), "total_harga"),
    }
    tiles: list[Tile] = []
    drawn: tuple[Chart, ...] = ()
    for code, (label, column) in told_of.items():
        if places := asked.places(JOB_TYPES[code].seen_with):
            counts, sums = tallied(places, code, column)
            tiles.append(Tile(label, told(purse(sums)), since(places, code), hint=invoices(recent(counts))))
            if code == CUSTOMERS:
                drawn = money_charts(_("Invoiced to customers"), by_currency(sums))
    note = _("Invoices of the last %(days)d days.") % {"days": DAYS}
    return Shown(tuple(tiles), drawn, note=note, in_rows=True)


def invoices(count: int) -> str:
    return ngettext("%(count)d invoice", "%(count)d invoices", count) % {"count": count}


@dataclass(frozen=True)
class Due:
    """Invoices whose due dates lie between two days."""

    count: int
    amount: Decimal


@dataclass(frozen=True)
class ByDate:
    """Invoices by their due dates: the past, the next and the later ones, and the next by name."""

    past: Due
    soon: Due
    later: Due
    first: tuple[tuple[date, int, int, str, Decimal | None], ...]
    """Due date, record, dealership, invoice, amount."""


def due(asked: Asked) -> Shown:
    """The main dealer's invoices by due date."""
    tiles: list[Tile] = []
    coming: list[tuple[date, Item]] = []
    for code, what in {"mdinvh1_read": _("units"), "mdinvh3_read": _("parts")}.items():
        found = [(place, by_date(place, code)) for place in asked.places(JOB_TYPES[code].seen_with)]
        if found:
            tiles += due_tiles(code, what, found)
            coming += [pair for place, each in found for pair in items(asked, place, code, each)]
    coming.sort(key=lambda each: each[0])
    return Shown(
        tuple(tiles),
        items=tuple(item for _day, item in coming[:NEXT]),
        items_title=_("Due next"),
        none=_("No due date lies ahead."),
        note=_("The feeds do not tell of payments: an invoice stands here by its date, paid or not."),
        in_rows=True,
    )


def due_tiles(code: str, what: str, found: list[tuple[Place, ByDate]]) -> list[Tile]:
    today, column = min(place.today for place, _each in found), DUE_ON[code]
    yesterday, week = today - timedelta(days=1), today + timedelta(days=WEEK)
    spans = {
        "past": (_("%(what)s, fell due in the last 30 days"), today - timedelta(days=DAYS), yesterday),
        "soon": (_("%(what)s, due in the next 7 days"), today, week),
        "later": (_("%(what)s, due later"), week + timedelta(days=1), None),
    }
    tiles = []
    for name, (label, begin, end) in spans.items():
        amounts: dict[str, Decimal] = defaultdict(Decimal)
        count = 0
        for place, each in found:
            bucket: Due = getattr(each, name)
            count += bucket.count
            if bucket.amount:
                amounts[place.currency] += bucket.amount
        bounds = {f"{column}_from": begin.isoformat()} | ({f"{column}_to": end.isoformat()} if end else {})
        kind = "warn" if name == "soon" and count else ""
        tiles.append(Tile(label % {"what": what}, told(amounts), records(code, **bounds), kind, invoices(count)))
    return tiles


def by_date(place: Place, code: str) -> ByDate:
    """Due today belongs to the next days. What fell due before the last days is left out: nobody knows its payment."""
    job, column, today = JOB_TYPES[code], DUE_ON[code], place.today
    week = today + timedelta(days=WEEK)
    spans = {
        "past": Q(**{f"{column}__lt": today}),
        "soon": Q(**{f"{column}__gte": today, f"{column}__lte": week}),
        "later": Q(**{f"{column}__gt": week}),
    }
    rows = place.rows(job.record).filter(**{f"{column}__gte": today - timedelta(days=DAYS)})

    def ask() -> ByDate:
        asked = {f"{name}_count": Count("pk", filter=span) for name, span in spans.items()}
        asked |= {f"{name}_amount": Sum("total_harga", filter=span) for name, span in spans.items()}  # type: ignore[misc]
        found = rows.aggregate(**asked)
        told = {name: Due(found[f"{name}_count"], found[f"{name}_amount"] or Decimal(0)) for name in spans}
        first = rows.filter(**{f"{column}__gte": today}).order_by(column, "pk")
        named = first.values_list(column, "pk", "dealership", "no_invoice", "total_harga")[:NEXT]
        return ByDate(**told, first=tuple(named))

    return figures.asked(f"due {today}", job, rows, ask)


def items(asked: Asked, place: Place, code: str, found: ByDate) -> list[tuple[date, Item]]:
    made = []
    for day, pk, dealership, invoice, amount in found.first:
        about = " · ".join(filter(None, [asked.names.get(dealership, ""), date_format(day, "j M Y")]))
        made.append((day, Item(invoice, money(amount, place.currency), record(code, pk), about=about)))
    return made
