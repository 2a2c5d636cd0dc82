"""What the workshop and the parts counter look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db.models import Count, Exists, Min, OuterRef, QuerySet, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.backoffice.formats import number
from ingestion.dashboard import figures
from ingestion.dashboard.figures import (
    OfPlaces,
    by_currency,
    day_chart,
    moments_by_day,
    money_charts,
    purse,
    recent,
    tallied,
    whole,
)
from ingestion.dashboard.places import Asked, Place
from ingestion.dashboard.sales import OLDEST, from_day, since
from ingestion.dashboard.shown import Item, Shown, Tile, record, told
from ingestion.job_types import JOB_TYPES
from ingestion.naming import saying_the_same

ORDERED = 180
"""Days for which a hotline order is looked at."""
ORDER_DAY = "tanggal_pemesanan_hlo"


def throughput(asked: Asked) -> Shown:
    """Work orders opened and finished."""
    places = asked.places(JOB_TYPES["pkb"].seen_with)
    opened, finished = (
        [(place, moments_by_day(place, "pkb", column, Count("pk"))) for place in places]
        for column in ("waktu_pkb", "waktu_selesai")
    )
    return Shown(
        (
            Tile(_("opened today"), number(recent(opened, 1)), from_day(places, "pkb", "waktu_pkb", 1)),
            Tile(_("opened, last 30 days"), number(recent(opened)), from_day(places, "pkb", "waktu_pkb")),
            Tile(_("finished today"), number(recent(finished, 1)), from_day(places, "pkb", "waktu_selesai", 1)),
            Tile(_("finished, last 30 days"), number(recent(finished)), from_day(places, "pkb", "waktu_selesai")),
        ),
        (day_chart(_("Work orders finished"), whole(finished)),),
    )


def notes(places: list[Place], day: str, amount: str) -> OfPlaces:
    """What the workshop's notes of a kind come to by day."""
    return [(place, moments_by_day(place, "inv2_read", day, Sum(amount))) for place in places]


def revenue(asked: Asked) -> Shown:
    """The service notes and parts notes of the workshop, each on its own day."""
    places = asked.places(JOB_TYPES["inv2_read"].seen_with)
    services = notes(places, "tanggal_njb", "total_harga_njb")
    parts = notes(places, "tanggal_nsc", "total_harga_nsc")
    of_services, of_parts = (from_day(places, "inv2_read", column) for column in ("tanggal_njb", "tanggal_nsc"))
    return Shown(
        (
            Tile(_("services, last 30 days"), told(purse(services)), of_services),
            Tile(_("parts in the workshop, last 30 days"), told(purse(parts)), of_parts),
        ),
        money_charts(_("Workshop revenue"), by_currency([*services, *parts])),
        in_rows=True,
    )


def parts_sold(asked: Asked) -> Shown:
    """Over the counter and in the workshop."""
    job = "prsl_read"
    places = asked.places(JOB_TYPES[job].seen_with)
    sales, counter = tallied(places, job, "total_harga_so")
    workshop = notes(places, "tanggal_nsc", "total_harga_nsc")
    of_notes = from_day(places, "inv2_read", "tanggal_nsc")
    return Shown(
        (
            Tile(_("over the counter, last 30 days"), told(purse(counter)), since(places, job)),
            Tile(_("sales over the counter"), number(recent(sales)), since(places, job)),
            Tile(_("in the workshop, last 30 days"), told(purse(workshop)), of_notes),
        ),
        money_charts(_("Parts sold"), by_currency([*counter, *workshop])),
        in_rows=True,
    )


@dataclass(frozen=True)
class Orders:
    """Hotline orders that wait, those that wait longest by name."""

    count: int
    oldest: tuple[tuple[date, int, int, str], ...]
    """The day of the order, the record, the dealership, the order."""


def hotline(asked: Asked) -> Shown:
    """Orders without a down payment, and those with one whose parts nobody has been sold or invoiced yet."""
    places = asked.places(JOB_TYPES["dphlo_read"].seen_with)
    unpaid = [(place, orders(place, "unpaidhlo_read", not_paid(place))) for place in places]
    paid = [(place, orders(place, "dphlo_read", not_arrived(place))) for place in places]
    longest = [*named(asked, unpaid, "unpaidhlo_read", _("no down payment"))]
    longest += named(asked, paid, "dphlo_read", _("down payment made"))
    longest.sort(key=lambda each: -each[0])
    return Shown(
        (
            Tile(_("wait for a down payment"), counted(unpaid), from_day(places, "unpaidhlo_read", ORDER_DAY, ORDERED)),
            Tile(_("wait for their parts"), counted(paid), from_day(places, "dphlo_read", ORDER_DAY, ORDERED)),
        ),
        items=tuple(item for _days, item in longest[:OLDEST]),
        items_title=_("Waiting longest"),
        none=_("No order waits."),
        note=_(
            "Of the orders of the last %(days)d days. The feeds do not tell of a part's arrival: an order waits until "
            "a parts sale names it or its work order is invoiced."
        )
        % {"days": ORDERED},
    )


def counted(found: Iterable[tuple[Place, Orders]]) -> str:
    return number(sum(each.count for _place, each in found))


def of_orders(place: Place, code: str) -> QuerySet[Any]:
    return place.rows(JOB_TYPES[code].record).filter(
        **{f"{ORDER_DAY}__gte": place.first(ORDERED), f"{ORDER_DAY}__lte": place.today}
    )


def not_paid(place: Place) -> QuerySet[Any]:
    paid = beside("dphlo_read", "id_hlo_document", "id_hlo_document")
    return of_orders(place, "unpaidhlo_read").exclude(Exists(paid))


def not_arrived(place: Place) -> QuerySet[Any]:
    """An order without a number could not be told from another."""
    sold = beside("prsl_read", "booking_id_reference", "id_hlo_document", JOB_TYPES["prsl_read"].lines["parts"])
    invoiced = beside("inv2_read", "no_work_order", "no_work_order")
    numbered = of_orders(place, "dphlo_read").filter(id_hlo_document__isnull=False)
    return numbered.exclude(Exists(sold)).exclude(Exists(invoiced))


def beside(code: str, column: str, same_as: str, model: Any = None) -> QuerySet[Any]:
    """For a subquery: what the same dealership has of a job type with the same number."""
    made: Any = model or JOB_TYPES[code].record
    rows: QuerySet[Any] = made._default_manager.order_by()
    return rows.filter(saying_the_same(made, column, same_as), dealership=OuterRef("dealership"))


def orders(place: Place, code: str, rows: QuerySet[Any]) -> Orders:
    """An order with several down payments is one order, of the day of the first."""

    def ask() -> Orders:
        by_order = rows.values("dealership", "id_hlo_document").annotate(day=Min(ORDER_DAY), pk=Min("pk"))
        found = by_order.order_by("day", "pk").values_list("day", "pk", "dealership", "id_hlo_document")
        return Orders(by_order.count(), tuple(found[:OLDEST]))

    return figures.asked("hotline", JOB_TYPES[code], rows, ask, "dphlo_read", "prsl_read", "inv2_read")


def named(asked: Asked, found: Iterable[tuple[Place, Orders]], code: str, state: str) -> Iterable[tuple[int, Item]]:
    for place, each in found:
        for day, pk, dealership, order in each.oldest:
            days = (place.today - day).days
            told_days = ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
            about = " · ".join(filter(None, [state, asked.names.get(dealership, ""), date_format(day, "j M Y")]))
            yield days, Item(order, told_days, record(code, pk), about=about)
