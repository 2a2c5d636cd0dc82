"""A list to export in tests: the holidays that a person sees, with a column that a test fills with what it likes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.http import QueryDict

from config.backoffice import exports
from config.backoffice.sheets import Sheet
from dealers.models import Holiday


class Holidays:
    """`?name=` filters; `before` is done before each row."""

    name, title, permission = "days-off", "Days off", "dealers.holiday:view"
    identity_filters = frozenset({"paper"})
    columns = ("day", "dealership", "name")

    def __init__(self) -> None:
        self.before: Callable[[int], None] = lambda number: None
        self.expected: int | None = None

    def rows(self, user: Any, query: QueryDict) -> Any:
        if set(query) - {"name", "paper"}:
            raise ValidationError("There is no such filter.")
        found = Holiday.objects.visible_to(user).order_by("day", "pk")
        return found.filter(name=query["name"]) if "name" in query else found

    def sheet(self, user: Any, query: QueryDict, columns: list[str]) -> Sheet:
        chosen = columns or list(self.columns)
        rows = self.rows(user, query).values_list(*chosen)
        return Sheet(self.title, [(name, name) for name in chosen], self.each(rows.iterator()), self.expected)

    def each(self, rows: Iterator[Any]) -> Iterator[Any]:
        for number, row in enumerate(rows):
            self.before(number)
            yield row

    def estimate(self, user: Any, query: QueryDict) -> int:
        return exports.counted(self.rows(user, query))


@pytest.fixture
def holidays(monkeypatch: pytest.MonkeyPatch) -> Holidays:
    monkeypatch.setattr(exports, "_known", {})
    found = Holidays()
    exports.register(found)
    return found
