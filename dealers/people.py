"""People as forms look them up: whoever has a place where one has a place oneself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from config.backoffice import lookups
from config.backoffice.filters import AnyOf
from config.backoffice.resources import Resource
from dealers.models import Membership, User
from dealers.permissions import dealerships_of

FEW = 25
"""So many stand in a plain list."""


class Words(AnyOf):
    """Each word stands in the name or in the e-mail address."""

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        for word in " ".join(value or ()).split():
            qs = qs.filter(Q(name__icontains=word) | Q(email__icontains=word))
        return qs


class PeopleFilters(django_filters.FilterSet):
    search = Words()

    class Meta:
        model = User
        fields = ()


class PeopleResource(Resource):
    """No list, no page: only what stands in a box of a form."""

    model, filterset, exports = User, PeopleFilters, False
    name, path, icon, permission = "people", "people/", "user", "dealers.dealership:view"
    lookup_order = ("name", "email")

    def rows(self, user: Any) -> QuerySet[Any]:
        places, found = Membership.objects.current(), dealerships_of(user, self.permission)
        if found is not None:
            places = places.filter(dealership__in=found)
        return User.objects.filter(pk__in=places.values("user"), is_active=True)

    def lookup_label(self, row: Any) -> str:
        return str(row.get_short_name())

    def known_as(self, row: Any) -> Iterator[Any]:
        yield from (row.name, row.email)


PEOPLE = PeopleResource()
lookups.register(PEOPLE, few=FEW)
