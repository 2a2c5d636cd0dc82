"""Pages of customers."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from config.backoffice.cells import Column, attribute
from config.backoffice.resources import register
from crm.filters import CustomerFilters
from crm.forms import CustomerForm
from crm.models import Customer
from dealers.resources import DEALERSHIP, DealershipResource


class CustomerResource(DealershipResource):
    """Whom a dealership knows."""

    model, form, filterset = Customer, CustomerForm, CustomerFilters
    name, path, icon, permission = "customers", "customers/", "users", "crm.customer:view"
    columns = (
        attribute("name", _("name"), sortable=True),
        Column("kind", _("kind"), lambda row: row.get_kind_display()),
        attribute("created_at", _("created"), sortable=True),
        DEALERSHIP,
    )
    first_filters = ("kind",)

    def rows(self, user: Any) -> QuerySet[Any]:
        return super().rows(user).select_related("dealership")


CUSTOMERS = register(CustomerResource())
