"""What the workshop and the parts counter look at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Exists, Min, OuterRef, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.backoffice.formats import number
from ingestion.dashboard import figures
from ingestion.dashboard.figures import DAYS, by_currency, count_by_day, day_chart, money_charts, moments_by_day, whole
from ingestion.dashboard.places import Asked, Place
from ingestion.dashboard.sales import OLDEST, since
from ingestion.dashboard.shown import Item, Shown, Tile, record, records, told
from ingestion.job_types import JOB_TYPES

ORDERED = 180
"""Days for which a hotline order is looked at."""


def throughput(asked: Asked) -> Shown:
    """Work orders opened and finished."""
    places = asked.places(JOB_TYPES["pkb"].seen_with)
    opened, finished = (
        whole([(place, moments_by_day(place, "pkb", column, figures.count())) for place in places])
        for column in ("waktu_pkb", "waktu_selesai")
    )
    return Shown(
        (
            *of_moments(_("opened today"), _("opened, last 30 days"), opened, places, "waktu_pkb"),
            *of_moments(_("finished today"), _("finished, last 30 days"), finished, places, "waktu_selesai"),
        ),
        (day_chart(_("Work orders finished"), finished),),
    )


def of_moments(
    today: str, lately: str, by_day: dict[date, int], places: list[Place], column: str
) -> tuple[Tile, ...]:
    first, last = min((p.first(DAYS) for p in places), default=None), max((p.today for p in places), default=None)
    if first is None or last is None:
        return ()
    # Where it is tomorrow already, today's are those of both days.
    now = sum(by_day[day] for day in {place.today for place in places})
    return (
        Tile(today, number(now), records("pkb", **{f"{column}_from": min(p.today for p in places).isoformat()})),
        Tile(lately, number(sum(by_day.values())), records("pkb", **{f"{column}_from": first.isoformat()})),
    )


def notes(places: list[Place], day: str, amount: str) -> dict[str, figures.Money]:
    """What the workshop's notes of a kind come to, by currency and day."""
    return by_currency([(place, moments_by_day(place, "inv2_read", day, figures.total(amount))) for place in places])


def revenue(asked: Asked) -> Shown:
    """The service notes and parts notes of the workshop, each on its own day."""
    places = asked.places(JOB_TYPES["inv2_read"].seen_with)
    services = notes(places, "tanggal_njb", "total_harga_njb")
    parts = notes(places, "tanggal_nsc", "total_harga_nsc")
    both = {currency: added(services[currency], parts[currency]) for currency in services}
    first = min((place.first(DAYS) for place in places), default=None)
    of_services = records("inv2_read", tanggal_njb_from=first.isoformat()) if first else ""
    of_parts = records("inv2_read", tanggal_nsc_from=first.isoformat()) if first else ""
    return Shown(
        (
            Tile(_("services, last 30 days"), told(sums(services)), of_services),
            Tile(_("parts in the workshop, last 30 days"), told(sums(parts)), of_parts),
        ),
        money_charts(_("Workshop revenue"), both),
    )


def added(one: figures.Money, other: figures.Money) -> figures.Money:
    return {day: one.get(day, Decimal(0)) + other.get(day, Decimal(0)) for day in sorted({*one, *other})}


def sums(amounts: dict[str, figures.Money]) -> dict[str, Decimal]:
    """By currency; nothing for one of which there is nothing."""
    found = {currency: sum(by_day.values(), Decimal(0)) for currency, by_day in amounts.items()}
    return {currency: amount for currency, amount in found.items() if amount}


def parts_sold(asked: Asked) -> Shown:
    """Over the counter and in the workshop."""
    job = "prsl_read"
    places = asked.places(JOB_TYPES[job].seen_with)
    counter = by_currency([(place, figures.sum_by_day(place, job, "total_harga_so")) for place in places])
    workshop = notes(places, "tanggal_nsc", "total_harga_nsc")
    both = {currency: added(counter[currency], workshop[currency]) for currency in counter}
    return Shown(
        (
            Tile(_("over the counter, last 30 days"), told(sums(counter)), since(places, job)),
            Tile(_("sales over the counter"), number(sum(count_by_day(places, job).values())), since(places, job)),
            Tile(_("in the workshop, last 30 days"), told(sums(workshop)), in_workshop(places)),
        ),
        money_charts(_("Parts sold"), both),
    )


def in_workshop(places: list[Place]) -> str:
    first = min((place.first(DAYS) for place in places), default=None)
    return records("inv2_read", tanggal_nsc_from=first.isoformat()) if first else ""


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
            Tile(_("wait for a down payment"), number(sum(each.count for _place, each in unpaid)), ordered(places, "unpaidhlo_read")),
            Tile(_("wait for their parts"), number(sum(each.count for _place, each in paid)), ordered(places, "dphlo_read")),
        ),
        items=tuple(item for _days, item in longest[:OLDEST]),
        items_title=_("Waiting longest"),
        none=_("No order waits."),
        note=_(
            "Of the orders of the last %(days)d days. The feeds do not tell of a part's arrival: an order waits until a "
            "parts sale names it or its work order is invoiced."
        )
        % {"days": ORDERED},
    )


def ordered(places: list[Place], code: str) -> str:
    """The orders that are looked at; the list cannot tell which of them wait."""
    return since(places, code, ORDERED)


def of_orders(place: Place, code: str) -> QuerySet[Any]:
    return place.rows(JOB_TYPES[code].record).filter(
        tanggal_pemesanan_hlo__gte=place.first(ORDERED), tanggal_pemesanan_hlo__lte=place.today
    )


def not_paid(place: Place) -> QuerySet[Any]:
    paid = JOB_TYPES["dphlo_read"].record._default_manager.filter(
        dealership=OuterRef("dealership"), id_hlo_document=OuterRef("id_hlo_document")
    )
    return of_orders(place, "unpaidhlo_read").exclude(Exists(paid.order_by()))


def not_arrived(place: Place) -> QuerySet[Any]:
    sold = JOB_TYPES["prsl_read"].lines["parts"]._default_manager.filter(
        dealership=OuterRef("dealership"), booking_id_reference=OuterRef("id_hlo_document")
    )
    invoiced = JOB_TYPES["inv2_read"].record._default_manager.filter(
        dealership=OuterRef("dealership"), no_work_order=OuterRef("no_work_order")
    )
    of_document = of_orders(place, "dphlo_read").filter(id_hlo_document__isnull=False)
    return of_document.exclude(Exists(sold.order_by())).exclude(Exists(invoiced.order_by()))


def orders(place: Place, code: str, rows: QuerySet[Any]) -> Orders:
    """An order with several down payments is one order, of the day of the first."""

    def ask() -> Orders:
        by_order = rows.values("dealership", "id_hlo_document").annotate(day=Min("tanggal_pemesanan_hlo"), pk=Min("pk"))
        found = by_order.order_by("day", "pk").values_list("day", "pk", "dealership", "id_hlo_document")
        return Orders(by_order.count(), tuple(found[:OLDEST]))

    return figures.asked("hotline", JOB_TYPES[code], rows, ask)


def named(asked: Asked, found: Iterable[tuple[Place, Orders]], code: str, state: str) -> Iterable[tuple[int, Item]]:
    for place, each in found:
        for day, pk, dealership, order in each.oldest:
            days = (place.today - day).days
            told_days = ngettext("%(count)d day", "%(count)d days", days) % {"count": days}
            about = " · ".join(filter(None, [state, asked.names.get(dealership, ""), date_format(day, "j M Y")]))
            yield days, Item(order, told_days, record(code, pk), about=about)
