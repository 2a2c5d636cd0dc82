"""Tries of one test do not count in the next."""

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def _patience():
    cache.clear()
