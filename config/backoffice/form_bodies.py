"""What a form asks for as the body of a request: checked as JSON first, by the form's own rules afterwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

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
    for kinds, made in KINDS:
        if isinstance(field, kinds):
            return made(field, options)
    bounds: dict[str, Any] = {
        name: found for name in ("max_length", "min_length") if (found := getattr(field, name, None))
    }
    return Text(allow_blank=not field.required, **options, **bounds)


Made = Callable[[Any, dict[str, Any]], serializers.Field]
MOST = 2**63 - 1


def keys(field: Any, options: dict[str, Any]) -> serializers.Field:
    return serializers.ListField(child=Whole(min_value=1, max_value=MOST), max_length=100, **options)


def key(field: Any, options: dict[str, Any]) -> serializers.Field:
    return Whole(min_value=1, max_value=MOST, **options)


def yes_or_no(field: Any, options: dict[str, Any]) -> serializers.Field:
    return YesNo(**(options | {"required": False}))


def codes(field: Any, options: dict[str, Any]) -> serializers.Field:
    return serializers.ListField(child=serializers.ChoiceField(choices=choices_of(field)), max_length=100, **options)


def code(field: Any, options: dict[str, Any]) -> serializers.Field:
    return serializers.ChoiceField(choices=choices_of(field), allow_blank=not field.required, **options)


def amount(field: Any, options: dict[str, Any]) -> serializers.Field:
    digits: dict[str, Any] = {"max_digits": field.max_digits or 18, "decimal_places": field.decimal_places or 0}
    return serializers.DecimalField(min_value=field.min_value, max_value=field.max_value, **digits, **options)


def count(field: Any, options: dict[str, Any]) -> serializers.Field:
    low = -(2**31) if field.min_value is None else field.min_value
    return Whole(min_value=low, max_value=field.max_value or 2**31 - 1, **options)


KINDS: tuple[tuple[Any, Made], ...] = (
    (forms.ModelMultipleChoiceField, keys),
    (forms.ModelChoiceField, key),
    (forms.BooleanField, yes_or_no),
    (forms.MultipleChoiceField, codes),
    (forms.ChoiceField, code),
    (forms.DecimalField, amount),
    (forms.IntegerField, count),
    (forms.DateTimeField, lambda field, options: serializers.DateTimeField(**options)),
    (forms.DateField, lambda field, options: serializers.DateField(**options)),
    (forms.TimeField, lambda field, options: serializers.TimeField(**options)),
    (forms.JSONField, lambda field, options: serializers.JSONField(**options)),
)
"""The first that fits, a kind of field before the kind that it is derived from."""


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
