"""Whose figures are shown, and what day it is there."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Model, QuerySet

from dealers.models import Dealership


@dataclass(frozen=True)
class Place:
    """Dealerships with one clock and one currency: their days are the same, and their money can be added."""

    zone: str
    currency: str
    dealerships: tuple[int, ...]
    now: datetime

    @property
    def today(self) -> date:
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    def first(self, days: int) -> date:
        """Of the last so many days, of which today is one."""
        return self.today - timedelta(days=days - 1)

    def begin(self, day: date) -> datetime:
        """Midnight where the dealerships are."""
        return datetime.combine(day, time(), ZoneInfo(self.zone))

    def rows(self, model: type[Model]) -> QuerySet[Any]:
        return model._default_manager.filter(dealership__in=self.dealerships).order_by()


@dataclass(frozen=True)
class Asked:
    """Who looks, in which dealership (None: all of theirs), and when."""

    user: Any
    dealership_id: int | None
    now: datetime

    def places(self, permission: str) -> list[Place]:
        """Where the person may do `permission`, by clock and currency."""
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for pk, zone, currency in self.visible(permission).values_list("pk", "time_zone", "currency"):
            found[zone, currency].append(pk)
        return [Place(zone, currency, tuple(pks), self.now) for (zone, currency), pks in found.items()]

    def visible(self, permission: str = "") -> QuerySet[Dealership]:
        """The dealerships whose figures are shown. A person sees the rows of all of theirs, whichever is chosen."""
        found = Dealership.objects.visible_to(self.user, permission).order_by("pk")
        return found if self.dealership_id is None else found.filter(pk=self.dealership_id)

    @cached_property
    def names(self) -> dict[int, str]:
        """Of the dealerships, if there are several: where there is one, nobody needs to be told which."""
        found = dict(self.visible().values_list("pk", "name"))
        return found if len(found) > 1 else {}
