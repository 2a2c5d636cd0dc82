"""Forecourt's settings, and beside its addresses some that go wrong on purpose (tests/browser/broken.py)."""

from config.settings import *  # noqa: F403

ROOT_URLCONF = "tests.browser.broken"
