"""A photo in a page."""

from __future__ import annotations

from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def photo(image: Any, wanted: int, words: str = "", at_once: bool = False) -> SafeString:
    """A photo about so many pixels wide: its place is kept free, and it is loaded when it comes into view."""
    width = image.fitting(wanted)
    return format_html(
        '<img src="{}" width="{}" height="{}" alt="{}"{} decoding="async">',
        reverse("photo", args=[image.pk, width]),
        width,
        image.scaled_height(width),
        words,
        "" if at_once else SafeString(' loading="lazy"'),
    )
