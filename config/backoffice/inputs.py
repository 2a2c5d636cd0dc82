"""Inputs of forms as the browser has them."""

from __future__ import annotations

from django import forms


def day_input() -> forms.DateInput:
    """The browser's own calendar, which takes and gives days as ISO writes them."""
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
