"""Deals and what they are made of in the admin; a deal is looked at there, and worked on at its desk."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from dealers.admin_rows import RowAdmin, register
from sales.models import Deal
from sales.resources import CATALOGUE, REGISTRATIONS, TAX_RATES


@admin.register(Deal)
class DealAdmin(RowAdmin):
    list_display = ("number", "customer", "vehicle", "stage", "total", "created_at", "dealership")
    list_select_related = ("dealership", "customer", "vehicle")
    search_fields = ("number",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


register(TAX_RATES, search_fields=("name",))
register(CATALOGUE, search_fields=("name",))
register(
    REGISTRATIONS, list_display=("kind", "number", "deal", "requested_on", "dealership"), search_fields=("number",)
)
