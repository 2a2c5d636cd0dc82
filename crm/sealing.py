"""What is kept of numbers that tell who somebody is: encrypted to be read, and as a keyed hash to be found by.

Both use FIELD_KEYS: the first seals and hashes, all of them open and are looked for. A hash is worth nothing to whoever
reads the table without the keys. `rotate` moves identity numbers to the first key; what somebody consented to keeps the
hash that it was written with, so a key must stay among FIELD_KEYS for as long as such evidence is to be found.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.fernet import InvalidToken
from django.conf import settings

from dealers.keys import keyring


def seal(text: str) -> str:
    return keyring().encrypt(text.encode()).decode() if text else ""


def opened(sealed: str) -> str:
    """What was sealed; blank if no key of today opens it."""
    try:
        return keyring().decrypt(sealed).decode() if sealed else ""
    except InvalidToken:
        return ""


def hashes(purpose: str, text: str) -> list[str]:
    """By each key, the first of them first: any of these may be what is stored."""
    said = f"crm.{purpose}\0{text}".encode()
    return [hmac.new(key.encode(), said, hashlib.sha256).hexdigest() for key in settings.FIELD_KEYS]


def hashed(purpose: str, text: str) -> str:
    """As it is stored; blank of nothing."""
    return hashes(purpose, text)[0] if text else ""
