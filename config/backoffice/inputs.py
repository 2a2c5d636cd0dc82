"""Inputs of forms as the browser has them."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet


def day_input() -> forms.DateInput:
    """The browser's own calendar, which takes and gives days as ISO writes them."""
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


def offer(field: Any, rows: QuerySet[Any], nothing: Any) -> None:
    """Let a field choose one of `rows`, or nothing: read once for all forms that are given the same QuerySet."""
    field.queryset, field.empty_label = rows, nothing
    field.choices = [("", nothing), *((row.pk, field.label_from_instance(row)) for row in rows)]
