"""What is switched on, for pages."""

from __future__ import annotations

from typing import Any

from django import template

from dealers import flags

register = template.Library()


@register.simple_tag(takes_context=True)
def flag(context: Any, name: str) -> bool:
    """Whether a feature is on where the request works: {% flag "branding" as branded %}. KeyError if unknown.

    The database is asked once for each request, however many features a page asks for.
    """
    flags.FLAGS[name]
    request = context.get("request")
    return request is not None and name in flags.on(request)
