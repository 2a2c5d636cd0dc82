"""Every address that somebody can ask, read off the URL resolver, the API's router and the admin's registry.

What a route is about is derived where that is possible, and said here otherwise. A route of neither kind is
unclassified and fails the suite: whoever adds one says whose rows it shows.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any

from django.contrib import admin
from django.db import models
from django.urls import URLPattern, get_resolver

from dealers.fences import OWNER, owner_column
from dealers.models import Export, SavedView, User
from ingestion.models import Connection
from inventory.models import Vehicle, VehicleImage


class Kind(Enum):
    ROWS = "rows of the dealerships in which the person may see them"
    OWN = "rows that are the person's alone"
    SELF = "the person's own account, or what is the same for everybody who is signed in"
    PLATFORM = "for platform administrators alone"
    OPEN = "for everybody, and without a word of any dealership"
    TOKEN = "for whoever has a token of its own"


SAID = {
    "home": Kind.ROWS,
    "freshness": Kind.ROWS,
    "runs-start": Kind.ROWS,
    "backfills-start": Kind.ROWS,
    "quarantine-causes": Kind.ROWS,
    "connections": Kind.ROWS,
    "connections-detail": Kind.ROWS,
    "connections-check": Kind.ROWS,
    "dashboard-widget": Kind.ROWS,
    "dashboard-customise": Kind.SELF,
    "metrics": Kind.TOKEN,
    "livez": Kind.OPEN,
    "readyz": Kind.OPEN,
    "admin:index": Kind.SELF,
    "admin:login": Kind.OPEN,
    "admin:logout": Kind.SELF,
    "admin:password_change": Kind.SELF,
    "admin:password_change_done": Kind.SELF,
    "admin:autocomplete": Kind.ROWS,
    "admin:jsi18n": Kind.OPEN,
    "admin:view_on_site": Kind.ROWS,
    "admin:app_list": Kind.SELF,
    "admin:(?P<url>.*)$": Kind.SELF,
    "auth-login": Kind.OPEN,
    "auth-refresh": Kind.OPEN,
    "auth-me": Kind.ROWS,
    "flags": Kind.ROWS,
    "import": Kind.ROWS,
    "lead-suggest": Kind.ROWS,
    "job-type-list": Kind.SELF,
    "api-root": Kind.SELF,
    "auth-logout": Kind.OPEN,
    "auth-register": Kind.TOKEN,
    "invitation": Kind.TOKEN,
    "offer": Kind.TOKEN,
    "offer-pdf": Kind.TOKEN,
    "vehicle-feed-csv": Kind.TOKEN,
    "vehicle-feed-json": Kind.TOKEN,
    "feed-photo": Kind.TOKEN,
    "deal-calculate": Kind.SELF,
    "dealership_logo": Kind.ROWS,
    "switch_dealership": Kind.SELF,
    "set_language": Kind.OPEN,
    "impersonate": Kind.PLATFORM,
    "end_impersonation": Kind.SELF,
    "csp-report": Kind.OPEN,
    "records": Kind.ROWS,
    "passport": Kind.ROWS,
    "search": Kind.ROWS,
    "menu": Kind.SELF,
    "appearance": Kind.SELF,
    "manifest": Kind.OPEN,
    "service_worker": Kind.OPEN,
    "offline": Kind.OPEN,
    "ui_kit": Kind.PLATFORM,
    "schema": Kind.OPEN,
    "swagger-ui": Kind.OPEN,
}
"""Routes of which nothing tells their kind. An admin's route without a name goes by its pattern."""
OWN: dict[str, type[models.Model]] = {
    "exports": Export,
    "export_rows": Export,
    "export_download": Export,
    "export_cancel": Export,
    "export-list": Export,
    "export-detail": Export,
    "export-file": Export,
    "export-cancel": Export,
    "view_save": SavedView,
    "view_rename": SavedView,
    "view_delete": SavedView,
    "view_default": SavedView,
    "list_preference": SavedView,
}
"""Routes about rows of a person's own, and of which model."""
ABOUT: dict[str, type[models.Model]] = {
    "vehicle-photos": Vehicle,
    "vehicle-photos-order": Vehicle,
    "photo-change": VehicleImage,
    "photo": VehicleImage,
}
"""Routes of views that say nowhere which model they are about."""
PLATFORM_ADMINS = {
    "dealers.export",
    "dealers.flag",
    "dealers.group",
    "ingestion.connection",
    "ingestion.gate",
    "django_celery_beat.periodictask",
    "django_celery_beat.clockedschedule",
    "django_celery_beat.crontabschedule",
    "django_celery_beat.solarschedule",
    "django_celery_beat.intervalschedule",
}
"""Models without a dealership whose admin is for platform administrators."""
PEOPLE = "dealers.user"
SIGNING_IN = ("account_", "mfa_", "usersessions_", "end_session")
"""Routes about the account of whoever asks."""
TO_SIGN_IN = {
    *("account_login", "account_request_login_code", "account_inactive", "account_signup", "account_reset_password"),
    *("account_reset_password_done", "account_reset_password_from_key", "account_reset_password_from_key_done"),
}
"""Those that somebody needs who is not signed in."""
UNNAMED = "admin:None"


