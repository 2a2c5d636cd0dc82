"""Pages of vehicles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from config.backoffice.cells import Cell, Column, attribute
from config.backoffice.resources import Panel, Paper, Verb, register
from dealers.resources import DEALERSHIP, DealershipResource, amount
from inventory import beside, gallery, labels, preparation, transfers
from inventory.filters import Standing, VehicleFilters
from inventory.forms import (
    MoveForm,
    OdometerForm,
    PriceForm,
    StepForm,
    TransferForm,
    VehicleForm,
    WhyForm,
    who_can_do_it,
)
from inventory.models import Vehicle, VehicleImage

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


def photo(vehicle: Vehicle) -> Cell:
    """The main photo, read with the list's rows."""
    main: list[VehicleImage] = getattr(vehicle, "main_photo", [])
    if not main:
        return Cell()
    return Cell(vehicle.name, picture=reverse("photo", args=[main[0].pk, main[0].fitting(480)]))


def condition(vehicle: Vehicle) -> str:
    return str(vehicle.get_condition_display())


def prices_now(form: Any, user: Any, vehicle: Vehicle) -> None:
    form.initial = {"asking": vehicle.asking_price, "minimum": vehicle.minimum_price}


def where_it_may_go(form: Any, user: Any, vehicle: Vehicle) -> None:
    form.fields["to"].queryset = transfers.targets(user, vehicle)


def printed_labels(rows: Sequence[Vehicle], *, by: Any, absolute: Callable[[str], str]) -> bytes:
    """Labels with the addresses of the vehicles' pages, and prices as far as they are told to the person."""
    price: Any = VEHICLES.column("asking_price")
    return labels.sheet(
        [labels.Label(each, absolute(VEHICLES.address(each)), price.told_to(by, each)) for each in rows]
    )


class VehicleResource(DealershipResource):
    """What a dealership has to sell, and what it sold."""

    model, form, filterset = Vehicle, VehicleForm, VehicleFilters
    name, path, icon = "vehicles", "inventory/", "motorbike"
    permission = "inventory.vehicle:view"
    columns = (
        Column("photo", _("photo"), photo, is_picture=True),
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
        amount("asking_price", _("asking price"), sortable=True),
        amount("minimum_price", _("minimum price"), permission="inventory.minimum_price:view"),
        amount("purchase_price", _("purchase price"), permission=COST),
        amount("transport_cost", _("transport"), permission=COST),
        amount("preparation_cost", _("preparation"), permission=COST),
        amount("pack", _("pack"), permission=COST),
        amount("cost", _("cost"), permission=COST),
        amount("margin", _("margin"), permission=COST),
        amount("carrying_cost", _("cost of keeping it so far"), permission=COST),
        amount("carrying_per_day", _("cost of keeping it a day"), permission=COST),
        DEALERSHIP,
    )
    listed = (
        "stock_number",
        "photo",
        "name",
        "status",
        "plate",
        "asking_price",
        "cost",
        "days",
        "location",
        "dealership",
    )
    searched = True
    usual = f"standing={Standing.HERE}"
    first_filters = ("search", "standing", "status", "make", "location")
    list_template = "inventory/list.html"
    cards_template = "inventory/cards.html"
    detail_template = "inventory/vehicle.html"
    verbs = (
        Verb("move", _("Change status"), CHANGE, Vehicle.move_to, MoveForm, "arrows-sort", bulk=True),
        Verb("price", _("Set prices"), PRICE, Vehicle.price, PriceForm, "cash", prepare=prices_now),
        Verb(
            "transfer",
            _("Transfer"),
            CHANGE,
            transfers.transfer,
            TransferForm,
            "arrows-left-right",
            open_to=lambda row: row.dealership.group_id is not None and row.status in transfers.MOVABLE,
            prepare=where_it_may_go,
        ),
        Verb(
            "undo-transfer",
            _("Undo transfer"),
            CHANGE,
            transfers.undo,
            icon="rotate-clockwise",
            open_to=lambda row: row.status in transfers.MOVABLE and row.transfers.filter(undone_at=None).exists(),
        ),
        Verb("odometer", _("Read odometer"), CHANGE, Vehicle.read_odometer, OdometerForm, "gauge"),
        Verb(
            "add-step",
            _("Add a step"),
            preparation.CHANGE,
            preparation.add,
            StepForm,
            "tool",
            open_to=lambda row: row.status == Vehicle.Status.IN_PREPARATION,
            prepare=who_can_do_it,
        ),
        Verb(
            "release",
            _("Available without the rest"),
            preparation.WAIVE,
            preparation.release,
            WhyForm,
            "circle-check",
            open_to=lambda row: row.preparation_steps.open().exists(),
        ),
    )

    papers = (Paper("labels", _("Labels"), printed_labels, "qrcode"),)

    def hint(self, row: Any) -> str:
        return " · ".join(filter(None, (row.plate, row.vin, row.get_status_display())))

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership")

    def listing(self, rows: QuerySet[Any], words: tuple[str, ...] = ()) -> QuerySet[Any]:
        main = VehicleImage.objects.main()
        return rows.prefetch_related(Prefetch("images", main, to_attr="main_photo"), "dealership__carrying_rates")

    def form_for(self, user: Any, verb: str, **options: Any) -> Any:
        """Who adds a vehicle says its prices; to change them takes the right to set prices, as by the verb."""
        form, row = super().form_for(user, verb, **options), options.get("instance")
        if verb == "change" and not user.has_perm(PRICE, row):
            prices: list[Any] = [self.column(name) for name in ("asking_price", "minimum_price")]
            form.leave({each.name: getattr(row, each.name) if each.told_to(user, row) else None for each in prices})
        return form

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        rows = super().rows(user).order_by()
        return {
            name: [(each, each) for each in rows.exclude(**{name: ""}).values_list(name, flat=True).distinct()[:200]]
            for name in ("make", "location")
        }

    def lookup_label(self, row: Any) -> str:
        return f"{row.name} · {row.stock_number}"

    def known_as(self, row: Any) -> Iterator[Any]:
        yield from (row.stock_number, row.vin, row.plate, row.name, self.lookup_label(row))

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
                *("cost", "margin", "acquired_on", "days", "carrying_per_day", "carrying_cost"),
            ),
        )
        if steps := list(row.preparation_steps.select_related("assignee", "finished_by")):
            changes, waives = user.has_perm(preparation.CHANGE, row), user.has_perm(preparation.WAIVE, row)
            yield Panel(
                _("Preparation"),
                template="inventory/preparation.html",
                context={"steps": steps, "changes": changes, "waives": waives, "here": self.address(row)},
            )
        for make in beside.PANELS:
            if (panel := make(user, row)) is not None:
                yield panel


VEHICLES = register(VehicleResource())
