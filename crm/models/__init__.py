"""Whom a dealership knows, and what is between them."""

from crm.models.appointment import Appointment
from crm.models.customer import Customer
from crm.models.lead import Lead, Wish
from crm.models.rota import Absence, Turn

__all__ = ["Absence", "Appointment", "Customer", "Lead", "Turn", "Wish"]
