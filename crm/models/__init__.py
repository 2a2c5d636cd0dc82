"""Whom a dealership knows, and what is between them."""

from crm.models.appointment import Appointment
from crm.models.contact import DELETE, Address, Consent, ContactPoint, OfCustomer
from crm.models.customer import ERASED, Customer, CustomerWord
from crm.models.knowledge import Attribute, Note, Ownership
from crm.models.lead import Lead, Wish
from crm.models.merge import Erasure, Merge
from crm.models.rota import Absence, Turn

__all__ = [
    "DELETE",
    "ERASED",
    "Absence",
    "Address",
    "Appointment",
    "Attribute",
    "Consent",
    "ContactPoint",
    "Customer",
    "CustomerWord",
    "Erasure",
    "Lead",
    "Merge",
    "Note",
    "OfCustomer",
    "Ownership",
    "Turn",
    "Wish",
]
