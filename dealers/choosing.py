"""Fields of forms that choose among people."""

from __future__ import annotations

from typing import Any

from django import forms

from dealers.models import User


class Person(forms.ModelChoiceField):
    """A person by name; whom it offers, the resource says."""

    def __init__(self, **options: Any) -> None:
        super().__init__(User.objects.none(), **options)

    def label_from_instance(self, obj: Any) -> str:
        return str(obj.get_short_name())
