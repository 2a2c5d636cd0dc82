"""Forecourt's settings, and beside its addresses some that go wrong on purpose (tests/browser/broken.py)."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.browser.broken"
ACCOUNT_REAUTHENTICATION_TIMEOUT = 60 * 60 * 2
"""Pictures of all pages take longer than the five minutes for which a password just shown is enough."""
