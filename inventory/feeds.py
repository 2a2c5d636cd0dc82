"""What a dealership has to sell, for marketplaces: files at signed addresses that work without signing in.

An address holds the feed's key and our signature: nobody can guess one, and a new key, or none, ends all addresses of
before, those of photos too. Only vehicles that are available are told, without costs and without what is the house's
own. What was told last is remembered by its hash, so that whoever asks again is told when it changed.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone

from config.backoffice.sheets import Sheet
from dealers import audit
from dealers.models import Dealership
from dealers.tenancy import acting_for, platform
from inventory.models import Vehicle, VehicleFeed, VehicleImage

FEEDS = Signer(sep=".", salt="inventory.feeds")
PHOTOS = Signer(sep=".", salt="inventory.feeds.photos")
MOST_PHOTOS = 20
"""Of a vehicle."""
FIELDS = (
    *("stock_number", "vin", "condition", "make", "model", "trim", "year", "body", "colour", "interior_colour"),
    *("engine", "fuel", "transmission", "odometer", "asking_price", "currency", "description", "photos"),
)
"""What is told of a vehicle, in this order; the names are the file's, whatever the language."""


class Closed(Exception):
    """There is no such address, or it is over; a stranger is not told which."""


# -- addresses


def address(feed: VehicleFeed, ending: str) -> str:
    """Of the feed's file, csv or json."""
    return reverse(f"vehicle-feed-{ending}", args=[FEEDS.sign(feed.key.hex)])


def photo_address(feed: VehicleFeed, image: VehicleImage) -> str:
    return reverse("feed-photo", args=[PHOTOS.sign(feed.key.hex + image.key.hex), image.widths[-1]])


def key_in(token: str, signer: Signer) -> str:
    try:
        return signer.unsign(token)
    except BadSignature:
        raise Closed from None


@platform("vehicle feed")
def find(token: str) -> VehicleFeed:
    """Raises Closed."""
    return by_key(key_in(token, FEEDS))


def by_key(key: str) -> VehicleFeed:
    found = VehicleFeed.objects.select_related("dealership").filter(key=uuid.UUID(key), dealership__is_active=True)
    feed = found.first()
    if feed is None:
        raise Closed
    return feed


@platform("vehicle feed")
def find_photo(token: str, width: int) -> str:
    """The file of a photo of a vehicle that is available still. Raises Closed."""
    keys = key_in(token, PHOTOS)
    feed = by_key(keys[:32])
    images = VehicleImage.objects.filter(key=uuid.UUID(keys[32:]), dealership_id=feed.dealership_id)
    image = images.filter(vehicle__status=Vehicle.Status.AVAILABLE).first()
    if image is None or width not in image.widths:
        raise Closed
    return image.file(width)


# -- what is told


def vehicles(feed: VehicleFeed) -> list[dict[str, Any]]:
    """What is available in the feed's dealership, in its scope alone; addresses of photos are without the host."""
    with acting_for([feed.dealership_id]):
        rows = Vehicle.objects.filter(dealership_id=feed.dealership_id, status=Vehicle.Status.AVAILABLE)
        found = list(rows.order_by("pk").prefetch_related(Prefetch("images", VehicleImage.objects.main_first())))
    return [told(feed, vehicle) for vehicle in found]


def told(feed: VehicleFeed, vehicle: Vehicle) -> dict[str, Any]:
    more = {
        "currency": feed.dealership.currency,
        "photos": [photo_address(feed, image) for image in list(vehicle.images.all())[:MOST_PHOTOS]],
    }
    return {name: more[name] if name in more else getattr(vehicle, name) for name in FIELDS}


@transaction.atomic
def fetched(feed: VehicleFeed) -> tuple[list[dict[str, Any]], VehicleFeed]:
    """What is available now, and the feed with the hash of it and of who sells it, and since when it has been so."""
    found = vehicles(feed)
    digest = hashlib.sha256(json.dumps([seller(feed.dealership), found], cls=DjangoJSONEncoder).encode()).hexdigest()
    now = timezone.now().replace(microsecond=0)
    with acting_for([feed.dealership_id]):
        rows = VehicleFeed.objects.filter(pk=feed.pk)
        rows.update(fetched_at=now)
        if digest != feed.digest:
            feed.digest, feed.changed_at = digest, later(now, feed.changed_at)
            rows.update(digest=digest, changed_at=feed.changed_at)
    return found, feed


def seller(dealership: Dealership) -> dict[str, str]:
    """What is told of the dealership."""
    names = ("code", "name", "city", "region", "country", "phone", "email", "website")
    return {name: getattr(dealership, name) for name in names}


def later(now: datetime, before: datetime | None) -> datetime:
    """A second after the change before at least: whoever asks by the second is told of both."""
    return now if before is None else max(now, before + timedelta(seconds=1))


Absolute = Callable[[str], str]


def as_json(feed: VehicleFeed, found: list[dict[str, Any]], absolute: Absolute) -> Mapping[str, Any]:
    return {
        "dealership": seller(feed.dealership),
        "changed_at": feed.changed_at,
        "vehicles": [{**each, "photos": [absolute(photo) for photo in each["photos"]]} for each in found],
    }


def as_sheet(found: list[dict[str, Any]], absolute: Absolute) -> Sheet:
    """A row for each vehicle; its photos' addresses in one cell, with blanks between them."""
    rows = (
        [" ".join(map(absolute, each[name])) if name == "photos" else each[name] for name in FIELDS] for each in found
    )
    return Sheet("vehicles", [(name, name) for name in FIELDS], rows)


# -- verbs


@transaction.atomic
def renew(feed: VehicleFeed, *, by: Any = None) -> None:
    """Give it a new address; the one of before, and those of its photos, lead nowhere any more."""
    feed.key, feed.digest, feed.changed_at = uuid.uuid4(), "", None
    feed.save(update_fields=["key", "digest", "changed_at"])
    audit.record("vehiclefeed.renewed", feed)
