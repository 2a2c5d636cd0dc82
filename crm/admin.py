"""Customers, leads, appointments and absences in the admin."""

from typing import Any

from crm.lead_resources import ABSENCES, APPOINTMENTS, LEADS
from crm.resources import CUSTOMERS
from crm.resources_parts import ADDRESSES, ATTRIBUTES, CONSENTS, CONTACT_POINTS, MERGES, NOTES, OWNERSHIPS
from dealers.admin_rows import LookedAtAdmin, register

NOBODY_DELETES: dict[str, Any] = {"has_delete_permission": lambda self, request, obj=None: False}

register(
    CUSTOMERS,
    list_display=("name", "kind", "created_at", "dealership"),
    search_fields=("name", "contact_points__value"),
    exclude=("identity_sealed", "identity_hash"),
    **NOBODY_DELETES,
)
register(CONTACT_POINTS, list_display=("value", "kind", "customer", "dealership"), search_fields=("value",))
register(ADDRESSES, list_display=("street", "city", "customer", "dealership"), search_fields=("street",))
register(NOTES, list_display=("at", "kind", "customer", "dealership"), search_fields=("text",))
register(ATTRIBUTES, list_display=("key", "value", "customer", "dealership"), search_fields=("key", "value"))
register(
    OWNERSHIPS,
    list_display=("vehicle", "plate", "customer", "dealership"),
    list_select_related=("dealership", "vehicle", "customer"),
    search_fields=("plate",),
)
register(CONSENTS, LookedAtAdmin, list_display=("at", "channel", "purpose", "is_given", "customer", "dealership"))
register(
    MERGES,
    LookedAtAdmin,
    list_display=("at", "winner", "loser", "who", "undone_at", "dealership"),
    list_select_related=("dealership", "winner", "loser"),
)
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
