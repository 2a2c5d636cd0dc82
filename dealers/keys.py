"""The keys that encrypt what is stored: the first of FIELD_KEYS encrypts, all of them decrypt."""

from __future__ import annotations

from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


def keyring() -> MultiFernet:
    return made(tuple(settings.FIELD_KEYS))


@lru_cache(maxsize=4)
def made(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])
