"""Pages of what is known of customers: how to reach them, where they live, what was said, learnt and agreed."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.backoffice.cells import Cell, Column, attribute
from config.backoffice.resources import Verb, register
from crm import filters, forms, merging, services
from crm.models import Address, Attribute, Consent, ContactPoint, Customer, Merge, Note, Ownership
from crm.resources import CUSTOMERS, MERGE
from dealers import audit
from dealers.resources import DEALERSHIP, DealershipResource


def customer(row: Any) -> Cell:
    return Cell(row.customer.name, address="" if row.customer.deleted_at else CUSTOMERS.address(row.customer))


WHOSE = Column("customer", _("customer"), customer, export=lambda row: row.customer.name)


class OfCustomerResource(DealershipResource):
    """Rows about customers, of those that are there."""

    of_customer = ""
    """The customer's name for them."""
    first_filters = ("customer",)

    def rows(self, user: Any) -> QuerySet[Any]:
        rows = super().rows(user).filter(customer__deleted_at=None)
        return rows.select_related("dealership", "customer")

    def form_for(self, user: Any, verb: str, **options: Any) -> Any:
        form = super().form_for(user, verb, **options)
        whose = form.fields["customer"]
        whose.queryset = Customer.objects.visible_to(user, self.permission_for(verb)).select_related("dealership")
        whose.disabled = verb == "change"
        return form


class ContactPointResource(OfCustomerResource):
    """Numbers and e-mails."""

    model, form, filterset = ContactPoint, forms.ContactPointForm, filters.ContactPointFilters
    name, path, icon, permission = "contact-points", "crm/contact-points/", "phone", "crm.contactpoint:view"
    of_customer = "contact_points"
    columns = (
        attribute("value", _("number or e-mail")),
        Column("kind", _("kind"), lambda row: row.get_kind_display()),
        attribute("label", _("label")),
        attribute("is_primary", _("used first")),
        WHOSE,
        DEALERSHIP,
    )
    verbs = (
        Verb(
            *("first", _("Use first"), "crm.contactpoint:change", services.use_first),
            open_to=lambda row: not row.is_primary,
            icon="star",
        ),
    )

    def delete_row(self, user: Any, row: Any) -> None:
        audit.record("contactpoint.deleted", row)
        services.remove_contact(row)


class AddressResource(OfCustomerResource):
    """Addresses."""

    model, form, filterset = Address, forms.AddressForm, filters.AddressFilters
    name, path, icon, permission = "addresses", "crm/addresses/", "map-pin", "crm.address:view"
    of_customer = "addresses"
    columns = (
        attribute("street", _("street")),
        attribute("label", _("label")),
        attribute("city", _("city")),
        attribute("region", _("province or state")),
        attribute("postal_code", _("postal code")),
        attribute("country", _("country")),
        attribute("access_notes", _("how to get in")),
        WHOSE,
        DEALERSHIP,
    )


class NoteResource(OfCustomerResource):
    """What was said and done."""

    model, form, filterset = Note, forms.NoteForm, filters.NoteFilters
    name, path, icon, permission = "notes", "crm/notes/", "notes", "crm.note:view"
    of_customer = "notes"
    columns = (
        attribute("at", _("when"), sortable=True),
        Column("kind", _("kind"), lambda row: row.get_kind_display()),
        attribute("text", _("text")),
        attribute("written_by", _("who wrote it")),
        WHOSE,
        DEALERSHIP,
    )

    def add_row(self, form: Any) -> Any:
        form.instance.written_by = audit.signature()
        return super().add_row(form)


