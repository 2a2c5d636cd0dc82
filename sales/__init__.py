"""Sales: deals, trade-ins, finance, documents, counter sales."""
