"""Whom a dealership knows, and what is between them."""

from crm.models.contact import DELETE, Address, Consent, ContactPoint, OfCustomer
from crm.models.customer import ERASED, Customer, CustomerWord
from crm.models.knowledge import Attribute, Note, Ownership
from crm.models.merge import Erasure, Merge

__all__ = [
    "DELETE",
    "ERASED",
    "Address",
    "Attribute",
    "Consent",
    "ContactPoint",
    "Customer",
    "CustomerWord",
    "Erasure",
    "Merge",
    "Note",
    "OfCustomer",
    "Ownership",
]
