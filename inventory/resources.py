"""Pages of vehicles."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from config.backoffice.cells import Cell, Column, attribute
from config.backoffice.resources import Panel, Verb, register
from dealers.resources import DEALERSHIP, DealershipResource
from inventory import gallery
from inventory.filters import VehicleFilters
from inventory.forms import MoveForm, OdometerForm, PriceForm, VehicleForm
from inventory.models import Vehicle

COST, PRICE, CHANGE = "inventory.cost:view", "inventory.price:change", "inventory.vehicle:change"
LOOKS = {
    Vehicle.Status.AVAILABLE: "ok",
    Vehicle.Status.RESERVED: "warn",
    Vehicle.Status.SOLD: "info",
    Vehicle.Status.DELIVERED: "",
    Vehicle.Status.WITHDRAWN: "bad",
}


def status(vehicle: Vehicle) -> Cell:
    return Cell(str(vehicle.get_status_display()), tag=LOOKS.get(Vehicle.Status(vehicle.status), "info"))


def condition(vehicle: Vehicle) -> str:
    return str(vehicle.get_condition_display())


class VehicleResource(DealershipResource):
    """What a dealership has to sell, and what it sold."""

    model, form, filterset = Vehicle, VehicleForm, VehicleFilters
    name, path, icon = "vehicles", "inventory/", "motorbike"
    permission = "inventory.vehicle:view"
    columns = (
        attribute("stock_number", _("stock number"), sortable=True),
        Column("name", _("vehicle"), lambda row: row.name),
        Column("status", _("status"), status),
        Column("condition", _("condition"), condition),
        attribute("vin", _("frame number")),
        attribute("engine_number", _("engine number")),
        attribute("plate", _("plate")),
        attribute("make", _("make")),
        attribute("model", _("model")),
        attribute("trim", _("trim")),
        attribute("year", _("model year"), sortable=True),
        attribute("colour", _("colour")),
        attribute("odometer", _("odometer, km"), sortable=True, numeric=True),
        attribute("location", _("location")),
        Column("days", _("days in stock"), lambda row: row.days_in_stock(), numeric=True),
        attribute("acquired_on", _("acquired on"), sortable=True),
        attribute("asking_price", _("asking price"), sortable=True, numeric=True),
        attribute("minimum_price", _("minimum price"), numeric=True, permission="inventory.minimum_price:view"),
        attribute("purchase_price", _("purchase price"), numeric=True, permission=COST),
        attribute("transport_cost", _("transport"), numeric=True, permission=COST),
        attribute("preparation_cost", _("preparation"), numeric=True, permission=COST),
        attribute("pack", _("pack"), numeric=True, permission=COST),
        attribute("cost", _("cost"), numeric=True, permission=COST),
        attribute("margin", _("margin"), numeric=True, permission=COST),
        DEALERSHIP,
    )
    listed = ("stock_number", "name", "status", "plate", "asking_price", "cost", "days", "location")
    first_filters = ("search", "status", "make", "location")
    detail_template = "inventory/vehicle.html"
    verbs = (
        Verb("move", _("Change status"), CHANGE, Vehicle.move_to, MoveForm, "arrows-sort", bulk=True),
        Verb("price", _("Set prices"), PRICE, Vehicle.price, PriceForm, "cash"),
        Verb("odometer", _("Read odometer"), CHANGE, Vehicle.read_odometer, OdometerForm, "gauge"),
    )

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership")

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        rows = super().rows(user).order_by()
        return {
            name: [(each, each) for each in rows.exclude(**{name: ""}).values_list(name, flat=True).distinct()[:200]]
            for name in ("make", "location")
        }

    def verb_form(self, verb: Verb, user: Any, row: Any, **options: Any) -> Any:
        made = super().verb_form(verb, user, row, **options)
        if verb.name == "price":
            made.initial = {"asking": row.asking_price, "minimum": row.minimum_price}
        return made

    def beside_panels(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return gallery.shown(request.user, row)

    def panels(self, request: HttpRequest, row: Any) -> Iterator[Panel]:
        user = request.user
        yield Panel(
            capfirst(_("vehicle")),
            self.pairs(
                user,
                row,
                *("name", "status", "condition", "vin", "engine_number", "plate", "colour", "odometer", "location"),
            ),
        )
        yield Panel(
            _("Money"),
            self.pairs(
                user,
                row,
                *("asking_price", "minimum_price", "purchase_price", "transport_cost", "preparation_cost", "pack"),
                *("cost", "margin", "acquired_on", "days"),
            ),
        )


VEHICLES = register(VehicleResource())
