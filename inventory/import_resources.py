"""Pages of imports of vehicles."""

from __future__ import annotations

from typing import Any

import django_filters
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.backoffice.cells import Cell, Column, attribute
from config.backoffice.filters import AnyOf
from config.backoffice.resources import Resource, Verb, register
from dealers.resources import DEALERSHIP
from inventory import importing
from inventory.forms import StoreForm
from inventory.import_columns import label_of
from inventory.import_rows import ADD, CHANGED, NEW, REFUSED, SAME
from inventory.models import VehicleImport
from inventory.resources import VEHICLES

State = VehicleImport.State
LOOKS = {State.DONE: "ok", State.FAILED: "bad", State.CHECKED: "warn", State.RECEIVED: "warn"}
OUTCOMES = {
    REFUSED: (_("with errors"), "bad", "refused"),
    NEW: (_("new"), "ok", "added"),
    CHANGED: (_("changed"), "info", "changed"),
    SAME: (_("unchanged"), "", "same"),
}
"""In words, as a tag, and the column of the import that counts them."""
PAGE = 100
"""Rows of a file on a page."""


def state(imported: VehicleImport) -> Cell:
    return Cell(str(imported.get_state_display()), tag=LOOKS.get(State(imported.state), "info"))


class VehicleImportFilters(django_filters.FilterSet):
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))
    state = django_filters.MultipleChoiceFilter(choices=State.choices, distinct=False, label=_("state"))

    class Meta:
        model = VehicleImport
        fields = ()


class VehicleImportResource(Resource):
    """Files of vehicles that people sent, for a week."""

    model, filterset, exports = VehicleImport, VehicleImportFilters, False
    name, path, icon = "vehicle-imports", "inventory/imports/", "file-import"
    permission = ADD
    columns = (
        attribute("name", _("file")),
        Column("state", _("state"), state),
        attribute("rows", _("rows"), numeric=True),
        attribute("added", _("new"), numeric=True),
        attribute("changed", _("changed"), numeric=True),
        attribute("same", _("unchanged"), numeric=True),
        attribute("refused", _("with errors"), numeric=True),
        attribute("made_by", _("sent by")),
        attribute("made_at", _("sent"), sortable=True),
        DEALERSHIP,
    )
    first_filters = ("dealer", "state")
    untold = frozenset(
        [
            *("content", "report", "language", "asked_by", "stood_in", "request_id", "attempt", "queued_at"),
            "sign_of_life_at",
        ]
    )
    list_template, detail_template = "inventory/imports.html", "inventory/import.html"
    verbs = (
        Verb(
            "store",
            _("Store rows"),
            ADD,
            importing.store,
            StoreForm,
            "check",
            open_to=lambda row: row.state == State.CHECKED and row.added + row.changed > 0,
        ),
    )

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership", "made_by").defer("content")

    def listing(self, rows: QuerySet[Any], words: tuple[str, ...] = ()) -> QuerySet[Any]:
        return rows.defer("content", "report")

    def beside_panels(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        names = importing.attributes_for(request.user, row.dealership)
        choices = sorted(((name, label_of(name)) for name in names), key=lambda each: each[1].casefold())
        return {
            "choosing": row.state in (State.RECEIVED, State.CHECKED),
            "pairs": list(zip(row.header, row.columns, strict=True)),
            "attributes": choices,
            **self.shown(request, row),
        }

    def shown(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """A page of the rows of the file, of one outcome or of all."""
        counts = [(name, words, getattr(row, column)) for name, (words, _tag, column) in OUTCOMES.items()]
        asked = request.GET.get("show", REFUSED if row.refused else "")
        found = [each for each in row.outcomes if asked not in OUTCOMES or each["outcome"] == asked]
        page = Paginator(found, PAGE).get_page(request.GET.get("page"))
        told = set(importing.attributes_for(request.user, row.dealership))
        return {
            "show": asked if asked in OUTCOMES else "",
            "counts": counts,
            "outcomes": [self.line(each, told) for each in page],
            "page": page,
        }

    def line(self, outcome: dict[str, Any], told: set[str]) -> dict[str, Any]:
        words, tag, _column = OUTCOMES[outcome["outcome"]]
        pk, name = outcome["vehicle_id"], outcome["vehicle"]
        return {
            "row": outcome["row"],
            "outcome": Cell(str(words), tag=tag),
            "vehicle": Cell(name, address=VEHICLES.address_of(pk) if pk else ""),
            "changes": [
                (label_of(attribute), *values) for attribute, values in outcome["changes"].items() if attribute in told
            ],
            "problems": outcome["problems"],
        }


IMPORTS = register(VehicleImportResource())
