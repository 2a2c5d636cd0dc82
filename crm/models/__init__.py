"""Whom a dealership knows, and what is between them."""

from crm.models.customer import Customer

__all__ = ["Customer"]
