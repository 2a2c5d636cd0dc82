"""Which widgets a person sees, and in what order: as they chose, else as their roles want it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from dealers.models import ListPreference
from dealers.permissions import roles_of
from dealers.roles import Role
from ingestion.dashboard.places import Asked
from ingestion.dashboard.shown import Widget
from ingestion.dashboard.widgets import WIDGETS

PREFERENCE = "dashboard"
"""The name of the person's choice among those of lists: its columns are the widgets."""
EVERYTHING = tuple(WIDGETS)
SHOWROOM = ("prospects", "deliveries", "registrations", "units")
COUNTER = ("parts", "hotline", "workshop")
USUAL: dict[Role, tuple[str, ...]] = {
    Role.OWNER: EVERYTHING,
    Role.SALES_MANAGER: (*SHOWROOM, "invoiced", "due", "feeds"),
    Role.SALESPERSON: SHOWROOM[:3],
    Role.SERVICE_MANAGER: ("workshop", "revenue", "hotline", "parts", "feeds"),
    Role.SERVICE_ADVISOR: ("workshop", "hotline", "parts"),
    Role.TECHNICIAN: ("workshop", "parts", "hotline"),
    Role.INVENTORY_MANAGER: ("units", "deliveries", *COUNTER, "feeds"),
    Role.PARTS_CLERK: COUNTER,
    Role.ACCOUNTANT: ("due", "invoiced", "revenue", "parts"),
    Role.CUSTOMER_SERVICE: ("registrations", "hotline", "prospects", "deliveries"),
    Role.VIEWER: EVERYTHING,
}


def open_to(asked: Asked) -> dict[str, Widget]:
    """The widgets that the person may see."""
    return {name: widget for name, widget in WIDGETS.items() if widget.open_to(asked)}


def usual(asked: Asked) -> list[str]:
    """What the person's roles want, the role with the most to see first; a platform administrator sees everything."""
    if asked.user.is_superuser:
        return list(EVERYTHING)
    of = roles_of(asked.user)
    roles = set(of.values()) if asked.dealership_id is None else {of[pk] for pk in of if pk == asked.dealership_id}
    ordered = [USUAL[role] for role in Role if role in roles]
    return list(dict.fromkeys(name for names in ordered for name in names))


def chosen(user: Any) -> list[str]:
    """What the person chose; nothing if they have chosen nothing."""
    found = ListPreference.objects.filter(user=user.pk, resource=PREFERENCE).values_list("columns", flat=True).first()
    return list(found or ())


def shown(asked: Asked) -> list[Widget]:
    may_see = open_to(asked)
    return [may_see[name] for name in chosen(asked.user) or usual(asked) if name in may_see]


def all_in_order(asked: Asked) -> list[tuple[Widget, bool]]:
    """Every widget that the person may see, those on the dashboard first, each with whether it is there."""
    here = shown(asked)
    rest = [widget for widget in open_to(asked).values() if widget not in here]
    return [*((widget, True) for widget in here), *((widget, False) for widget in rest)]


def choose(user: Any, names: Iterable[str]) -> None:
    """Show these widgets in this order from now on; none: as the person's roles want it."""
    known = [name for name in dict.fromkeys(names) if name in WIDGETS]
    if known:
        ListPreference.objects.update_or_create(user=user, resource=PREFERENCE, defaults={"columns": known})
    else:
        ListPreference.objects.filter(user=user, resource=PREFERENCE).delete()


def moved(names: list[str], name: str, by: int) -> list[str]:
    """The same names, one of them so many places further down (or up); at the ends nothing changes."""
    before = names.index(name)
    after = min(max(before + by, 0), len(names) - 1)
    rest = [each for each in names if each != name]
    return [*rest[:after], name, *rest[after:]]
