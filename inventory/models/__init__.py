"""What a dealership has to sell, and each vehicle's whole life."""

from inventory.models.feed import VehicleFeed
from inventory.models.image import VehicleImage
from inventory.models.transfer import Transfer
from inventory.models.vehicle import OdometerReading, PreparationStep, PriceChange, Source, Vehicle
from inventory.models.vehicle_import import ImportColumn, VehicleImport

__all__ = [
    "ImportColumn",
    "OdometerReading",
    "PreparationStep",
    "PriceChange",
    "Source",
    "Transfer",
    "Vehicle",
    "VehicleFeed",
    "VehicleImage",
    "VehicleImport",
]
