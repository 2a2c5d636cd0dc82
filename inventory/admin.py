"""Vehicles in the admin."""

from dealers.admin_rows import register
from inventory.resources import VEHICLES

register(
    VEHICLES,
    list_display=("stock_number", "name", "status", "plate", "asking_price", "dealership"),
    search_fields=("stock_number", "vin", "plate", "engine_number"),
)
