"""Features that can be switched off: each has an owner, and a date by which the switch itself is to go.

A page or endpoint of a feature that is off does not exist: 404, and no trace of it elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any

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


def needs(name: str) -> Callable[[Any], Any]:
    """A view that is not there while the feature is off for the dealership of the request."""
    FLAGS[name]

    def decorate(view: Any) -> Any:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **options: Any) -> Any:
            if not is_on(name, getattr(request, "dealership_id", None)):
                raise Http404
            return view(request, *args, **options)

        return guarded

    return decorate
