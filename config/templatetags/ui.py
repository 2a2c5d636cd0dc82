"""The kit's small parts in templates: icons, status words, the menu, the words that scripts say."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django import template
from django.forms import BoundField
from django.templatetags.static import static
from django.utils.html import format_html, json_script
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config import menu
from dealers import flags

register = template.Library()


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """One of static/icons.svg; without a label it is decoration."""
    if label:
        return format_html('<svg class="i" role="img" aria-label="{}"><use href="{}"/></svg>', label, drawing(name))
    return decoration(name)


@lru_cache(maxsize=512)
def decoration(name: str) -> SafeString:
    """The icon without a label; kept, since a page shows some eighty and the names are few."""
    return format_html('<svg class="i" aria-hidden="true"><use href="{}"/></svg>', drawing(name))


def drawing(name: str) -> str:
    return f"{static('icons.svg')}#{name}"


@register.simple_tag(takes_context=True)
def navigation(context: Any) -> list[Any]:
    """The menu of the request's person; nothing for who is not signed in."""
    request = context.get("request")
    user = getattr(request, "user", None)
    return menu.shown(request) if user is not None and user.is_authenticated else []


@register.inclusion_tag("ui/palette.html", takes_context=True)
def palette(context: Any) -> dict[str, Any]:
    """The command palette, where its flag is on."""
    request = context.get("request")
    return {"on": flags.is_on("command_palette", flags.dealership_of(request))}


@register.simple_tag
def words_for_scripts() -> SafeString:
    """What static/js says, in the person's language."""
    words = {
        "copied": _("Copied."),
        "forbidden": _("You may not do this; an administrator of the dealership can allow it."),
        "gone": _("This is not there any more. Reload the page."),
        "conflict": _("Somebody else changed this meanwhile. Reload the page."),
        "slow": _("Too many requests. Wait a moment and try again."),
        "failed": _("Something went wrong; nothing was changed. Try again."),
        "offline": _("You are offline. Nothing was saved."),
        "update": _("There is a new version. Reload the page."),
    }
    return json_script(words, "words")


@register.filter
def initials(name: str) -> str:
    """Of a person's name or address."""
    parts = name.replace("@", " ").replace(".", " ").split()
    return "".join(part[0] for part in parts[:2]).upper()


@register.filter
def described(field: BoundField) -> SafeString:
    """A form's input that names its hint and its error to screen readers."""
    about = [f"{field.auto_id}-hint"] * bool(field.help_text) + [f"{field.auto_id}-error"] * bool(field.errors)
    attributes: dict[str, Any] = {"aria-describedby": " ".join(about)} if about else {}
    if field.errors:
        attributes["aria-invalid"] = "true"
    return field.as_widget(attrs={**field.field.widget.attrs, **attributes})


@register.filter
def initially(field: BoundField) -> SafeString:
    """The hidden input with what a field was filled with, by which two people's changes are told apart."""
    return field.as_hidden(only_initial=True)


@register.simple_tag(takes_context=True)
def address_with(context: Any, **changes: Any) -> str:
    """The page's own address with parameters set, or left out where the value is None."""
    query = context["request"].GET.copy()
    for name, value in changes.items():
        query.pop(name, None)
        if value is not None:
            query.setlist(name, value if isinstance(value, list) else [value])
    text = query.urlencode()
    return f"?{text}" if text else context["request"].path


@register.filter
def address_of(resource: Any, row: Any) -> str:
    return str(resource.address(row))
