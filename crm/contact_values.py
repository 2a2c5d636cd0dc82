"""Numbers, e-mails and identity numbers as they are kept, so that two spellings of one are the same."""

from __future__ import annotations

import re

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext as _

SHOWN = 4
"""Last characters of an identity number that everybody sees, if it is at least twice as long."""
SHORTEST, FILLING = 8, 2
"""Characters of an identity number at least; different ones of what fills a form instead, such as 1111111111111111."""


def phone(text: str, country: str) -> str:
    """In E.164; without a country code it is one of `country`. Raises ValidationError in words."""
    try:
        number = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        example = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
        raise ValidationError(
            _("“%(value)s” is no telephone number. Write it such as %(example)s, or with + and the country's code.")
            % {"value": text.strip(), "example": national(example) if example else "+62 812 345 678"}
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def national(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)


def phone_prefix(text: str, country: str) -> str:
    """The digits that a number of `country` begins with in E.164, of the beginning that somebody typed; no plus."""
    digits = re.sub(r"[\s().\-/]", "", text)
    if digits.startswith("+"):
        return digits[1:]
    if digits.startswith("00"):
        return digits[2:]
    code = str(phonenumbers.country_code_for_region(country) or "")
    return f"{code}{digits[1:]}" if digits.startswith("0") else digits


def email(text: str) -> str:
    """In small letters. Raises ValidationError in words."""
    found = text.strip().lower()
    validate_email(found)
    return found


def identity_number(text: str) -> str:
    """Letters and digits alone, in capitals."""
    return "".join(letter for letter in text.upper() if letter.isalnum())


def tells_somebody(number: str) -> bool:
    """Whether an identity number, as it is kept, can be one person's: neither half typed nor made up to fill a form."""
    return len(number) >= SHORTEST and len(set(number)) > FILLING


def ending(number: str) -> str:
    """What everybody sees of an identity number."""
    return number[-SHOWN:] if len(number) >= 2 * SHOWN else ""


def compact(text: str) -> str:
    """A plate or a frame number as it is searched: small letters and digits alone."""
    return "".join(letter for letter in text.lower() if letter.isalnum())
