"""Rows of several resources that have some words, and what can be begun, for the search over everything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from config.backoffice import lookups
from config.backoffice.resources import REGISTRY, Resource

MOST = 5
"""Rows shown of each resource."""


@dataclass(frozen=True)
class Hit:
    """A row that has the words."""

    row: Any
    title: str
    hint: str
    """What tells it from others of the same title."""
    address: str


@dataclass(frozen=True)
class Found:
    """The newest rows of a resource that have the words."""

    resource: Resource
    hits: list[Hit]


@dataclass(frozen=True)
class Beginning:
    """A page on which something new is written down."""

    label: str
    icon: str
    address: str


def words_of(request: HttpRequest, most: int = 100) -> str:
    """What somebody looks for: the address's `q` in one line, without what no text in the database can hold."""
    return " ".join(request.GET.get("q", "").replace("\0", " ").split())[:most]


def found_in(resource: Resource, rows: Iterable[Any]) -> Found | None:
    """Nothing if there are no rows."""
    hits = [Hit(row, resource.title(row), resource.hint(row), resource.address(row)) for row in rows]
    return Found(resource, hits) if hits else None


def rows_with(user: Any, words: str) -> Iterator[Found]:
    """Of the resources that are searched, as far as `user` may see them. Raises TooSlow."""
    for resource in REGISTRY.values():
        if resource.searched and resource.may(user):
            rows = lookups.searched(resource, resource.rows(user), words, most=MOST)
            if (found := found_in(resource, rows)) is not None:
                yield found


def beginnings(user: Any, fits: Callable[[str], bool]) -> Iterator[Beginning]:
    """Where `user` may add something, if the label fits."""
    for resource in REGISTRY.values():
        label = _("New: %(thing)s") % {"thing": resource.label}
        if resource.form is not None and fits(label) and resource.may(user, "add"):
            yield Beginning(capfirst(label), resource.icon, reverse(f"{resource.name}-new"))
