"""The widgets of the dashboard, in the order of who sees them all (`ingestion.dashboard.order` has the others')."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext_lazy as _

from ingestion.dashboard import feeds, money, sales, workshop
from ingestion.dashboard.places import Asked
from ingestion.dashboard.shown import Widget
from ingestion.job_types import JOB_TYPES

SALES, SERVICE = JOB_TYPES["prospect"].seen_with, JOB_TYPES["pkb"].seen_with


def lately(code: str) -> Callable[[Asked], str]:
    """Leads to a job type's records of the last days."""
    return lambda asked: sales.since(asked.places(JOB_TYPES[code].seen_with), code)


DECLARED = (
    Widget("feeds", _("Feeds"), "plug", ("ingestion.feed:view",), feeds.feeds, feeds.all_feeds),
    Widget("prospects", _("New prospects"), "users", (SALES,), sales.prospects, lately("prospect")),
    Widget("units", _("Units in"), "truck", (SALES,), sales.units_in, lately("uinb_read")),
    Widget("registrations", _("Papers waiting for customers"), "certificate", (SALES,), sales.registrations, tall=True),
    Widget("hotline", _("Hotline orders waiting"), "phone", (SERVICE,), workshop.hotline, tall=True),
    Widget("due", _("Due to the main dealer"), "calendar-event", (SALES, SERVICE), money.due, tall=True),
    Widget("deliveries", _("Deliveries"), "truck-delivery", (SALES,), sales.deliveries, lately("bast_read")),
    Widget("workshop", _("Workshop"), "tools", (SERVICE,), workshop.throughput, lately("pkb")),
    Widget("revenue", _("Workshop revenue"), "cash", (SERVICE,), workshop.revenue, lately("inv2_read")),
    Widget("parts", _("Parts sold"), "package", (SERVICE,), workshop.parts_sold, lately("prsl_read")),
    Widget("invoiced", _("Invoiced"), "file-invoice", (SALES, SERVICE), money.invoiced),
)
WIDGETS = {each.name: each for each in DECLARED}
