"""Features that can be switched off: each has an owner, and a date by which the switch itself is to go.

A page or endpoint of a feature that is off does not exist: 404, and no trace of it elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Declared:
    """A feature that can be switched."""

    words: str | Promise
    owner: str
    decided_by: date
    """When it is on for all and the flag is removed, or the feature is."""


FLAGS: dict[str, Declared] = {
    "messaging": Declared(_("messages to customers"), "crm", date(2027, 6, 30)),
    "payments": Declared(_("online payments"), "billing", date(2027, 6, 30)),
    "inspections": Declared(_("inspections in the workshop"), "service", date(2027, 6, 30)),
    "command_palette": Declared(_("command palette"), "config", date(2027, 3, 31)),
    "branding": Declared(_("a dealership's own colour and logo"), "dealers", date(2027, 3, 31)),
    "ai": Declared(_("texts by a language model"), "crm", date(2027, 12, 31)),
}


def is_on(name: str, dealership_id: int | None = None) -> bool:
    """Whether a feature is on: a dealership's own switch stands before the installation's. KeyError if unknown."""
    from dealers.models import Flag

    FLAGS[name]
    found: dict[int | None, bool] = dict(Flag.objects.filter(name=name).values_list("dealership", "is_on"))
    return found.get(dealership_id, found.get(None, False))


def dealership_of(request: Any) -> int | None:
    """Where a request works: in the dealership chosen, or in the only one of somebody who has no choice."""
    chosen: int | None = getattr(request, "dealership_id", None)
    theirs: dict[int, Any] = getattr(getattr(request, "user", None), "known_roles", {})
    return next(iter(theirs)) if chosen is None and len(theirs) == 1 else chosen


def on(request: Any) -> frozenset[str]:
    """The features that are on where a request works; the database is asked once for each request."""
    from dealers.models import Flag

    inner = getattr(request, "_request", request)
    known: frozenset[str] | None = getattr(inner, "flags_on", None)
    if known is not None:
        return known
    here = dealership_of(request)
    asked = Flag.objects.filter(name__in=FLAGS).filter(Q(dealership=None) | Q(dealership=here))
    rows = sorted(asked.values_list("name", "dealership", "is_on"), key=lambda row: row[1] is not None)
    inner.flags_on = frozenset(name for name, is_on in {row[0]: row[2] for row in rows}.items() if is_on)
    return inner.flags_on


def needs(name: str) -> Callable[[Any], Any]:
    """A view that is not there while the feature is off for the dealership of the request."""
    FLAGS[name]

    def decorate(view: Any) -> Any:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **options: Any) -> Any:
            if name not in on(request):
                raise Http404
            return view(request, *args, **options)

        return guarded

    return decorate
