"""Vehicles, their imports and their feeds in the admin."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from dealers.admin_rows import LookedAtAdmin, register
from inventory.feed_resources import FEEDS
from inventory.models import VehicleImport
from inventory.resources import VEHICLES
from inventory.resources_preparation import CARRYING_RATES, PLANNED_STEPS, PREPARATION

register(
    VEHICLES,
    LookedAtAdmin,
    list_display=("stock_number", "name", "status", "plate", "asking_price", "dealership"),
    search_fields=("stock_number", "vin", "plate", "engine_number"),
)
register(
    PREPARATION,
    LookedAtAdmin,
    list_display=("name", "vehicle", "assignee", "due_at", "outcome", "dealership"),
    list_select_related=("dealership", "vehicle", "assignee"),
)
register(
    PLANNED_STEPS,
    list_display=("name", "condition", "position", "target_hours", "dealership"),
    raw_id_fields=("assignee",),
)
register(CARRYING_RATES, list_display=("valid_from", "percent", "dealership"))
register(FEEDS, list_display=("name", "fetched_at", "dealership"), search_fields=("name",))


@admin.register(VehicleImport)
class VehicleImportAdmin(LookedAtAdmin):
    list_display = ("name", "state", "rows", "made_at", "dealership")
    fields = ("name", "state", "rows", "added", "changed", "same", "refused", "error", "made_at", "dealership")
    search_fields = ("name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("content", "report")
