"""Vehicles, their imports and their feeds in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from dealers.admin_rows import RowAdmin, register
from inventory.feed_resources import FEEDS
from inventory.models import VehicleImport
from inventory.resources import VEHICLES
from inventory.resources_preparation import CARRYING_RATES, PLANNED_STEPS, PREPARATION

LOOKED_AT: dict[str, Any] = {
    "has_add_permission": lambda self, request: False,
    "has_change_permission": lambda self, request, obj=None: False,
    "has_delete_permission": lambda self, request, obj=None: False,
}
"""Steps follow their vehicle: they are worked on at its page."""

register(
    VEHICLES,
    list_display=("stock_number", "name", "status", "plate", "asking_price", "dealership"),
    search_fields=("stock_number", "vin", "plate", "engine_number"),
)
register(
    PREPARATION,
    list_display=("name", "vehicle", "assignee", "due_at", "outcome", "dealership"),
    list_select_related=("dealership", "vehicle", "assignee"),
    **LOOKED_AT,
)
register(
    PLANNED_STEPS,
    list_display=("name", "condition", "position", "target_hours", "dealership"),
    raw_id_fields=("assignee",),
)
register(CARRYING_RATES, list_display=("valid_from", "percent", "dealership"))
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
