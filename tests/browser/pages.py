"""Every page of Forecourt, read off the URL resolver: a new one is looked at without anybody asking for it.

The admin's and the API's are Django's and Swagger's. An address that answers no GET, or something else than a page
(a file, a fragment for htmx), is none. What cannot be derived is said here: who sees a page, what stands in its
address, and which addresses lead elsewhere.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image
from playwright.sync_api import APIResponse

from config.backoffice.resources import REGISTRY
from crm.models import Customer
from dealers import invitations
from dealers.models import Invitation, User
from dealers.roles import Role
from inventory import photos
from inventory.models import VehicleImage
from sales import links
from sales.models import Deal, Document
from tests.dealers.browsers import with_app
from tests.factories import PASSWORD, CustomerFactory, hashed
from tests.tenancy.surfaces import Kind, Surface, id_of, surfaces
from tests.tenancy.world import World

NOT_OURS = ("/admin/", "/api/")
LEADS_ELSEWHERE = {
    "metrics": "it asks for a token",
    "export_download": "it is a file, or has expired",
    "offer-pdf": "it is a file",
    "vehicle-feed-csv": "it is a file",
    "vehicle-feed-json": "it is a file",
    "feed-photo": "it is a file",
    "schedules-new": "feeds come with a connection, nobody makes one",
    "schedules-delete": "nor deletes one",
    "account_confirm_login_code": "nobody has asked for a code",
    "account_set_password": "the owner has a password",
    "mfa_authenticate": "nobody is half signed in",
    "mfa_remove_webauthn": "there is no such key",
    "mfa_edit_webauthn": "there is no such key",
    "mfa_reauthenticate_webauthn": "a script asks it",
    "mfa_login_webauthn": "a script asks it",
}
"""Routes that show no page to somebody who comes by the address alone, and why."""


def invited(world: World) -> str:
    """Where an invitation leads that was just sent."""
    invitation = Invitation(
        dealership=world.own.dealership,
        email="new@dealer.example",
        role=Role.VIEWER,
        expires_at=timezone.now() + timedelta(days=1),
    )
    token = invitations.send(invitation, None, lambda token: f"/invitations/{token}/")
    return f"/invitations/{token}/"


def two_customers(world: World) -> str:
    """Where a customer is merged with another one."""
    stays, goes = Customer.objects.filter(dealership=world.own.dealership).order_by("pk")[:2]
    return f"/customers/{stays.pk}/merge-with/?other={goes.pk}"


def offered(world: World) -> str:
    """Where a customer looks at an offer that they were just sent."""
    offers = Document.objects.filter(dealership=world.own.dealership, kind=Document.Kind.OFFER)
    document = offers.filter(deal__stage__in=Deal.OPEN).first()
    return f"/offers/{links.make(document, by=world.own.people['owner'], days=1)}/"  # type: ignore[arg-type]


def deleted(world: World) -> str:
    """Where a customer is brought back that was deleted."""
    gone = CustomerFactory(dealership=world.own.dealership)
    gone.remove()
    return f"/customers/deleted/{gone.pk}/restore/"


PLACES: dict[str, Callable[[World], str]] = {
    "impersonate": lambda world: f"/impersonation/{world.own.people['owner'].pk}/",
    "invitation": invited,
    "customers-merge-with": two_customers,
    "offer": offered,
    "deleted-customers-restore": deleted,
}
"""Addresses of routes about something that no table of tests/tenancy/surfaces.py knows."""
FOR_PLATFORM = {"mfa_activate_totp"}
"""Pages of everybody's own account on which the owner has done already what they are for."""


@dataclass(frozen=True)
class Place:
    """An address to look at; of those that the same code makes, the first is looked at most closely."""

    surface: Surface
    is_first: bool

    def path(self, world: World) -> str:
        if find := PLACES.get(self.surface.name):
            return find(world)
        address = self.surface.at(id_of(self.surface, world.own))
        usual = REGISTRY[self.surface.name].usual if self.surface.name in REGISTRY else ""
        return f"{address}?{usual}" if usual else address

    def visitors(self, world: World) -> list[User | None]:
        """Who looks at it."""
        owner = world.own.people["owner"]
        if self.surface.name in FOR_PLATFORM:
            return [world.platform]
        if self.surface.kind in (Kind.OPEN, Kind.TOKEN):
            return [None]
        if self.surface.kind is Kind.PLATFORM:
            return [world.platform]
        return [owner, world.platform] if self.surface.kind is Kind.ROWS else [owner]

    def __str__(self) -> str:
        return str(self.surface).replace(" /", "-", 1).rstrip("/")


def places() -> list[Place]:
    """Raises tests.tenancy.surfaces.Unclassified."""
    ours = [surface for surface in surfaces() if not surface.address.startswith(NOT_OURS)]
    first: dict[tuple[object, ...], Surface] = {}
    return [Place(each, first.setdefault(kind_of(each), each) is each) for each in ours]


def kind_of(surface: Surface) -> tuple[object, ...]:
    """What pages have in common that are made by the same code: the view, and where they stand."""
    view = getattr(surface.view, "func", surface.view)
    steps = surface.address.strip("/").split("/")
    return getattr(view, "view_class", view), steps[0], len(steps)


def is_page(answer: APIResponse) -> bool:
    """Whether this is meant for a window of its own."""
    if answer.status == 405 or not answer.headers.get("content-type", "").startswith("text/html"):
        return False
    return answer.status != 200 or "<html" in answer.text()


def furnish(world: World) -> World:
    """The same with rows that pages show something of: passwords, the owner's app and recovery codes."""
    owner = world.own.people["owner"]
    User.objects.filter(pk__in=[owner.pk, world.platform.pk]).update(password=hashed(PASSWORD))
    for each in (owner, world.platform):
        each.refresh_from_db()
    with_app(owner)
    return world


def lay_out_photos() -> None:
    """The files of the photos, where there are none."""
    storage = photos.storage()
    for image in VehicleImage.objects.all():
        for width in image.widths:
            if not storage.exists(image.file(width)):
                storage.save(image.file(width), ContentFile(grey(width, image.scaled_height(width))))


@cache
def grey(width: int, height: int) -> bytes:
    """A photo of nothing."""
    drawn = io.BytesIO()
    Image.new("RGB", (width, height), "silver").save(drawn, "WEBP")
    return drawn.getvalue()
