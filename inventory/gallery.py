"""A vehicle's photos as its page shows them."""

from __future__ import annotations

from typing import Any

from inventory.models import Vehicle, VehicleImage

CHANGE = "inventory.vehicleimage:change"


def shown(user: Any, vehicle: Vehicle) -> dict[str, Any]:
    """What the gallery's template wants: photos with the words that describe them, the main one of them, and whether
    `user` may change them.
    """
    images = list(vehicle.images.all())
    told = []
    for place, image in enumerate(images, 1):
        image.vehicle = vehicle
        told.append((image, image.describe(place, len(images))))
    main = max(told, key=lambda each: each[0].is_primary, default=None)
    return {"photos": told, "main": main, "changes": user.has_perm(CHANGE, vehicle), "kinds": VehicleImage.Kind.choices}
