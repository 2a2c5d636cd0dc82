"""Customers that were deleted, and the way back: of those who were merged by undoing that, of those erased by none."""

from __future__ import annotations

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext_lazy as _

from config.backoffice.cells import Column, attribute
from config.backoffice.filters import AnyOf
from config.backoffice.pages import ListPage, VerbPage, done, tell
from config.backoffice.resources import Verb
from crm import services
from crm.models import Customer
from crm.resources import CUSTOMERS
from dealers.resources import DEALERSHIP, DealershipResource

DELETE = "crm.customer:delete"


class RestoreForm(forms.Form):
    """Nothing is asked; somebody is to see whom they bring back."""


class NameHolds(AnyOf):
    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        for word in " ".join(value or ()).split():
            qs = qs.filter(name__icontains=word)
        return qs


class DeletedFilters(django_filters.FilterSet):
    search = NameHolds(label=_("name"))
    dealer = AnyOf(field_name="dealership__code", label=_("dealer code"))

    class Meta:
        model = Customer
        fields = ()


class DeletedResource(DealershipResource):
    """Not among the resources that are registered: a deleted customer has no page but that of its return."""

    model, filterset, form, exports = Customer, DeletedFilters, None, False
    name, path, icon, permission = "deleted-customers", "customers/deleted/", "trash", DELETE
    list_template = "crm/deleted.html"
    columns = (
        attribute("name", _("name"), sortable=True),
        Column("phone", _("phone"), lambda row: row.phone),
        Column("email", _("e-mail"), lambda row: row.email),
        attribute("deleted_at", _("deleted"), sortable=True),
        DEALERSHIP,
    )
    first_filters = ("search", "dealer")
    ordering = "-deleted_at"
    verbs = (Verb("restore", _("Restore"), DELETE, services.restore, RestoreForm, "rotate-clockwise"),)

    @property
    def label_plural(self) -> str:
        return str(_("deleted customers"))

    def rows(self, user: Any) -> QuerySet[Any]:
        rows: Any = Customer.everyone.visible_to(user, DELETE)
        found: QuerySet[Any] = rows.restorable().select_related("dealership")
        return found

    def listing(self, rows: QuerySet[Any], words: tuple[str, ...] = ()) -> QuerySet[Any]:
        return rows.prefetch_related("contact_points")

    def address_of(self, pk: Any) -> str:
        return reverse("deleted-customers-restore", args=[pk])

    @property
    def urls(self) -> list[URLPattern]:
        return [
            path(self.path, ListPage.as_view(resource=self), name=self.name),
            path(
                f"{self.path}<int:pk>/restore/",
                RestorePage.as_view(resource=self, verb=self.verbs[0]),
                name="deleted-customers-restore",
            ),
        ]


class RestorePage(VerbPage):
    """Brings a customer back, and leads to them."""

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        row = self.allowed(pk)
        outcome = done(self.resource, self.verb, row, request.user, None)
        tell(request, [outcome])
        return redirect(CUSTOMERS.address(row) if outcome[0] else self.resource.list_address)


DELETED = DeletedResource()
