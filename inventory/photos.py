"""Photos of vehicles: added, put in order, chosen as the main one, removed; their files follow the rows.

Files are written before the row that names them is committed, and deleted after the row's deletion is: a crash leaves
a file that nothing names, which `sweep` finds, never a row without its file.
"""

from __future__ import annotations

import errno
import uuid
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import Max, Sum
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _

from dealers import audit
from inventory import pictures
from inventory.models import Vehicle, VehicleImage

MOST = 60
"""Photos of a vehicle."""
YOUNG = timedelta(hours=1)
"""Files younger than this may belong to a row that is still being written."""


def storage() -> Any:
    return storages["photos"]


def add(vehicle: Vehicle, data: bytes, *, kind: str = VehicleImage.Kind.EXTERIOR, by: Any = None) -> VehicleImage:
    """Store a photo behind those that are there. Raises ValidationError: no picture, too many, there twice, no room."""
    check_kind(kind)
    try:
        made = pictures.make(data)
    except pictures.Refused as error:
        raise ValidationError(str(error), code=error.code)
    written: list[str] = []
    try:
        with transaction.atomic():
            lock(vehicle.pk)
            image = row_for(vehicle, made, kind)
            for picture in made.pictures:
                written.append(image.file(picture.width))
                keep(image.file(picture.width), picture.webp)
            image.save(force_insert=True)
            audit.record("vehicleimage.added", image)
    except BaseException:
        delete(written)
        raise
    return image


def row_for(vehicle: Vehicle, made: pictures.Derivatives, kind: str) -> VehicleImage:
    """The row of a photo, if the vehicle and its dealership have room for it."""
    there = VehicleImage.objects.filter(vehicle=vehicle)
    if there.filter(sha256=made.sha256).exists():
        raise ValidationError(_("This photo is there already."), code="twice")
    if there.count() >= MOST:
        raise ValidationError(_("A vehicle has at most %(most)s photos: remove one first.") % {"most": MOST})
    size = sum(len(picture.webp) for picture in made.pictures)
    room: int = settings.PHOTOS_OF_A_DEALERSHIP
    kept = VehicleImage.objects.filter(dealership_id=vehicle.dealership_id).aggregate(total=Sum("size"))["total"]
    if (kept or 0) + size > room:
        raise ValidationError(
            _("The dealership's photos fill their %(room)s: remove some of vehicles that are sold.")
            % {"room": filesizeformat(room)},
            code="no_room",
        )
    widest = made.pictures[-1]
    return VehicleImage(
        dealership_id=vehicle.dealership_id,
        vehicle=vehicle,
        kind=kind,
        position=(there.aggregate(last=Max("position"))["last"] or 0) + 1,
        is_primary=not there.exists(),
        widths=[picture.width for picture in made.pictures],
        width=widest.width,
        height=widest.height,
        size=size,
        sha256=made.sha256,
    )


def keep(name: str, content: bytes) -> None:
    try:
        storage().save(name, ContentFile(content))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise ValidationError(_("The server has no room for more photos. Tell whoever runs it."), code="no_room")
        raise


def delete(names: Sequence[str]) -> None:
    for name in names:
        storage().delete(name)


def check_kind(kind: str) -> None:
    """Raises ValidationError."""
    if kind not in VehicleImage.Kind.values:
        kinds = ", ".join(str(label) for label in VehicleImage.Kind.labels)
        raise ValidationError(
            _("There is no kind of photo: “%(kind)s”. Choose one of these: %(kinds)s.")
            % {"kind": kind[:20], "kinds": kinds}
        )


def lock(vehicle_id: int) -> None:
    """Whoever changes a vehicle's photos waits here for the others who do."""
    Vehicle.objects.select_for_update(of=("self",)).filter(pk=vehicle_id).first()


def locked(image: VehicleImage) -> VehicleImage:
    """The photo as it is now, its vehicle locked before. Raises ValidationError if it is gone."""
    lock(image.vehicle_id)
    here: VehicleImage | None = VehicleImage.objects.select_related("vehicle").filter(pk=image.pk).first()
    if here is None:
        raise ValidationError(_("Somebody has removed this photo meanwhile."), code="gone")
    return here


@transaction.atomic
def remove(image: VehicleImage, *, by: Any = None) -> None:
    """Delete a photo and its files; the next one becomes the main photo if it was that. Raises ValidationError."""
    here = locked(image)
    audit.record("vehicleimage.deleted", here)
    names, was_primary, vehicle = here.files, here.is_primary, here.vehicle
    here.delete()
    following = vehicle.images.first()
    if was_primary and following is not None:
        make_primary(following)
    transaction.on_commit(partial(delete, names))


@transaction.atomic
def classify(image: VehicleImage, kind: str, *, by: Any = None) -> None:
    """Say what a photo shows. Raises ValidationError."""
    check_kind(kind)
    here = locked(image)
    before, here.kind = here.kind, kind
    here.save(update_fields=["kind"])
    if before != kind:
        audit.record("vehicleimage.changed", here, changes={"kind": [before, kind]})


@transaction.atomic
def make_primary(image: VehicleImage, *, by: Any = None) -> None:
    """The photo that lists and the vehicle's page show first. Raises ValidationError."""
    locked(image)
    VehicleImage.objects.filter(vehicle_id=image.vehicle_id).main().update(is_primary=False)
    VehicleImage.objects.filter(pk=image.pk).update(is_primary=True)
    image.is_primary = True


@transaction.atomic
def arrange(vehicle: Vehicle, ids: Sequence[int], *, by: Any = None) -> None:
    """Put the photos in this order; those that are not named follow, as they were. Raises ValidationError."""
    lock(vehicle.pk)
    there = {image.pk: image for image in vehicle.images.all()}
    unknown = [pk for pk in ids if pk not in there]
    if unknown or len(set(ids)) != len(ids):
        raise ValidationError(_("This is not the order of this vehicle's photos. Load the page again."))
    wanted = [*ids, *(pk for pk in there if pk not in set(ids))]
    for position, pk in enumerate(wanted, 1):
        there[pk].position = position
    VehicleImage.objects.bulk_update(there.values(), ["position"])


@transaction.atomic
def move(image: VehicleImage, places: int, *, by: Any = None) -> None:
    """Move a photo by so many places, earlier if negative. Raises ValidationError."""
    here = locked(image)
    ids = list(here.vehicle.images.values_list("pk", flat=True))
    place = ids.index(here.pk)
    ids.insert(max(0, min(len(ids) - 1, place + places)), ids.pop(place))
    arrange(here.vehicle, ids)


def sweep() -> int:
    """Delete files that no row names, left by a crash; how many. In the scope of the platform."""
    store, gone, now = storage(), 0, timezone.now()
    for beginning in subfolders(store, ""):
        for key in subfolders(store, beginning):
            if not is_ours(key):
                continue
            folder = f"{beginning}/{key}"
            names = [f"{folder}/{name}" for name in store.listdir(folder)[1]]
            if VehicleImage.objects.filter(key=key).exists():
                continue
            old = [name for name in names if now - store.get_modified_time(name) > YOUNG]
            delete(old)
            gone += len(old)
    return gone


def is_ours(folder: str) -> bool:
    """Whether it is named as a photo's folder is; what else stands beside them is not ours to delete."""
    try:
        return str(uuid.UUID(folder)) == folder
    except ValueError:
        return False


def subfolders(store: Any, path: str) -> list[str]:
    try:
        return list(store.listdir(path)[0])
    except FileNotFoundError:
        return []
