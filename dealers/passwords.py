"""What a password may be, beside Django's own rules."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from dealers.tenancy import Scope, acting


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


OWN_WORDS = (
    *("forecourt", "backoffice", "dealership", "dealer", "motor", "mobil", "otomotif", "bengkel", "showroom"),
    *("admin", "administrator", "manager", "service", "sales", "kantor", "rahasia", "sandi", "welcome", "selamat"),
)
"""Words of this house and its trade: first guesses of whoever knows where a person works. So are the names and codes of
the person's dealerships."""
LEFT = 8
"""Letters that a password has beside such words."""
WORD = re.compile(r"[^\W\d_]{4,}")
REPEATED = re.compile(r"(.{3,}?)\1+")


class OwnWordsValidator:
    """Refuses what is little more than words of the house, or a common password made longer."""

    def validate(self, password: str, user: Any = None) -> None:
        text = password.casefold()
        if is_common(text):
            raise ValidationError(_("This is a common password with something added to it."), code="password_common")
        left = text
        for word in sorted({*OWN_WORDS, *words_of(user)}, key=len, reverse=True):
            left = left.replace(word, " ")
        if left != text and sum(letter.isalpha() for letter in left) < LEFT:
            raise ValidationError(self.get_help_text(), code="password_of_own_words")

    def get_help_text(self) -> str:
        return _("Your password is more than names of your dealership and words of your trade.")


def is_common(text: str) -> bool:
    """Whether a common password is all there is, once digits and signs around it and repetitions are gone."""
    core = text.strip("".join(letter for letter in set(text) if not letter.isalpha()))
    if repeated := REPEATED.fullmatch(core):
        core = repeated[1]
    return core in common()


@cache
def common() -> frozenset[str]:
    """Django's list."""
    return frozenset(CommonPasswordValidator().passwords)


def words_of(user: Any) -> set[str]:
    """Words in the names of the dealerships that a person belongs to or is invited to, and their codes."""
    from dealers.models import Dealership

    found: list[Any] = [getattr(user, "invited_to", None)] if user is not None else []
    if getattr(user, "pk", None):
        with acting(Scope(user_id=user.pk)):
            found += Dealership.objects.filter(memberships__user=user.pk)
    names = [f"{each.name} {each.legal_name} {each.city}" for each in found if each]
    codes = {each.code.casefold() for each in found if each and len(each.code) > 3}
    return {word for name in names for word in WORD.findall(name.casefold())} | codes
