"""The roles that a person can have in a dealership; what each may do stands in `permissions.md` beside this file."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("dealer admin")
    SALES_MANAGER = "sales_manager", _("sales manager")
    SALESPERSON = "salesperson", _("salesperson")
    SERVICE_MANAGER = "service_manager", _("service manager")
    SERVICE_ADVISOR = "service_advisor", _("service advisor")
    TECHNICIAN = "technician", _("technician")
    INVENTORY_MANAGER = "inventory_manager", _("inventory manager")
    PARTS_CLERK = "parts_clerk", _("parts clerk")
    ACCOUNTANT = "accountant", _("accountant")
    CUSTOMER_SERVICE = "customer_service", _("customer service")
    VIEWER = "viewer", _("viewer")
