"""Serializers of records that are only read: what Django REST framework does for each value of each row, done once.

The fields are declared as for any serializer, and so described, named and ordered; of each a function is made that
takes a row to the value in the answer. A page of 50 work orders with their lines has some ten thousand values.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from typing import Any

from rest_framework import serializers

Read = Callable[[Any], Any]


class QuickSerializer(serializers.Serializer):
    """Answers as its fields would; `tests/ingestion/test_quick.py` compares the two."""

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {name: read(instance) for name, read in reads(type(self))}


@cache
def reads(kind: type[QuickSerializer]) -> list[tuple[str, Read]]:
    """Name and function of each field, in their order."""
    return [(name, read_of(field)) for name, field in kind().fields.items()]


def read_of(field: Any) -> Read:
    """The function of a field; its own methods where nothing quicker is known to be the same."""
    if isinstance(field, serializers.ListSerializer):
        each: Any = field
        return lines(each.source, type(each.child))
    if own := getattr(field, "read_of_row", None):
        made: Read = own()
        return made
    value = attrgetter(field.source)
    if type(field) in AS_IT_IS:
        return value
    return given(value, field.to_representation)


AS_IT_IS = (serializers.CharField, serializers.IntegerField, serializers.JSONField)
"""Of columns that hold what the answer holds."""


def given(value: Read, represent: Callable[[Any], Any]) -> Read:
    def read(row: Any) -> Any:
        found = value(row)
        return None if found is None else represent(found)

    return read


def lines(array: str, kind: type[QuickSerializer]) -> Read:
    """The lines of a record, which were fetched with it."""
    each = reads(kind)
    related = attrgetter(array)

    def read(row: Any) -> list[dict[str, Any]]:
        return [{name: value(line) for name, value in each} for line in related(row).all()]

    return read
