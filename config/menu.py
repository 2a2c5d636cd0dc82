"""What stands in the navigation: data, of which everybody sees what they may open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm.menu import unanswered
from dealers import flags
from dealers.permissions import dealerships_of, may


@dataclass(frozen=True)
class Item:
    """A page that people go to."""

    label: str | Promise
    url: str
    """The name of its address."""
    icon: str
    permission: str = ""
    """Blank: whoever has a place in a dealership."""
    key: str = ""
    """The letter that leads there after “g”."""
    flag: str = ""
    platform: bool = False
    """Whether it is for platform staff only."""
    tab: bool = False
    """Whether it stands at the bottom of a phone's screen."""
    count: Callable[[Any], int] | None = None
    """How many of its rows wait for the person; each page asks it."""

    @property
    def address(self) -> str:
        return reverse(self.url)

    def open_to(self, user: Any, dealership_id: int | None) -> bool:
        if self.platform and not user.is_superuser:
            return False
        if self.flag and not flags.is_on(self.flag, dealership_id):
            return False
        return may(user, self.permission) if self.permission else dealerships_of(user) != set()


@dataclass(frozen=True)
class Group:
    label: str | Promise
    items: tuple[Item, ...]


MENU = (
    Group(
        _("Today"),
        (
            Item(_("Dashboard"), "home", "layout-dashboard", key="d", tab=True),
            Item(_("My day"), "leads-today", "list-check", "crm.lead:change", key="t"),
        ),
    ),
    Group(
        _("Customers"),
        (
            Item(_("Pipeline"), "pipeline", "layout-kanban", "crm.lead:view", key="b"),
            Item(_("Leads"), "leads", "inbox", "crm.lead:view", key="l", count=unanswered),
            Item(_("Appointments"), "appointments", "calendar", "crm.appointment:view", key="a"),
            Item(_("Customers"), "customers", "users", "crm.customer:view", key="c", tab=True),
        ),
    ),
    Group(
        _("Stock"),
        (
            Item(_("Vehicles"), "vehicles", "motorbike", "inventory.vehicle:view", key="v", tab=True),
            Item(_("Preparation"), "preparation", "tool", "inventory.vehicle:view"),
            Item(_("Imports"), "vehicle-imports", "file-import", "inventory.vehicle:add"),
            Item(_("Marketplaces"), "vehicle-feeds", "world", "inventory.vehiclefeed:view"),
        ),
    ),
    Group(
        _("Sales"),
        (
            Item(_("Deals"), "deals", "heart-handshake", "sales.deal:view", key="e"),
            Item(_("Registration papers"), "registrations", "certificate", "sales.registration:view"),
        ),
    ),
    Group(
        _("Records"),
        (
            Item(_("Records"), "records", "chart-bar", key="r", tab=True),
            Item(_("Passport"), "passport", "route", key="p"),
        ),
    ),
    Group(
        _("Ingestion"),
        (
            Item(_("Freshness"), "freshness", "activity", "ingestion.feed:view", key="i", tab=True),
            Item(_("Runs"), "runs", "player-play", "ingestion.run:view"),
            Item(_("Quarantine"), "quarantine-causes", "bug", "ingestion.quarantinedrecord:view"),
            Item(_("Backfills"), "backfills", "history", "ingestion.backfill:view"),
            Item(_("Adoption"), "adoptions", "replace", "ingestion.adoption:view"),
            Item(_("Connections"), "connections", "plug", "ingestion.feed:view"),
            Item(_("Schedules"), "schedules", "clock", "ingestion.feed:view"),
        ),
    ),
    Group(_("Mine"), (Item(_("Exports"), "exports", "download", "records.export:add"),)),
    Group(
        _("Settings"),
        (
            Item(_("Holidays"), "holidays", "calendar-event", "dealers.holiday:view"),
            Item(_("Steps of the preparation"), "planned-steps", "list-check", "inventory.plannedstep:view"),
            Item(_("Carrying rates"), "carrying-rates", "percentage", "inventory.carryingrate:view"),
            Item(_("Absences"), "absences", "user", "crm.absence:view"),
            Item(_("Tax rates"), "tax-rates", "percentage", "sales.taxrate:view"),
            Item(_("Catalogue"), "catalogue", "package", "sales.catalogueitem:view"),
        ),
    ),
    Group(_("Platform"), (Item(_("Components"), "ui_kit", "adjustments-horizontal", platform=True),)),
)


@dataclass(frozen=True)
class Shown:
    """An item of the menu as one page shows it."""

    item: Item
    address: str
    current: bool
    count: int = 0


def shown(request: Any) -> list[tuple[Group, list[Shown]]]:
    """The groups with the items that the request's person may open, the current one marked; found once a request."""
    if not hasattr(request, "menu"):
        request.menu = made_for(request)
    found: list[tuple[Group, list[Shown]]] = request.menu
    return found


def made_for(request: Any) -> list[tuple[Group, list[Shown]]]:
    dealership = getattr(request, "dealership_id", None)
    found = [
        (group, [(item, item.address) for item in group.items if item.open_to(request.user, dealership)])
        for group in MENU
    ]
    addresses = [address for _group, items in found for _item, address in items]
    here = max((each for each in addresses if request.path.startswith(each) and each != "/"), key=len, default="")
    here = here or ("/" if request.path == "/" else "")
    return [
        (group, [Shown(item, address, address == here, waiting(item, request.user)) for item, address in items])
        for group, items in found
        if items
    ]


def waiting(item: Item, user: Any) -> int:
    return item.count(user) if item.count else 0
