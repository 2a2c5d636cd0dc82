"""The models whose rows are about a customer, those of higher apps too: found by their keys, so that crm knows none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from simple_history.models import HistoricalChanges

from crm.models import Customer
from dealers.fences import OwnKey


def of_customers() -> Iterator[tuple[Any, OwnKey]]:
    """Each model with each key of it to a customer; the customer's own keys last, versions never."""
    found: list[tuple[Any, OwnKey]] = []
    for relation in Customer._meta.get_fields(include_hidden=True):
        key: Any = getattr(relation, "field", None)
        model: Any = getattr(relation, "related_model", None)
        if not (relation.auto_created and isinstance(key, OwnKey) and isinstance(model, type)):
            continue
        if not issubclass(model, HistoricalChanges):
            found.append((model, key))
    yield from sorted(found, key=lambda each: (each[0] is Customer, each[0]._meta.label, each[1].name))


def below(model: Any) -> Iterator[tuple[Any, OwnKey]]:
    """The models whose rows belong to rows of `model` and say what becomes of them when a person is erased.

    What names a customer itself goes with that one: a deal that a lead became may be somebody else's by now.
    """
    direct = {each for each, _key in of_customers()}
    for relation in model._meta.get_fields(include_hidden=True):
        key: Any = getattr(relation, "field", None)
        child: Any = getattr(relation, "related_model", None)
        if not (relation.auto_created and isinstance(key, OwnKey) and isinstance(child, type)):
            continue
        if issubclass(child, HistoricalChanges) or child in direct:
            continue
        if getattr(child, "on_erasure", None) is not None:
            yield child, key


def versions_of(model: Any) -> Any:
    """The model of its versions; None if it keeps none."""
    return model.history.model if hasattr(model, "history") else None
