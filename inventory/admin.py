"""Vehicles in the admin."""

from dealers.admin_rows import register
from inventory.resources import VEHICLES
from inventory.resources_preparation import CARRYING_RATES, PLANNED_STEPS, PREPARATION

register(
    VEHICLES,
    list_display=("stock_number", "name", "status", "plate", "asking_price", "dealership"),
    search_fields=("stock_number", "vin", "plate", "engine_number"),
)
register(PREPARATION, list_display=("name", "vehicle", "assignee", "due_at", "outcome", "dealership"))
register(PLANNED_STEPS, list_display=("name", "condition", "position", "target_hours", "dealership"))
register(CARRYING_RATES, list_display=("valid_from", "percent", "dealership"))
