"""Work orders on the pages of vehicles and of customers, as they were received, until the workshop has its own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import DateTimeField, F, Func, Q, QuerySet, TextField, Value, prefetch_related_objects
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.backoffice import formats
from config.backoffice.cells import Cell
from config.backoffice.resources import Panel
from crm import timeline
from crm.models import Customer, Ownership
from crm.timeline import Entry, Source
from ingestion.adoption import units
from ingestion.display import label_of
from ingestion.job_types import JOB_TYPES
from ingestion.naming import saying
from inventory import beside
from inventory.models import Vehicle

JOB, SEE = "pkb", "records.service:view"
MOST = 20
"""Work orders on a vehicle's page."""
LAST_DAY = date.max - timedelta(days=1)
"""A calendar's last days have no moments in every time zone; whoever writes such a day means for ever."""


def orders_of(vehicle: Vehicle, plate: str = "") -> Q:
    """Work orders that name its frame, or its plate and no frame at all."""
    model = JOB_TYPES[JOB].record
    found = Q(pk__in=[])
    if vehicle.vin:
        found |= saying(model, "no_rangka", units.spellings(vehicle))
    if plate := plate or vehicle.plate:
        unnamed = Q(no_rangka__isnull=True) | Q(no_rangka="")
        found |= unnamed & saying(model, "no_polisi", {plate, plate.replace(" ", "")})
    return found


def dated(dealership: Any) -> QuerySet[Any]:
    """The dealership's work orders with `at`: when they were opened, else when their day began there."""
    midnight = Func(
        Cast(Value(dealership.zone.key), TextField()),
        F("tanggal_servis"),
        template="timezone(%(expressions)s::timestamp)",
        output_field=DateTimeField(),
    )
    rows: Any = JOB_TYPES[JOB].record
    found: QuerySet[Any] = rows.objects.filter(dealership=dealership).annotate(at=Coalesce("waktu_pkb", midnight))
    return found


def address_of(order: Any) -> str:
    from ingestion.resources import RECORDS

    return str(RECORDS[JOB].address(order))


def in_words(order: Any) -> str:
    """Its number, what was done, and how far the vehicle had gone."""
    jobs = ", ".join(filter(None, (line.nama_pekerjaan for line in order.services.all())))
    km = f"{formats.number(order.km_terakhir)} km" if order.km_terakhir else ""
    return " · ".join(filter(None, (order.no_work_order, jobs, km)))


def panel(user: Any, vehicle: Vehicle) -> Panel | None:
    """The vehicle's work orders, the newest first, for those who may see them."""
    if not user.has_perm(SEE, vehicle):
        return None
    rows = dated(vehicle.dealership).filter(orders_of(vehicle)).prefetch_related("services")
    zone = vehicle.dealership.time_zone
    pairs = [
        (formats.moment(order.at, zone) if order.at else "–", Cell(in_words(order), address=address_of(order)))
        for order in rows.order_by(F("at").desc(nulls_last=True), "-pk")[:MOST]
    ]
    return Panel(_("Service history"), pairs) if pairs else None


def visits(user: Any, customer: Customer, before: datetime | None, most: int) -> Iterator[Entry]:
    """Work orders of what the customer owned at that time."""
    prefetch_related_objects([customer], "ownerships__vehicle")
    owned = customer.ownerships.all()
    if not owned:
        return
    named = Q(pk__in=[])
    for each in owned:
        named |= orders_of(each.vehicle, each.plate) & while_owned(each, customer)
    status: Any = JOB_TYPES[JOB].column("status_work_order")
    rows = dated(customer.dealership).filter(named, at__isnull=False).prefetch_related("services")
    for order in timeline.until(rows, before, most):
        who = label_of(status, order.status_work_order or "") or ""
        yield Entry(order.at, _("In the workshop"), in_words(order), str(who), address=address_of(order), icon="tool")


def while_owned(ownership: Ownership, customer: Customer) -> Q:
    days = Q()
    if ownership.since is not None:
        days &= Q(at__gte=midnight_of(ownership.since, customer))
    if ownership.until is not None and ownership.until < LAST_DAY:
        days &= Q(at__lt=midnight_of(ownership.until + timedelta(days=1), customer))
    return days


def midnight_of(day: Any, customer: Customer) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=customer.dealership.zone)


def connect() -> None:
    """Let the pages of vehicles and of customers know of work orders."""
    timeline.SOURCES["service"] = Source(gettext_lazy("workshop"), SEE, visits)
    beside.PANELS.append(panel)
