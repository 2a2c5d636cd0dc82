"""What stands at the top of every page: whom support stands in for, and the choice of a dealership."""

from __future__ import annotations

from typing import Any

from django import template

from dealers import choice, flags, impersonation

register = template.Library()


@register.inclusion_tag("standing/banner.html", takes_context=True)
def impersonation_banner(context: Any) -> dict[str, Any]:
    """For whom, why and how long; nothing where nobody stands in."""
    request = context.get("request")
    standing = impersonation.standing_of(request) if getattr(request, "impersonator", None) else None
    if request is None or standing is None:
        return {}
    return {"standing": standing, "person": request.user, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("standing/switcher.html", takes_context=True)
def dealership_switcher(context: Any) -> dict[str, Any]:
    """Of those who have a choice: a platform administrator, or somebody with more than one dealership."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if request is None or user is None or not user.is_authenticated:
        return {}
    if not user.is_superuser and len(getattr(user, "known_roles", ())) < 2:
        return {}
    found = choice.theirs(user)
    chosen = getattr(request, "dealership_id", None)
    colour = next((each.brand_colour for each in found if each.pk == chosen), "")
    return {
        "dealerships": found if len(found) > 1 else [],
        "chosen": chosen,
        "colour": colour if colour and flags.is_on("branding", chosen) else "",
        "all": choice.ALL,
        "next": request.get_full_path() if request.method == "GET" else "",
        "csrf_token": context.get("csrf_token"),
    }
