"""Texts by which records name each other, found in an index whatever their length and however many are the same.

A B-tree of the texts themselves would refuse a long one. A hash index takes any, but looks through all that are the
same for each one more: a gateway that says "-" a million times would make every run wait.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import BigIntegerField, F, Func, Index, Model, OuterRef, Q, TextField, Value
from django.db.models.lookups import Exact, In


class Fingerprint(Func):
    """64 bits of a text, the same for the same text."""

    template = "hashtextextended(%(expressions)s, 0)"
    output_field = BigIntegerField()


def found_by(**columns: str) -> list[Index]:
    """Indexes by which other records are found that name the same document or motorcycle."""
    return [
        Index(Fingerprint(F(column)), name=f"%(class)s_{name}", condition=Q(**{f"{column}__isnull": False}))
        for name, column in columns.items()
    ]


def is_found(model: type[Model], column: str) -> bool:
    """Whether `found_by` made an index of the column."""
    return any(index.expressions == (Fingerprint(F(column)),) for index in model._meta.indexes)


def saying(model: type[Model], column: str, texts: Collection[str]) -> Q:
    """The rows that say one of `texts` in a column."""
    same = Q(**{f"{column}__in": texts})
    if not texts or not is_found(model, column):
        return same
    return Q(In(Fingerprint(F(column)), [Fingerprint(Value(text, TextField())) for text in texts])) & same


def saying_the_same(model: type[Model], column: str, outer: str) -> Q:
    """For a subquery: the rows that say what the outer row says in `outer`."""
    same = Q(**{column: OuterRef(outer)})
    if not is_found(model, column):
        return same
    return Q(Exact(Fingerprint(F(column)), Fingerprint(OuterRef(outer)))) & same
