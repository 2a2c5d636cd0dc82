"""Dealerships, users, memberships: what everything else has a foreign key to."""
