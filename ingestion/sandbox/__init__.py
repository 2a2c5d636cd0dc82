"""A DGI gateway for demos and tests: its own process, deterministic, without Django and without a database."""
