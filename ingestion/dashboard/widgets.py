"""The widgets of the dashboard, and which of them a role sees first."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from dealers.permissions import roles_of
from dealers.roles import Role
from ingestion.dashboard import feeds, money, sales, workshop
from ingestion.dashboard.places import Asked
from ingestion.dashboard.shown import Widget, records
from ingestion.job_types import JOB_TYPES

SALES, SERVICE = JOB_TYPES["prospect"].seen_with, JOB_TYPES["pkb"].seen_with


def lately(code: str):
    """Where the records of the last days are."""

    def link(asked: Asked) -> str:
        return sales.since(asked.places(JOB_TYPES[code].seen_with), code)

    return link


WIDGETS = {
    each.name: each
    for each in (
        Widget("feeds", _("Feeds"), "plug", ("ingestion.feed:view",), feeds.feeds, lambda asked: feeds.state_address()),
        Widget("prospects", _("New prospects"), "users", (SALES,), sales.prospects, lately("prospect")),
        Widget("units-in", _("Units in"), "truck", (SALES,), sales.units_in, lately("uinb_read")),
        Widget("deliveries", _("Deliveries"), "truck-delivery", (SALES,), sales.deliveries, lately("bast_read")),
        Widget("registrations", _("Papers waiting for customers"), "certificate", (SALES,), sales.registrations, lambda asked: ""),
        Widget("workshop", _("Workshop"), "tools", (SERVICE,), workshop.throughput, lately("pkb")),
        Widget("revenue", _("Workshop revenue"), "cash", (SERVICE,), workshop.revenue, lately("inv2_read")),
        Widget("parts", _("Parts sold"), "package", (SERVICE,), workshop.parts_sold, lately("prsl_read")),
        Widget("hotline", _("Hotline orders waiting"), "phone", (SERVICE,), workshop.hotline, lambda asked: records("dphlo_read")),
        Widget("invoiced", _("Invoiced"), "file-invoice", (SALES, SERVICE), money.invoiced, lately("inv1_read")),
        Widget("due", _("Due to the main dealer"), "calendar-event", (SALES, SERVICE), money.due, lately("mdinvh1_read")),
    )
}
