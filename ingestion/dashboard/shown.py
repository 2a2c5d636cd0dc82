"""What a widget shows: figures that lead to their rows, a chart, a few rows that matter most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.functional import Promise

from config.backoffice.charts import Chart, Kind
from config.backoffice.formats import money, number
from dealers.permissions import may
from ingestion.dashboard.places import Asked

Purse = Mapping[str, Decimal]
"""Amounts by currency, which are never added."""


@dataclass(frozen=True)
class Tile:
    """A figure, and where its rows are."""

    label: str
    words: str
    address: str = ""
    kind: str = ""
    """ok, warn, bad or blank."""
    hint: str = ""


@dataclass(frozen=True)
class Item:
    """A row that matters, such as the one that waits longest."""

    title: str
    words: str
    address: str = ""
    kind: str = ""
    about: str = ""
    """Where it is, or what is the matter."""


@dataclass(frozen=True)
class Shown:
    """The contents of a widget; what it has not is not there."""

    tiles: tuple[Tile, ...] = ()
    charts: tuple[Chart, ...] = ()
    items: tuple[Item, ...] = ()
    items_title: str = ""
    none: str = ""
    """What is said where there are no such rows."""
    note: str = ""
    """What the figures do not say."""
    in_rows: bool = False
    """Whether each figure has a row to itself, as amounts need it."""

    @property
    def sparklines(self) -> tuple[Chart, ...]:
        """The charts as small as the dashboard has room for."""
        return tuple(replace(each, kind=Kind.SPARKLINE) for each in self.charts)


@dataclass(frozen=True)
class Widget:
    """A part of the dashboard."""

    name: str
    title: str | Promise
    icon: str
    permissions: tuple[str, ...]
    """Any of which opens it; it shows what each of them lets a person see."""
    query: Callable[[Asked], Shown]
    link: Callable[[Asked], str] | None = None
    """Where its title leads: the page of the same rows; by default to a page of its own."""
    tall: bool = False
    """Whether it has rows, and so needs more room from the start: nothing moves when it has loaded."""
    template: str = "dashboard/figures.html"

    def open_to(self, asked: Asked) -> bool:
        return any(may(asked.user, permission, asked.dealership_id) for permission in self.permissions)

    @property
    def address(self) -> str:
        """Its own page, and the part that the dashboard loads."""
        return reverse("dashboard-widget", args=[self.name])

    @property
    def part(self) -> str:
        """The id of its place on the page."""
        return f"widget-{self.name}"

    def leads_to(self, asked: Asked) -> str:
        return self.link(asked) if self.link else self.address

    def __str__(self) -> str:
        return str(self.title)


def records(code: str, **query: object) -> str:
    """The list of a job type's records, filtered."""
    address = reverse(f"records-{code}")
    return f"{address}?{urlencode(query, doseq=True)}" if query else address


def record(code: str, pk: int) -> str:
    return reverse(f"records-{code}-detail", args=[pk])


def told(purse: Purse) -> str:
    """Amounts, each in its currency."""
    return " + ".join(money(amount, currency) for currency, amount in sorted(purse.items())) or number(0)
