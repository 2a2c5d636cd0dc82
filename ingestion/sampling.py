"""One value of so many, chosen by its hash: by these the different values of a great many rows are told about right."""

from __future__ import annotations

from django.db.models import BooleanField, Func

ONE_OF = 32


class Sampled(Func):
    """Whether a text is one of those looked at; the same texts in every row, query and index.

    What is too long for an index is none of them.
    """

    template = f"((hashtextextended(%(expressions)s, 0) & {ONE_OF - 1}) = 0 AND length(%(expressions)s) <= 200)"
    output_field = BooleanField()
    conditional = True
