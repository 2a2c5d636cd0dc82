"""What a form asks for as the body of a request: checked as JSON first, by the form's own rules afterwards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any, cast

from django import forms
from django.db.models import Model
from rest_framework import serializers

from config.backoffice.bodies import Text, Whole, YesNo


@cache
def body_of(form: Any) -> type[serializers.Serializer]:
    """A serializer with a field for each field of a form."""
    declared: dict[str, Any] = {name: field_of(field) for name, field in form.base_fields.items()}
    return type(f"{form.__name__.removesuffix('Form')}Request", (serializers.Serializer,), declared)


def field_of(field: Any) -> serializers.Field:
    """How a field of a form is written in JSON. A file has no JSON: it is sent to an address of its own."""
    options: dict[str, Any] = {"required": field.required, "help_text": str(field.help_text or field.label or "")}
    if not field.required:
        options["allow_null"] = True
    if isinstance(field, forms.ModelMultipleChoiceField):
        return serializers.ListField(child=Whole(min_value=1, max_value=2**63 - 1), max_length=100, **options)
    if isinstance(field, forms.ModelChoiceField):
        return Whole(min_value=1, max_value=2**63 - 1, **options)
    if isinstance(field, forms.BooleanField):
        return YesNo(**(options | {"required": False}))
    if isinstance(field, forms.MultipleChoiceField):
        return serializers.ListField(
            child=serializers.ChoiceField(choices=choices_of(field)), max_length=100, **options
        )
    if isinstance(field, forms.ChoiceField):
        return serializers.ChoiceField(choices=choices_of(field), allow_blank=not field.required, **options)
    if isinstance(field, forms.DecimalField):
        digits: dict[str, Any] = {"max_digits": field.max_digits or 18, "decimal_places": field.decimal_places or 0}
        low, high = cast(Any, field.min_value), cast(Any, field.max_value)
        return serializers.DecimalField(min_value=low, max_value=high, **digits, **options)
    if isinstance(field, forms.IntegerField):
        low = cast(Any, -(2**31) if field.min_value is None else field.min_value)
        high = cast(Any, field.max_value or 2**31 - 1)
        return Whole(min_value=low, max_value=high, **options)
    if isinstance(field, forms.DateTimeField):
        return serializers.DateTimeField(**options)
    if isinstance(field, forms.DateField):
        return serializers.DateField(**options)
    if isinstance(field, forms.TimeField):
        return serializers.TimeField(**options)
    if isinstance(field, forms.JSONField):
        return serializers.JSONField(**options)
    bounds: dict[str, Any] = {
        "max_length": getattr(field, "max_length", None),
        "min_length": getattr(field, "min_length", None),
    }
    return Text(allow_blank=not field.required, **options, **{name: each for name, each in bounds.items() if each})


def choices_of(field: Any) -> list[tuple[Any, str]]:
    """Codes alone, without groups and without the blank one."""
    found: list[tuple[Any, str]] = []
    for value, label in field.choices:
        found += (
            [(code, str(words)) for code, words in label] if isinstance(label, list | tuple) else [(value, str(label))]
        )
    return [(value, label) for value, label in found if value not in ("", None)]


def data_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as a form takes them."""
    return {name: sent(value) for name, value in values.items() if value is not None and value is not False}


def sent(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [sent(each) for each in value]
    if isinstance(value, Model):
        return str(value.pk)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal | int) and not isinstance(value, bool) else value
