"""Vehicles in the admin."""

from typing import Any

from dealers.admin_rows import register
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
