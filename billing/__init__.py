"""Billing: invoices, payments, customer accounts, cash closing."""
