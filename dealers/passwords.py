"""What a password may be, beside Django's own rules."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import ngettext


class MaximumLengthValidator:
    """Refuses what nobody types: to hash megabytes is work that anyone could give us."""

    def __init__(self, max_length: int = 128) -> None:
        self.max_length = max_length

    def validate(self, password: str, user: Any = None) -> None:
        if len(password) > self.max_length:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        words = ngettext(
            "Your password has at most %(count)d character.",
            "Your password has at most %(count)d characters.",
            self.max_length,
        )
        return words % {"count": self.max_length}
