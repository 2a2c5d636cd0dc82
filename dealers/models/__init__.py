"""Dealerships and their people, what they may do and did, and what is switched on for them."""

from dealers.models.audit import Event
from dealers.models.dealership import (
    Dealership,
    DealershipQuerySet,
    DealershipRows,
    Group,
    Holiday,
    OpeningHours,
    validate_time_zone,
)
from dealers.models.export import Export, ExportPart
from dealers.models.flag import Flag
from dealers.models.logo import Logo
from dealers.models.one_time_key import OneTimeKey
from dealers.models.people import Invitation, Membership, User
from dealers.models.saved_view import ListPreference, SavedView
from dealers.models.series import Series
from dealers.models.service_token import ServiceToken

__all__ = [
    "Dealership",
    "DealershipQuerySet",
    "DealershipRows",
    "Event",
    "Export",
    "ExportPart",
    "Flag",
    "Group",
    "Holiday",
    "Invitation",
    "ListPreference",
    "Logo",
    "Membership",
    "OneTimeKey",
    "OpeningHours",
    "SavedView",
    "Series",
    "ServiceToken",
    "User",
    "validate_time_zone",
]
