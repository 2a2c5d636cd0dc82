"""What a dealership has to sell, and each vehicle's whole life."""

from inventory.models.carrying import CarryingRate
from inventory.models.feed import VehicleFeed
from inventory.models.image import VehicleImage
from inventory.models.preparation import PlannedStep, PreparationStep
from inventory.models.transfer import Transfer
from inventory.models.vehicle import OdometerReading, PriceChange, Source, Vehicle
from inventory.models.vehicle_import import ImportColumn, VehicleImport

__all__ = [
    "CarryingRate",
    "ImportColumn",
    "OdometerReading",
    "PlannedStep",
    "PreparationStep",
    "PriceChange",
    "Source",
    "Transfer",
    "Vehicle",
    "VehicleFeed",
    "VehicleImage",
    "VehicleImport",
]
