"""CRM: customers, leads, notes, consent, messages."""
