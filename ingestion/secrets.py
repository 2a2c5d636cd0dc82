"""Credentials at rest: encrypted by the installation's keys, decrypted only where a call is signed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import models

DUMPED = "encrypted:"
"""What a ciphertext begins with in a dump, so that it is not taken for a plain text and encrypted again."""


class Secret:
    """A text that no log, repr, page or error shows; `reveal()` is the one way to it."""

    __slots__ = ("_ciphertext", "_label")

    def __init__(self, ciphertext: str, label: str) -> None:
        self._ciphertext = ciphertext
        self._label = label

    @classmethod
    def of(cls, plaintext: str, label: str) -> Secret:
        sealed = f"{label}\n{plaintext}".encode()
        return cls(keyring().encrypt(sealed).decode(), label)

    def reveal(self) -> str:
        """The plaintext. ImproperlyConfigured if FIELD_KEYS lacks the key, ValueError if it is another field's."""
        try:
            label, _, plaintext = keyring().decrypt(self._ciphertext.encode()).decode().partition("\n")
        except InvalidToken:
            raise ImproperlyConfigured(
                f"FIELD_KEYS has no key that opens {self._label}; restore the key it was stored with"
            ) from None
        if label != self._label:
            raise ValueError(f"the ciphertext of {label} stands in {self._label}")
        return plaintext

    def rotated(self) -> Secret:
        """The same secret under the first key."""
        return Secret.of(self.reveal(), self._label)

    @property
    def ciphertext(self) -> str:
        return self._ciphertext

    def __bool__(self) -> bool:
        return bool(self._ciphertext)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._ciphertext == self._ciphertext

    def __hash__(self) -> int:
        return hash(self._ciphertext)

    def __str__(self) -> str:
        return "********"

    __repr__ = __str__


def keyring() -> MultiFernet:
    """The installation's keys. Raises ImproperlyConfigured for one that is no Fernet key."""
    try:
        return MultiFernet([Fernet(key) for key in settings.FIELD_KEYS])
    except ValueError as error:
        raise ImproperlyConfigured(f"FIELD_KEYS: {error}") from None


if TYPE_CHECKING:
    SecretColumn = models.TextField["Secret | str", Secret]
else:
    SecretColumn = models.TextField


class EncryptedField(SecretColumn):
    """A `Secret`; a plain text assigned to it is encrypted when the row is saved."""

    @property
    def sealed_as(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Secret | None:
        return None if value is None else Secret(value, self.sealed_as)

    def get_prep_value(self, value: Any) -> str | None:
        if value is None or isinstance(value, Secret):
            return value.ciphertext if value is not None else None
        return Secret.of(str(value), self.sealed_as).ciphertext

    def to_python(self, value: Any) -> Any:
        """A dump's ciphertext is a secret again when it is loaded."""
        if isinstance(value, str) and value.startswith(DUMPED):
            return Secret(value.removeprefix(DUMPED), self.sealed_as)
        return value

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """The row keeps no plaintext once it is saved."""
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = Secret.of(value, self.sealed_as)
            setattr(model_instance, self.attname, value)
        return value

    def value_to_string(self, obj: models.Model) -> str:
        """Dumps carry the ciphertext."""
        return f"{DUMPED}{self.value_from_object(obj).ciphertext}"
