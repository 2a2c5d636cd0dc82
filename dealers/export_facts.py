"""What is said of an export: its file's place and time zone, and its events in the audit."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.http import QueryDict
from django.utils.translation import gettext as _

from config.backoffice.exports import Exportable
from dealers import audit
from dealers.models import Dealership, Export
from dealers.tenancy import Scope

HIDDEN = "••••"
LONG_NUMBER = re.compile(r"\d(?:[ .\-]?\d){10,}")
"""What may be the number of somebody's papers, whoever typed it into whichever filter."""


@dataclass(frozen=True)
class Asked:
    """What somebody wants as a file."""

    resource: str
    query: str = ""
    """The list's filters as its address has them."""
    columns: list[str] = field(default_factory=list)
    """None: the usual ones."""
    format: str = "csv"


def place_of(dealerships: Iterable[int] | None) -> tuple[str, zoneinfo.ZoneInfo]:
    """The dealer code for a file's name, and the time zone that its dealerships share; None: of anybody."""
    found = list(Dealership.objects.filter(pk__in=dealerships or ()).values_list("code", "time_zone"))
    zones = {zone for _code, zone in found}
    zone = zoneinfo.ZoneInfo(zones.pop()) if len(zones) == 1 else zoneinfo.ZoneInfo(settings.TIME_ZONE)
    return found[0][0] if len(found) == 1 else _("several"), zone


def facts(asked: Asked, exportable: Exportable, rows: int) -> dict[str, Any]:
    """For the audit, without numbers of anybody's papers."""
    filters = {
        name: [shown(name, value, exportable) for value in values] for name, values in QueryDict(asked.query).lists()
    }
    known = {"resource": asked.resource, "filters": filters, "columns": asked.columns}
    return known | {"rows": rows, "format": asked.format}


def shown(name: str, value: str, exportable: Exportable) -> str:
    if name.partition("__")[0] in exportable.identity_filters:
        return HIDDEN
    return LONG_NUMBER.sub(lambda found: HIDDEN + found[0][-4:], value)[:200]


def tell(verb: str, within: Scope, changes: dict[str, Any], about: Export | None = None) -> None:
    """An event for each dealership whose rows there are; one of the platform's if they may be anybody's."""
    for dealership in within.dealerships or (None,):
        audit.record(verb, about, dealership=dealership, changes=changes)
