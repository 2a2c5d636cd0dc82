"""Deals and what they are made of in the admin; a deal is looked at there, and worked on at its desk."""

from django.contrib import admin

from dealers.admin_rows import LookedAtAdmin, register
from sales.models import Deal
from sales.resources import CATALOGUE, REGISTRATIONS, TAX_RATES


@admin.register(Deal)
class DealAdmin(LookedAtAdmin):
    list_display = ("number", "customer", "vehicle", "stage", "total", "created_at", "dealership")
    list_select_related = ("dealership", "customer", "vehicle")
    search_fields = ("number",)


register(TAX_RATES, search_fields=("name",))
register(CATALOGUE, search_fields=("name",))
register(
    REGISTRATIONS, list_display=("kind", "number", "deal", "requested_on", "dealership"), search_fields=("number",)
)
