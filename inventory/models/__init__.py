"""What a dealership has to sell, and each vehicle's whole life."""

from inventory.models.image import VehicleImage
from inventory.models.vehicle import OdometerReading, PreparationStep, PriceChange, Source, Vehicle

__all__ = ["OdometerReading", "PreparationStep", "PriceChange", "Source", "Vehicle", "VehicleImage"]
