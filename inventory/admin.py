"""Vehicles, their imports and their feeds in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from dealers.admin_rows import RowAdmin, register
from inventory.feed_resources import FEEDS
from inventory.models import VehicleImport
from inventory.resources import VEHICLES

register(
    VEHICLES,
    list_display=("stock_number", "name", "status", "plate", "asking_price", "dealership"),
    search_fields=("stock_number", "vin", "plate", "engine_number"),
)
register(FEEDS, list_display=("name", "fetched_at", "dealership"), search_fields=("name",))


@admin.register(VehicleImport)
class VehicleImportAdmin(RowAdmin):
    list_display = ("name", "state", "rows", "made_at", "dealership")
    fields = ("name", "state", "rows", "added", "changed", "same", "refused", "error", "made_at", "dealership")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("content", "report")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
