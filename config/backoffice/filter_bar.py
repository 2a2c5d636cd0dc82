"""A list's filters as people meet them: the first in a bar, the rest behind it, those in use as chips."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import django_filters
from django.http import QueryDict
from django.utils.functional import Promise

KEPT = ("ordering", "columns", "page_size")
"""What a change of the filters leaves as it is."""

ALL = "all=1"
"""Asks for nothing in particular; it is not empty, so what the list opens with stays away."""


@dataclass(frozen=True)
class Bound:
    """A filter with what is asked of it."""

    name: str
    label: str | Promise
    kind: str
    """search, text, select, date or number: the input that it gets."""
    given: list[str]
    choices: Sequence[tuple[str, Any]] = ()
    errors: Sequence[str] = ()

    @property
    def value(self) -> str:
        return self.given[0] if self.given else ""

    @property
    def further(self) -> list[str]:
        """Values beside the first, which an address or an API's user gave: the form keeps them, chips remove them."""
        return self.given[1:]

    @property
    def id(self) -> str:
        return f"filter-{self.name}"

    def words_of(self, value: str) -> str:
        return str(dict(self.choices).get(value, value))


@dataclass(frozen=True)
class Chip:
    """A filter in use, and the address without it."""

    words: str
    query: str


@dataclass
class FilterBar:
    """The filters of one request. `first` names those that stand in the bar itself."""

    filterset: Any
    query: QueryDict
    first: Sequence[str] = ()
    choices: Mapping[str, Sequence[tuple[str, Any]]] = field(default_factory=dict)
    hidden: Sequence[str] = ()

    def __post_init__(self) -> None:
        errors = self.filterset.form.errors if self.filterset.is_bound else {}
        self.fields = [
            self.bound(name, each, errors.get(name, ()))
            for name, each in self.filterset.filters.items()
            if name not in self.hidden
        ]

    def bound(self, name: str, each: django_filters.Filter, errors: Sequence[str]) -> Bound:
        given = [value for value in self.query.getlist(name) if value.strip()]
        choices = list(self.choices.get(name) or each.extra.get("choices") or getattr(each, "choices", None) or ())
        return Bound(name, each.label or name, kind_of(name, each, choices), given, choices, list(errors))

    @property
    def bar(self) -> list[Bound]:
        place = {name: index for index, name in enumerate(self.first)}
        return sorted((each for each in self.fields if each.name in place), key=lambda each: place[each.name])

    @property
    def rest(self) -> list[Bound]:
        return [each for each in self.fields if each.name not in self.first]

    @property
    def rest_in_use(self) -> bool:
        return any(each.given or each.errors for each in self.rest)

    @property
    def chips(self) -> list[Chip]:
        return [
            Chip(f"{each.label}: {each.words_of(value)}", self.without(each.name, value))
            for each in self.fields
            for value in each.given
        ]

    def without(self, name: str, value: str) -> str:
        """The query string without this value of this filter, at its first page."""
        query = self.query.copy()
        query.setlist(name, [each for each in query.getlist(name) if each != value])
        query.pop("cursor", None)
        return query.urlencode() or ALL

    @property
    def asked(self) -> str:
        """The query string of what is asked, at its first page: what a saved view keeps."""
        query = self.query.copy()
        for name in ("cursor", "all"):
            query.pop(name, None)
        return query.urlencode()

    @property
    def cleared(self) -> str:
        """The query string without filters."""
        query = QueryDict(ALL, mutable=True)
        for name in KEPT:
            if name in self.query:
                query.setlist(name, self.query.getlist(name))
        return query.urlencode()

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Hidden inputs of the bar's form."""
        return [(name, value) for name in KEPT for value in self.query.getlist(name)]

    @property
    def words(self) -> tuple[str, ...]:
        """What is searched for."""
        return tuple(" ".join(self.query.getlist("search")).split())


def kind_of(name: str, each: django_filters.Filter, choices: Sequence[Any]) -> str:
    if name == "search":
        return "search"
    if choices:
        return "select"
    if isinstance(each, django_filters.NumberFilter):
        return "number"
    if name.endswith(("_from", "_to")):
        return "date"
    return "text"


def read(query: QueryDict) -> QueryDict:
    """The query as a FilterSet takes it: inputs left blank are not asked."""
    found = QueryDict(mutable=True)
    for name, values in query.lists():
        kept = [value for value in values if value.strip()]
        if kept:
            found.setlist(name, kept)
    return found
