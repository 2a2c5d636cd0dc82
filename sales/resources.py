"""Pages of deals, taxes, the catalogue and registration papers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import ProtectedError, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.backoffice.cells import Cell, Column, attribute
from config.backoffice.resources import Verb, register
from dealers.resources import DEALERSHIP, DealershipResource, amount
from sales import documents, scenarios, stages
from sales.board import desk_of
from sales.filters import CatalogueFilters, DealFilters, RegistrationFilters, TaxRateFilters
from sales.forms import (
    ApproveForm,
    CatalogueItemForm,
    DealForm,
    DepositForm,
    DocumentForm,
    ReasonForm,
    RegistrationForm,
    ReserveForm,
    TaxRateForm,
)
from sales.models import CatalogueItem, Deal, Registration, TaxRate

CHANGE, APPROVE, GROSS = "sales.deal:change", "sales.deal:approve", "sales.gross:view"
STAGES = {
    Deal.Stage.DRAFT: "",
    Deal.Stage.QUOTED: "info",
    Deal.Stage.RESERVED: "warn",
    Deal.Stage.APPROVED: "info",
    Deal.Stage.CONTRACTED: "ok",
    Deal.Stage.DELIVERED: "ok",
    Deal.Stage.LOST: "bad",
    Deal.Stage.CANCELLED: "bad",
    Deal.Stage.UNWOUND: "bad",
}


def stage(deal: Deal) -> Cell:
    return Cell(str(deal.get_stage_display()), tag=STAGES[Deal.Stage(deal.stage)])


def customer(deal: Deal) -> Cell:
    return Cell(deal.customer.name, address=reverse("customers-detail", args=[deal.customer_id]))


def vehicle(deal: Deal) -> Cell:
    return Cell(str(deal.vehicle), address=reverse("vehicles-detail", args=[deal.vehicle_id]))


def lead(deal: Deal) -> Cell:
    """Of which it was made."""
    found = deal.lead
    return Cell(found.name, address=reverse("leads-detail", args=[found.pk])) if found else Cell()


def salesperson(deal: Deal) -> str:
    return deal.salesperson.get_short_name() if deal.salesperson else ""


def refuse_while_used(row: Any, delete: Any) -> None:
    """Raises ValidationError for a row that others name."""
    try:
        delete()
    except ProtectedError as error:
        kinds = {str(type(each)._meta.verbose_name) for each in error.protected_objects}
        words = _("%(row)s is used by: %(kinds)s. It cannot be deleted.")
        raise ValidationError(words % {"row": row, "kinds": ", ".join(sorted(kinds))})


def documented(deal: Deal, *, by: Any, kind: str, language: str = "") -> str:
    return str(_("%(document)s is made.") % {"document": documents.make(deal, by=by, kind=kind, language=language)})


def price_now(form: Any, user: Any, deal: Any) -> None:
    chosen = deal.chosen
    form.initial = {"price": chosen.price - chosen.discount} if chosen else {}


class DealResource(DealershipResource):
    """Sales from the first offer to the handover."""

    model, form, filterset = Deal, DealForm, DealFilters
    name, path, icon, permission = "deals", "deals/", "heart-handshake", "sales.deal:view"
    detail_template = "sales/desk.html"
    columns = (
        attribute("number", _("number"), sortable=True),
        Column("customer", _("customer"), customer),
        Column("vehicle", _("vehicle"), vehicle),
        Column("stage", _("stage"), stage),
        amount("total", _("total price"), sortable=True),
        Column("salesperson", _("salesperson"), salesperson),
        Column("lead", _("lead"), lead),
        attribute("created_at", _("created"), sortable=True),
        attribute("contracted_at", _("contracted"), sortable=False),
        attribute("delivered_at", _("delivered"), sortable=False),
        attribute("revision", _("revision"), numeric=True),
        attribute("order_number", _("order letter")),
        attribute("ended_reason", _("why it ended")),
        DEALERSHIP,
    )
    listed = ("number", "customer", "vehicle", "stage", "total", "salesperson", "created_at")
    searched = True
    first_filters = ("search", "stage", "salesperson", "approval")
    secret_filters = frozenset({"search"})
    verbs = (
        Verb("quote", _("Mark as quoted"), CHANGE, stages.quote, icon="file-text"),
        Verb("reserve", _("Reserve the vehicle"), CHANGE, stages.reserve, ReserveForm, "lock"),
        Verb("release", _("Release the vehicle"), CHANGE, stages.release, icon="route"),
        Verb("submit", _("Submit for approval"), CHANGE, stages.submit, icon="upload"),
        Verb("approve", _("Approve"), APPROVE, stages.approve, ApproveForm, "circle-check", prepare=price_now),
        Verb("decline", _("Decline"), APPROVE, stages.decline, ReasonForm, "circle-x"),
        Verb("contract", _("Contract"), CHANGE, stages.contract, icon="signature"),
        Verb("revise", _("New revision"), CHANGE, stages.revise, icon="replace"),
        Verb("deliver", _("Deliver"), "sales.deal:deliver", stages.deliver, icon="truck-delivery"),
        Verb("deposit", _("Add a deposit"), "sales.deposit:add", scenarios.deposit, DepositForm, "coin", once=True),
        Verb("document", _("Make a document"), CHANGE, documented, DocumentForm, "file-certificate", once=True),
        Verb("lose", _("Lost"), CHANGE, stages.lose, ReasonForm, danger=True),
        Verb("cancel", _("Cancel the deal"), "sales.deal:cancel", stages.cancel, ReasonForm, danger=True),
        Verb("unwind", _("Unwind"), "sales.deal:unwind", stages.unwind, ReasonForm, "rotate-clockwise", danger=True),
    )

    def hint(self, row: Any) -> str:
        return " · ".join((row.customer.name, row.vehicle.name, row.get_stage_display()))

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership", "customer", "vehicle", "lead", "salesperson")

    def lookup_listing(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.select_related("customer", "vehicle")

    def known_as(self, row: Any) -> Iterator[Any]:
        yield row.number

    def choices(self, user: Any) -> dict[str, list[tuple[str, Any]]]:
        rows = super().rows(user).order_by().exclude(salesperson=None)
        emails = rows.values_list("salesperson__email", flat=True).distinct()[:200]
        return {"salesperson": [(each, each) for each in emails]}

    def form_for(self, user: Any, verb: str, **options: Any) -> Any:
        form = super().form_for(user, verb, **options)
        form.offer(user)
        return form

    def add_row(self, form: Any) -> Any:
        return stages.begin(form.instance)

    def delete_row(self, user: Any, row: Any) -> None:
        here = stages.locked(row.pk)
        if here.stage != Deal.Stage.DRAFT or here.has_history:
            raise ValidationError(
                _("Deal %(number)s has a history: lose or cancel it instead.") % {"number": here.number}
            )
        super().delete_row(user, row)

    def verbs_for(self, user: Any, row: Any) -> list[Verb]:
        """Those that lead on from here; what else is asked, the verb itself refuses in words."""
        found = []
        for verb in super().verbs_for(user, row):
            possible = row.stage in stages.FROM.get(verb.name, Deal.OPEN if verb.name == "deposit" else Deal.Stage)
            if verb.name in ("approve", "decline"):
                possible = possible and row.waits_for_approval
            elif verb.name == "submit":
                possible = possible and row.asked_at is None
            elif verb.name in ("reserve", "release"):
                possible = possible and (row.reservation is None) == (verb.name == "reserve")
            if possible:
                found.append(verb)
        return found

    def beside_panels(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return desk_of(request, row)


class TaxRateResource(DealershipResource):
    """What taxes take, by the day they are valid from."""

    model, form, filterset = TaxRate, TaxRateForm, TaxRateFilters
    name, path, icon, permission = "tax-rates", "settings/tax-rates/", "percentage", "sales.taxrate:view"
    columns = (
        attribute("name", _("name"), sortable=True),
        attribute("percent", _("percent"), numeric=True),
        attribute("valid_from", _("valid from"), sortable=True),
        DEALERSHIP,
    )
    first_filters = ("dealer", "name")

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership")

    def delete_row(self, user: Any, row: Any) -> None:
        refuse_while_used(row, lambda: super(TaxRateResource, self).delete_row(user, row))


class CatalogueResource(DealershipResource):
    """What is sold with a vehicle."""

    model, form, filterset = CatalogueItem, CatalogueItemForm, CatalogueFilters
    name, path, icon, permission = "catalogue", "settings/catalogue/", "package", "sales.catalogueitem:view"
    columns = (
        attribute("name", _("name"), sortable=True),
        Column("kind", _("kind"), lambda row: row.get_kind_display()),
        amount("unit_price", _("unit price"), sortable=True),
        amount("unit_cost", _("unit cost"), permission=GROSS),
        Column("tax", _("tax"), lambda row: str(row.tax or "")),
        attribute("tax_inclusive", _("price with the tax")),
        attribute("is_active", _("offered")),
        DEALERSHIP,
    )
    first_filters = ("kind", "name")

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership", "tax")

    def delete_row(self, user: Any, row: Any) -> None:
        refuse_while_used(row, lambda: super(CatalogueResource, self).delete_row(user, row))


LOOKS = {"handed_over": "ok", "received": "info", "requested": "warn", "not_requested": ""}


class RegistrationResource(DealershipResource):
    """STNK, BPKB and other papers: which office has them, and for how long."""

    model, form, filterset = Registration, RegistrationForm, RegistrationFilters
    name, path, icon = "registrations", "registrations/", "certificate"
    permission = "sales.registration:view"
    columns = (
        Column("paper", _("paper"), str),
        Column(
            "deal", _("deal"), lambda row: Cell(row.deal.number, address=reverse("deals-detail", args=[row.deal_id]))
        ),
        Column("customer", _("customer"), lambda row: row.deal.customer.name),
        Column("vehicle", _("vehicle"), lambda row: str(row.deal.vehicle)),
        Column("kind", _("kind"), lambda row: row.get_kind_display()),
        attribute("number", _("number")),
        Column("status", _("status"), lambda row: Cell(str(row.status.label), tag=LOOKS[row.status])),
        attribute("requested_on", _("requested on")),
        attribute("received_on", _("received on")),
        attribute("handed_over_on", _("handed over on")),
        attribute("received_by", _("handed over to")),
        attribute("note", _("note")),
        DEALERSHIP,
    )
    listed = ("paper", "deal", "customer", "vehicle", "status", "requested_on", "received_on", "handed_over_on")
    first_filters = ("status", "kind", "waiting_days")

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership", "deal__customer", "deal__vehicle")

    def serialized(self) -> dict[str, Any]:
        return {"status": serializers.ChoiceField(choices=Registration.Status.choices, read_only=True)}


DEALS = register(DealResource())
TAX_RATES = register(TaxRateResource())
CATALOGUE = register(CatalogueResource())
REGISTRATIONS = register(RegistrationResource())