class Unclassified(AssertionError):
    """A route of which nobody has said whose rows it shows."""


@dataclass(frozen=True)
class Surface:
    """A route: `address` has {id} where the id of a row of `model` stands."""

    name: str
    address: str
    kind: Kind
    model: type[models.Model] | None = None
    view: Any = None

    def at(self, pk: Any) -> str:
        return self.address.replace("{id}", str(pk))

    @property
    def of_one(self) -> bool:
        return "{id}" in self.address

    @property
    def is_api(self) -> bool:
        return self.address.startswith("/api/")

    def __str__(self) -> str:
        return f"{self.name} {self.address}"


def routes(resolver: Any = None, prefix: str = "/", spaces: str = "") -> Iterator[tuple[str, str, Any]]:
    """Name, pattern and view of every route."""
    for each in (resolver or get_resolver()).url_patterns:
        pattern = prefix + str(each.pattern)
        if isinstance(each, URLPattern):
            given = each.default_args
            yield f"{spaces}{each.name}", pattern, partial(each.callback, **given) if given else each.callback
        else:
            yield from routes(each, pattern, f"{spaces}{each.namespace}:" if each.namespace else spaces)


def addresses(pattern: str) -> list[str]:
    """A pattern as addresses that can be asked: ids as {id}, and every choice of a closed list of words."""
    plain = pattern.replace("^", "").replace("$", "").replace("/?", "/")
    plain = re.sub(r"<path:content_type_id>/<path:object_id>", "1/{id}", plain)
    plain = re.sub(
        r"<(?:path:object_id|id|int:dealership)>|\(\?P<(?:pk|record|scenario)>(?:\\d|\[/\.\])\+\)", "{id}", plain
    )
    plain = re.sub(r"\(\?P<url>\.\*\)", "no/such/page/", plain)
    plain = plain.replace("(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)", "1-no-such-key")
    plain = re.sub(r"<(?:str:)?(?:token|key)>", "no-such-token", plain)
    plain = re.sub(r"<(?:uuid:pk|int:view)>", "{id}", plain)
    plain = plain.replace("<resource:resource>", "holidays").replace("<int:pk>", "0").replace("<int:width>", "480")
    if choice := re.search(r"\(\?P<\w+>([\w|]+)\)", plain):
        return [plain.replace(choice[0], word) for word in choice[1].split("|")]
    return [plain]


def model_of(pattern: str, view: Any) -> type[models.Model] | None:
    """The model that an admin's, a viewset's or a resource's route is about."""
    if found := re.match(r"/admin/(\w+/\w+)/", pattern):
        registry = {model._meta.label_lower.replace(".", "/"): model for model in admin.site._registry}
        return registry.get(found[1])
    if resource := {**getattr(view, "view_initkwargs", {}), **getattr(view, "keywords", {})}.get("resource"):
        model: type[models.Model] = resource.model
        return model
    if about := getattr(getattr(view, "view_class", None), "about", None):
        found_model: type[models.Model] = about
        return found_model
    cls = getattr(view, "cls", None)
    if job := getattr(cls, "job", None):
        return job.record
    queryset = getattr(cls, "queryset", None)
    return None if queryset is None else queryset.model


def classified(name: str, pattern: str, model: type[models.Model] | None) -> Kind:
    """Raises Unclassified."""
    key = f"admin:{pattern.removeprefix('/admin/')}" if name == UNNAMED else name
    if key in SAID:
        return SAID[key]
    if name in OWN:
        return Kind.OWN
    if name.startswith(SIGNING_IN):
        return Kind.OPEN if name in TO_SIGN_IN else Kind.SELF
    if model is not None and model._meta.label_lower in PLATFORM_ADMINS:
        return Kind.PLATFORM
    if model is not None and (owner_column(model) or model._meta.label_lower in {PEOPLE, OWNER}):
        return Kind.ROWS
    raise Unclassified(f"{name} {pattern}: say in tests/tenancy/surfaces.py whose rows it shows")


def surfaces() -> list[Surface]:
    """Every address of Forecourt. Raises Unclassified."""
    found = []
    for name, pattern, view in routes():
        model = OWN.get(name) or ABOUT.get(name) or model_of(pattern, view)
        kind = classified(name, pattern, model)
        for address in addresses(pattern if model is None else pattern.replace("<int:pk>", "<id>")):
            if re.search(r"[<(\\?*]", address):
                raise Unclassified(f"{name} {pattern}: tests/tenancy/surfaces.py cannot make an address of it")
            found.append(Surface(name, address, kind, model, view))
    return found


def id_of(surface: Surface, house: Any) -> Any:
    """The id of a dealership's row that a route is about."""
    if surface.model is User:
        return house.people["technician"].pk
    if surface.model is Connection:
        return house.gateway.pk
    if surface.model is not None and surface.model._meta.label_lower in house.rows:
        return house.rows[surface.model._meta.label_lower]
    return house.dealership.pk