class AttributeResource(OfCustomerResource):
    """What was learnt of customers."""

    model, form, filterset = Attribute, forms.AttributeForm, filters.AttributeFilters
    name, path, icon, permission = "attributes", "crm/attributes/", "list-check", "crm.attribute:view"
    of_customer = "learnt"
    columns = (
        attribute("key", _("what"), sortable=True),
        attribute("value", _("value")),
        attribute("said_by", _("who or what says so")),
        attribute("confidence", _("confidence, %"), numeric=True),
        attribute("confirmed_by", _("confirmed by")),
        WHOSE,
        DEALERSHIP,
    )
    verbs = (
        Verb(
            *("confirm", _("Confirm"), "crm.attribute:change", Attribute.confirm),
            open_to=lambda row: row.confirmed_at is None,
            icon="check",
        ),
    )

    def add_row(self, form: Any) -> Any:
        form.instance.said_by = audit.signature()
        return super().add_row(form)


class OwnershipResource(OfCustomerResource):
    """Who owns which vehicle, and owned it."""

    model, form, filterset = Ownership, forms.OwnershipForm, filters.OwnershipFilters
    name, path, icon, permission = "ownerships", "crm/ownerships/", "motorbike", "crm.ownership:view"
    of_customer = "ownerships"
    columns = (
        Column("vehicle", _("vehicle"), lambda row: row.vehicle.name),
        Column("vin", _("frame number"), lambda row: row.vehicle.vin),
        attribute("plate", _("plate")),
        attribute("since", _("since"), sortable=True),
        attribute("until", _("until"), sortable=True),
        WHOSE,
        DEALERSHIP,
    )

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership", "customer", "vehicle")

    def form_for(self, user: Any, verb: str, **options: Any) -> Any:
        from inventory.models import Vehicle

        form = super().form_for(user, verb, **options)
        form.fields["vehicle"].queryset = Vehicle.objects.visible_to(user)
        return form


class ConsentResource(OfCustomerResource):
    """What customers agreed to: evidence, which nobody changes."""

    model, filterset, form = Consent, filters.ConsentFilters, None
    name, path, icon, permission = "consents", "crm/consents/", "circle-check", "crm.customer:view"
    untold = frozenset({"contact_hash"})
    columns = (
        attribute("at", _("at")),
        Column("channel", _("channel"), lambda row: row.get_channel_display()),
        Column("purpose", _("purpose"), lambda row: row.get_purpose_display()),
        attribute("is_given", _("agrees")),
        attribute("wording_version", _("version of the wording")),
        attribute("wording", _("wording")),
        Column("source", _("source"), lambda row: row.get_source_display()),
        attribute("who", _("who wrote it down")),
        WHOSE,
        DEALERSHIP,
    )
    listed = ("at", "channel", "purpose", "is_given", "wording_version", "source", "who", "customer")


class MergeResource(DealershipResource):
    """Customers that became one."""

    model, filterset, form = Merge, filters.MergeFilters, None
    name, path, icon, permission = "merges", "crm/merges/", "arrow-merge", MERGE
    untold = frozenset({"fields", "moved"})
    first_filters = ("customer",)
    columns = (
        attribute("at", _("at")),
        Column("winner", _("stays"), lambda row: row.winner.name),
        Column("loser", _("was taken in"), lambda row: row.loser.name),
        attribute("who", _("who did it")),
        attribute("undone_at", _("undone")),
        attribute("undone_by", _("who undid it")),
        DEALERSHIP,
    )
    verbs = (
        Verb(
            *("undo", _("Undo"), MERGE, merging.undo),
            open_to=lambda row: row.can_be_undone,
            icon="rotate-clockwise",
            danger=True,
        ),
    )

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership", "winner", "loser")


CONTACT_POINTS = register(ContactPointResource())
ADDRESSES = register(AddressResource())
NOTES = register(NoteResource())
ATTRIBUTES = register(AttributeResource())
OWNERSHIPS = register(OwnershipResource())
CONSENTS = register(ConsentResource())
MERGES = register(MergeResource())
ALL = (CUSTOMERS, CONTACT_POINTS, ADDRESSES, NOTES, ATTRIBUTES, OWNERSHIPS, CONSENTS, MERGES)
