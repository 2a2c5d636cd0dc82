"""Customers, leads, appointments and absences in the admin."""

from crm.lead_resources import ABSENCES, APPOINTMENTS, LEADS
from crm.resources import CUSTOMERS
from dealers.admin_rows import register

register(CUSTOMERS, list_display=("name", "kind", "created_at", "dealership"), search_fields=("name",))
register(
    LEADS,
    list_display=("name", "status", "temperature", "assigned_to", "next_step_at", "dealership"),
    list_select_related=("dealership", "assigned_to"),
    search_fields=("name", "phone", "email"),
    raw_id_fields=("assigned_to",),
)
register(
    APPOINTMENTS,
    list_display=("starts_at", "kind", "status", "lead", "salesperson", "vehicle", "dealership"),
    list_select_related=("dealership", "lead", "salesperson", "vehicle"),
    search_fields=("notes",),
    raw_id_fields=("salesperson",),
)
register(
    ABSENCES,
    list_display=("user", "since", "until", "reason", "dealership"),
    list_select_related=("dealership", "user"),
    raw_id_fields=("user",),
)
