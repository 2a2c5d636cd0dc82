"""Inventory: vehicles, photos, products, stock."""
