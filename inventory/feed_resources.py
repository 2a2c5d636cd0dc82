"""Pages of feeds for marketplaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.backoffice.cells import attribute
from config.backoffice.filters import AnyOf
from config.backoffice.resources import Panel, Verb, register
from dealers.resources import DEALERSHIP, DealershipResource
from inventory import feeds
from inventory.forms import FeedForm
from inventory.models import VehicleFeed

ENDINGS = ("csv", "json")


class Address(serializers.Field):
    """The whole address of a feed's file."""

    def __init__(self, ending: str, **options: Any) -> None:
        super().__init__(source="*", read_only=True, **options)
        self.ending = ending

    def to_representation(self, value: Any) -> str:
        return str(self.context["request"].build_absolute_uri(feeds.address(value, self.ending)))


Described: Any = extend_schema_field({"type": "string", "format": "uri"})(Address)


class VehicleFeedFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    name = AnyOf(field_name="name", label=_("name"))

    class Meta:
        model = VehicleFeed
        fields = ()


class VehicleFeedResource(DealershipResource):
    """Addresses at which marketplaces fetch what a dealership has to sell."""

    model, form, filterset = VehicleFeed, FeedForm, VehicleFeedFilters
    name, path, icon = "vehicle-feeds", "inventory/feeds/", "world"
    permission = "inventory.vehiclefeed:view"
    columns = (
        attribute("name", _("name"), sortable=True),
        DEALERSHIP,
        attribute("fetched_at", _("last fetched")),
        attribute("changed_at", _("content changed")),
        attribute("created_at", _("created"), sortable=True),
    )
    first_filters = ("dealer",)
    untold = frozenset(["key", "digest"])
    verbs = (Verb("renew", _("New address"), "inventory.vehiclefeed:change", feeds.renew, icon="refresh", danger=True),)

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership")

    def panels(self, request: HttpRequest, row: Any) -> Iterator[Panel]:
        addresses = [(ending.upper(), request.build_absolute_uri(feeds.address(row, ending))) for ending in ENDINGS]
        yield Panel(_("Addresses"), template="inventory/feed_addresses.html", context={"addresses": addresses})
        yield Panel(capfirst(self.label), self.pairs(request.user, row))

    def serialized(self) -> dict[str, Any]:
        return {f"{ending}_address": Described(ending, help_text="Works without signing in.") for ending in ENDINGS}


FEEDS = register(VehicleFeedResource())
