"""Customers in the admin."""

from crm.resources import CUSTOMERS
from dealers.admin_rows import register

register(CUSTOMERS, list_display=("name", "kind", "created_at", "dealership"), search_fields=("name",))
