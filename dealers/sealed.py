"""Sessions in the database, encrypted with FIELD_KEYS: SESSION_ENGINE.

What a session holds for a while is secret in part: the key of an authenticator app that is being set up, the token of a
password reset, the challenge of a passkey. Whoever reads the table, or a backup of it, reads none of it. A session of a
key that is no longer among FIELD_KEYS is an empty one: its person signs in again.
"""

from __future__ import annotations

from typing import Any

from cryptography.fernet import InvalidToken
from django.contrib.sessions.backends import db

from dealers.keys import keyring


class SessionStore(db.SessionStore):
    def encode(self, session_dict: dict[str, Any]) -> str:
        return keyring().encrypt(super().encode(session_dict).encode()).decode()

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        try:
            text = keyring().decrypt(session_data).decode()
        except InvalidToken:
            return {}
        found: dict[str, Any] = super().decode(text)
        return found
