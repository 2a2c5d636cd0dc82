"""Pages of customers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db.models import QuerySet, prefetch_related_objects
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from config.backoffice.cells import Cell, Column, attribute, marked
from config.backoffice.resources import Panel, Verb, register
from crm import contact_values, merging, search, services, timeline
from crm.filters import CustomerFilters
from crm.forms import ConsentForm, CustomerForm, MergeForm
from crm.models import Customer, Merge
from dealers.resources import DEALERSHIP, DealershipResource

CHANGE, MERGE = "crm.customer:change", "crm.customer:merge"
REVEAL, EXPORT, ERASE = "crm.identity_number:view", "crm.customer:export", "crm.customer:erase"
TYPES = {Customer.Type.PROSPECT: "info", Customer.Type.NEW: "ok", Customer.Type.RETURNING: "ok"}


class Searched(Column):
    """A column in which a number that was searched is marked however it was typed."""

    def cell(self, row: Any, words: tuple[str, ...] = ()) -> Cell:
        found = super().cell(row)
        return replace(found, words=search.marks(words, row.dealership.country)) if words else found


def consented(row: Customer, *, contact: str, by: Any, **given: Any) -> None:
    """Blank is the first number or e-mail that the channel reaches."""
    kind = services.KIND_OF.get(Customer.Channel(given["channel"]))
    first = row.primary(kind) if kind else None
    services.record_consent(row, contact=contact or getattr(first, "value", ""), by=by, **given)


def take_in(row: Customer, *, other: int, by: Any, **keep: str) -> str:
    loser = Customer.objects.filter(dealership_id=row.dealership_id, pk=other).first()
    if loser is None:
        raise ValidationError(gettext("There is no such customer in this dealership. Choose another one."))
    merging.merge(row, loser, keep=keep, by=by)
    return gettext("%(name)s is merged. It can be undone for 90 days.") % {"name": loser.name}


def type_of(row: Customer) -> Cell:
    return Cell(row.get_type_display(), tag=TYPES[Customer.Type(row.type)])


def who_can_be_asked(form: Any, user: Any, customer: Customer) -> None:
    points = ", ".join(each.value for each in customer.contact_points.all())
    form.fields["contact"].help_text = gettext("Blank: the first one. There are: %(values)s.") % {
        "values": points or "–"
    }


class CustomerResource(DealershipResource):
    """Whom a dealership knows."""

    model, form, filterset = Customer, CustomerForm, CustomerFilters
    name, path, icon, permission = "customers", "customers/", "users", "crm.customer:view"
    columns = (
        Searched("name", _("name"), lambda row: row.name, sortable=True),
        Column("type", _("type"), type_of),
        Searched("phone", _("phone"), lambda row: row.phone),
        Searched("email", _("e-mail"), lambda row: row.email),
        Column("vehicles", _("vehicles"), lambda row: ", ".join(each.plate_now for each in owned(row))),
        Column("tags", _("tags"), lambda row: ", ".join(row.tags)),
        Column("kind", _("kind"), lambda row: row.get_kind_display()),
        attribute("called", _("how to call them")),
        attribute("contact_person", _("contact person")),
        attribute("birth_date", _("birth date")),
        Column("identity", _("identity number"), lambda row: row.masked_identity_number),
        Column("preferred_channel", _("preferred channel"), lambda row: row.get_preferred_channel_display()),
        Column("preferred_time", _("preferred time"), lambda row: row.get_preferred_time_display()),
        Column("source", _("source"), lambda row: row.get_source_display()),
        attribute("created_at", _("created"), sortable=True),
        DEALERSHIP,
    )
    listed = ("name", "type", "phone", "email", "vehicles", "tags", "created_at")
    searched = True
    first_filters = ("search", "type", "tag")
    secret_filters = frozenset({"search"})
    untold = frozenset({"identity_sealed", "identity_hash", "deleted_at", "erased_at"})
    list_template = "crm/customers.html"
    detail_template = "crm/customer.html"
    form_template = "crm/customer_form.html"
    verbs = (
        Verb(
            "consent",
            _("Record consent"),
            CHANGE,
            consented,
            ConsentForm,
            "circle-check",
            prepare=who_can_be_asked,
            once=True,
        ),
        Verb("merge", _("Merge"), MERGE, take_in, MergeForm, "arrow-merge", danger=True),
    )

    def hint(self, row: Any) -> str:
        return " · ".join(filter(None, (row.phone, row.email)))

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership")

    def listing(self, rows: QuerySet[Any], words: tuple[str, ...] = ()) -> QuerySet[Any]:
        return rows.prefetch_related("contact_points", "ownerships__vehicle")

    def beside(self, row: Any, words: tuple[str, ...]) -> list[tuple[str | Promise, Any]]:
        """Where the words stand if not in a column: other numbers and e-mails, plates and frame numbers."""
        shown = {row.phone, row.email, *(each.plate_now for each in owned(row))}
        others = [(point.get_kind_display(), point.value) for point in row.contact_points.all()]
        for each in row.ownerships.all():
            others += [(_("plate"), each.plate_now), (_("plate"), each.plate), (_("frame number"), each.vehicle.vin)]
        sought = [
            contact_values.compact(each) for each in (" ".join(words), *search.marks(words, row.dealership.country))
        ]
        found = dict.fromkeys(
            (label, value)
            for label, value in others
            if value and value not in shown and any(part and part in contact_values.compact(value) for part in sought)
        )
        return [(label, marked(value, search.marks(words, row.dealership.country))) for label, value in found]

    def form_for(self, user: Any, verb: str, **options: Any) -> Any:
        form = super().form_for(user, verb, **options)
        if "referred_by" in form.fields:
            form.fields["referred_by"].queryset = self.rows(user)
        return form

    def delete_row(self, user: Any, row: Any) -> None:
        """It is gone from everybody's eyes; its rows stay where they are."""
        from dealers import audit

        audit.record("customer.deleted", row)
        row.remove(by=user)

    def known_as(self, row: Any) -> Iterator[Any]:
        yield row.name
        yield from (point.value for point in row.contact_points.all())

    def serialized(self) -> dict[str, Any]:
        return {
            "type": serializers.ChoiceField(choices=Customer.Type.choices, read_only=True),
            "phone": serializers.CharField(read_only=True, help_text="The first telephone number, E.164."),
            "email": serializers.CharField(read_only=True, help_text="The first e-mail."),
            "identity_number": serializers.CharField(
                source="masked_identity_number", read_only=True, help_text="Its last digits; `reveal` tells all."
            ),
        }

    # -- the page

    def above(self, request: HttpRequest, rows: QuerySet[Any] | None) -> dict[str, Any]:
        return {"restores": request.user.has_perm(self.permission_for("delete"))}

    def panels(self, request: HttpRequest, row: Any) -> Iterator[Panel]:
        user = request.user
        names = ("kind", "called", "contact_person", "birth_date", "identity", "preferred_channel", "preferred_time")
        yield Panel(capfirst(gettext("customer")), self.pairs(user, row, *names, "source", "created_at"))
        for make in timeline.PANELS:
            if (panel := make(user, row)) is not None:
                yield panel

    def beside_panels(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        user = request.user
        prefetch_related_objects([row], "contact_points", "addresses", "ownerships__vehicle", "learnt")
        parts = {name: part for name in PARTS if (part := part_of(user, row, name)) is not None}
        return {
            "parts": parts,
            "composer": parts.pop("notes", None),
            "consents": services.consent_state(row),
            "reveals": bool(row.identity_hash) and user.has_perm(REVEAL, row),
            "exports_person": user.has_perm(EXPORT, row),
            "erases": user.has_perm(ERASE, row),
            "merges": Merge.objects.filter(winner=row, undone_at=None).select_related("loser")
            if user.has_perm(MERGE, row)
            else (),
            "likely": likely(user, row),
            "sources": {name: source.label for name, source in timeline.open_to(user, row).items()},
            "timeline": timeline.page(user, row),
            "kind": "",
        }


def owned(row: Customer) -> list[Any]:
    """What the customer owns now."""
    return [each for each in row.ownerships.all() if each.until is None]


def likely(user: Any, row: Customer) -> list[services.Duplicate]:
    """Who may be the same customer, for those who may merge."""
    if not user.has_perm(MERGE, row):
        return []
    rows = Customer.objects.filter(dealership_id=row.dealership_id)
    return services.duplicates(rows, phone=row.phone, email=row.email, name=row.name, besides=row.pk)


PARTS = ("contact-points", "addresses", "ownerships", "attributes", "notes")
"""Resources whose rows are written on the customer's page."""


def part_of(user: Any, row: Customer, name: str) -> dict[str, Any] | None:
    """A customer's rows of a resource with what may be done with them; None for whoever may not see them."""
    from config.backoffice.resources import REGISTRY

    resource = REGISTRY[name]
    if not resource.may(user, "view", row):
        return None
    form = None
    if resource.may(user, "add", row):
        form = resource.form_for(user, "add", initial={"customer": row.pk}, auto_id=f"{name}-%s")
        form.fields["customer"].widget = form.fields["customer"].hidden_widget()
    rows = () if name == "notes" else getattr(row, resource.of_customer).all()  # type: ignore[attr-defined]
    return {
        "resource": resource,
        "rows": [(each, resource.may(user, "change", each), resource.verbs_for(user, each)) for each in rows],
        "form": form,
        "once": uuid4(),
        "deletes": resource.may(user, "delete", row),
    }


CUSTOMERS = register(CustomerResource())
