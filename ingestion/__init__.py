"""DGI: the manufacturer's feeds, from the gateway to typed, audited rows."""
