"""Deals: what is offered to whom, for how much, and what is signed, delivered and registered."""

from sales.models.catalogue import CatalogueItem, TaxRate
from sales.models.deal import Contract, Deal, Deposit, Reservation
from sales.models.file import DealFile
from sales.models.papers import Document, OfferLink, Registration
from sales.models.scenario import Item, Scenario, TradeIn

__all__ = [
    "CatalogueItem",
    "Contract",
    "Deal",
    "DealFile",
    "Deposit",
    "Document",
    "Item",
    "OfferLink",
    "Registration",
    "Reservation",
    "Scenario",
    "TaxRate",
    "TradeIn",
]
