"""What tables of a list say in templates."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import template

register = template.Library()


@register.filter
def with_cells(table: Any, found: list[Any]) -> Iterator[tuple[Any, ...]]:
    """Each row with its address, where else it matched, and its cells by column."""
    columns = [bound.column for bound in table.columns]
    for row, address, beside in found:
        yield row, address, beside, [(column.ours, column.render(row)) for column in columns]


@register.simple_tag(takes_context=True)
def sort_address(context: Any, name: str) -> str:
    """The page's address ordered by a column; by the same once more, the other way round."""
    query = context["request"].GET.copy()
    query["ordering"] = f"-{name}" if context["ordering"] == name else name
    query.pop("cursor", None)
    return f"?{query.urlencode()}"
