"""The numbers of a vehicle: VIN or frame number, engine number, plate. What each may be, and what a VIN says by itself.

Everything here is offline and knows no database. What is refused is refused with the value, with what is wrong with it
and with what to do: these numbers are copied by hand from metal and paper.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from vininfo.dicts import COUNTRIES, REGIONS, WMI  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

VIN_LENGTH = 17
FRAME_LENGTH = 14
"""Of a frame number as Indonesian registers and feeds write it: a VIN without the maker's three characters."""
CHECK_POSITION = 9

NORTH_AMERICA = "12345"
"""First characters of VINs whose check digit is always right (49 CFR 565, Canada's and Mexico's rules).

China (L) has the rule too, GB 16735, but for its own roads: what it exports follows the rule of where it goes, and most
countries have none. There the digit would refuse numbers that stand on the vehicle just so.
"""
WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
VALUES = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "012345678912345678123457923456789"), strict=True))
READ_AS = {"I": "1", "O": "0", "Q": "0"}
"""What somebody meant who read a letter that no VIN has."""

YEARS = "ABCDEFGHJKLMNPRSTVWXY123456789"
"""What stands for 1980 to 2009, and again for 2010 to 2039."""
FIRST_YEAR, CYCLE = 1980, 30
ANY_POSITION_7 = frozenset(
    [
        "1HD",
        "5HD",
        "1HF",
        "3H1",
        "5VP",
        "56K",
        "57V",
        "1FU",
        "1FV",
        "3AK",
        "3AL",
        "1XK",
        "2XK",
        "1XP",
        "1NP",
        "1M1",
        "1M2",
        "4V4",
        "1HT",
        "3HA",
        "1HS",
        "3HS",
        "4DR",
        "1M8",
    ]
)
"""North American makers of motorcycles, heavy lorries and buses: there position 7 says nothing about the year."""
YEAR_IN_EUROPE = frozenset(
    ["WVW", "WV1", "WV2", "WAU", "WUA", "WP0", "WP1", "TMB", "VSS", "TRU", "ZDM", "ZD4", "ZAP", "VBK", "SMT", "VTM"]
)
"""European makers that say the year wherever they sell; of others position 10 is often a works or a steering wheel."""

VAGUE = frozenset(["1H", "1M", "2H", "2M", "3H", "4M", "5X"])
"""First two characters by which vininfo names one maker though several have them."""

LONGEST_SHOWN = 40
"""Characters of a refused value that are repeated."""


class BadNumber(ValueError):
    """A number that no vehicle has. Its words are translated when they are shown."""

    def __init__(self, words: _StrPromise, value: str, **told: object) -> None:
        shown = value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…"
        super().__init__(words, shown)
        self.words, self.told = words, {"value": shown, **told}

    def __str__(self) -> str:
        return str(self.words) % self.told


@dataclass(frozen=True)
class Decoded:
    """What a VIN says of its vehicle; blank or None where it does not say, or we do not know."""

    make: str
    manufacturer: str
    country: str
    region: str
    year: int | None
    """Of the model."""


def normalise(text: str) -> str:
    """In capitals, without spaces, dashes and what cannot be seen."""
    return "".join(character for character in text.upper() if not is_between(character))


def is_between(character: str) -> bool:
    """Spaces, dashes, and invisible characters that are copied along."""
    return is_dash(character) or unicodedata.category(character) in {"Zs", "Zl", "Zp", "Cc", "Cf"}


def is_dash(character: str) -> bool:
    """Of any length, and the minus sign."""
    return character == "−" or unicodedata.category(character) == "Pd"


# -- VIN and frame number


def check_vin(text: str, *, check_digit: bool) -> str:
    """The number as it is stored: a VIN, or a frame number of 14 characters. Raises BadNumber.

    With `check_digit` that of a North American VIN has to be right. A vehicle that was built there for another
    continent may have a different character in its place: whoever has compared it asks again without.
    """
    number = normalise(text)
    if not number:
        raise BadNumber(_("There is no VIN: copy all 17 characters from the frame or the registration."), text)
    check_characters(number)
    if len(number) == FRAME_LENGTH:
        return number
    if len(number) != VIN_LENGTH:
        words = _(
            "“%(value)s” has %(length)d characters: a VIN has 17, a frame number without the maker's code 14. Compare "
            "it with the frame or the registration."
        )
        raise BadNumber(words, number, length=len(number))
    check_letters(number)
    if check_digit and number[0] in NORTH_AMERICA:
        check_sum(number)
    return number


def check_characters(number: str) -> None:
    for position, character in enumerate(number, 1):
        if not (character.isascii() and character.isalnum()):
            words = _(
                "“%(value)s” has “%(character)s” at position %(position)d: a VIN has only the letters A to Z and "
                "digits. Compare that character with the frame or the registration."
            )
            raise BadNumber(words, number, character=character, position=position)


def check_letters(vin: str) -> None:
    for position, character in enumerate(vin, 1):
        if character in READ_AS:
            words = _(
                "“%(value)s” has the letter %(character)s at position %(position)d, which no VIN has: is it the digit "
                "%(digit)s? Compare it with the frame or the registration."
            )
            raise BadNumber(words, vin, character=character, position=position, digit=READ_AS[character])


def check_sum(vin: str) -> None:
    expected, found = expected_check_digit(vin), vin[CHECK_POSITION - 1]
    if found != expected:
        words = _(
            "“%(value)s” has %(found)s at position 9, its check digit, where the other characters give %(expected)s: "
            "at least one of the 17 is misread. Compare all of them with the frame or the registration."
        )
        raise BadNumber(words, vin, found=found, expected=expected)


def expected_check_digit(vin: str) -> str:
    """What position 9 is where there is a rule for it; what stands there now does not count."""
    total = sum(VALUES[character] * weight for character, weight in zip(vin, WEIGHTS, strict=True))
    return "0123456789X"[total % 11]


# -- what a VIN says


def decode(vin: str, *, this_year: int | None = None) -> Decoded:
    """What a VIN says by itself, as a proposal. Raises BadNumber; of a 14-character frame number nothing is known."""
    number = check_vin(vin, check_digit=False)
    if len(number) != VIN_LENGTH:
        return Decoded("", "", "", "", None)
    make, manufacturer = maker(number)
    country = COUNTRIES.get(number[:2], "")
    region = next((name for letters, name in REGIONS.items() if number[0] in letters), "")
    return Decoded(make, manufacturer, country, region, model_year(number, this_year or timezone.localdate().year))


def maker(vin: str) -> tuple[str, str]:
    """Make and manufacturer by the first three characters: by our own table, else by vininfo's."""
    code = vin[:3]
    if code in MAKERS:
        return MAKERS[code]
    known = WMI.get(code) or (WMI.get(code[:2]) if code[:2] not in VAGUE else None)
    name = known if isinstance(known, str) else str(getattr(known, "manufacturer", ""))
    return name, name


def spellings(vin: str, make: str) -> set[str]:
    """How the number of a vehicle of `make` may be written: with the maker's code and, as a frame number, without."""
    if len(vin) == VIN_LENGTH and maker(vin)[0] == make:
        return {vin, vin[-FRAME_LENGTH:]}
    if len(vin) == FRAME_LENGTH:
        return {vin, *(code + vin for code, (brand, _works) in MAKERS.items() if brand == make)}
    return {vin}


def model_year(vin: str, this_year: int) -> int | None:
    """The year of the model by position 10, at most one ahead of this one; None where the VIN does not say."""
    if vin[9] not in YEARS or not says_year(vin):
        return None
    first = FIRST_YEAR + YEARS.index(vin[9])
    years = list(range(first, this_year + 2, CYCLE))
    if vin[0] in NORTH_AMERICA and vin[:3] not in ANY_POSITION_7:
        # 49 CFR 565.15: of cars and light lorries position 7 is a letter from 2010 on, and was a digit before
        years = [year for year in years if (year >= FIRST_YEAR + CYCLE) == vin[6].isalpha()] or years
    return years[-1] if years else None


def says_year(vin: str) -> bool:
    """Whether position 10 is the year: in Europe only of some makers, and of what was built for North America."""
    in_europe = vin[0] in "STUVWXYZ"
    return not in_europe or vin[:3] in YEAR_IN_EUROPE or vin[CHECK_POSITION - 1] == expected_check_digit(vin)


MAKERS = {
    # Indonesia
    "MF3": ("Hyundai", "Hyundai Motor Manufacturing Indonesia"),
    "MH1": ("Honda", "Astra Honda Motor"),
    "MH3": ("Yamaha", "Yamaha Indonesia Motor Manufacturing"),
    "MH4": ("Kawasaki", "Kawasaki Motor Indonesia"),
    "MH8": ("Suzuki", "Suzuki Indomobil Motor"),
    "MHF": ("Toyota", "Toyota Motor Manufacturing Indonesia"),
    "MHK": ("Daihatsu", "Astra Daihatsu Motor"),  # also the Toyotas that it builds
    "MHL": ("Mercedes-Benz", "Mercedes-Benz Indonesia"),
    "MHR": ("Honda", "Honda Prospect Motor"),
    "MHY": ("Suzuki", "Suzuki Indomobil Motor"),
    "MK2": ("Mitsubishi", "Mitsubishi Motors Krama Yudha Indonesia"),
    "MK3": ("Wuling", "SGMW Motor Indonesia"),
    # Motorcycles of the neighbours, which vininfo does not have
    "LBP": ("Yamaha", "Chongqing Jianshe Yamaha"),
    "MBL": ("Hero", "Hero MotoCorp"),
    "ME1": ("Yamaha", "India Yamaha Motor"),
    "ME4": ("Honda", "Honda Motorcycle and Scooter India"),
    "MLE": ("Yamaha", "Thai Yamaha Motor"),
    "MLH": ("Honda", "Thai Honda"),
    "RLH": ("Honda", "Honda Vietnam"),
    "VTM": ("Honda", "Montesa Honda"),
    "JH2": ("Honda", "Honda Motor"),
    # Where vininfo has another
    "1HG": ("Honda", "Honda of America Manufacturing"),
    "2HG": ("Honda", "Honda of Canada Manufacturing"),
    "2HK": ("Honda", "Honda of Canada Manufacturing"),
    "3HG": ("Honda", "Honda de Mexico"),
    "1M8": ("MCI", "Motor Coach Industries"),
    "KMH": ("Hyundai", "Hyundai Motor"),
    "WDD": ("Mercedes-Benz", "Mercedes-Benz"),
}
"""By a VIN's first three characters: the make on the tank, and who built it."""


# -- engine number and plate

ENGINE = re.compile(r"[A-Z0-9](?:[A-Z0-9-]*[A-Z0-9])?")
INDONESIAN_PLATE = re.compile(r"([A-Z]{1,2})([1-9][0-9]{0,3})([A-Z]{0,3})")


def engine_number(text: str) -> str:
    """The number as it is stored: capitals, without spaces, with its dashes. Raises BadNumber."""
    number = "-".join(filter(None, (normalise(part) for part in split_at_dashes(text))))
    if not (5 <= len(number) <= 20 and ENGINE.fullmatch(number) and re.search(r"[0-9]", number)):
        words = _(
            "“%(value)s” is no engine number: it has 5 to 20 letters, digits and dashes, and at least one digit. "
            "Compare it with the engine or the registration."
        )
        raise BadNumber(words, text.strip())
    return number


def split_at_dashes(text: str) -> list[str]:
    """What stands between dashes of any length."""
    return "".join("-" if is_dash(character) else character for character in text).split("-")


def plate(text: str, *, country: str = "ID") -> str:
    """The plate as it is stored; `country` is where it was issued, in two letters. Raises BadNumber."""
    return indonesian_plate(text) if country.upper() == "ID" else foreign_plate(text)


def indonesian_plate(text: str) -> str:
    """As it is written on the plate: area, number, series. Raises BadNumber."""
    found = INDONESIAN_PLATE.fullmatch(normalise(text))
    if found is None:
        words = _(
            "“%(value)s” is no Indonesian plate: it has one or two letters, a number of up to four digits and up to "
            "three letters, as in B 1234 XYZ. Write it so, or choose the country that issued it."
        )
        raise BadNumber(words, text.strip())
    return " ".join(filter(None, found.groups()))


def foreign_plate(text: str) -> str:
    """In capitals, with single spaces and plain dashes: letters of any script. Raises BadNumber."""
    written = " ".join("-".join(split_at_dashes(text.upper())).split())
    bare = written.replace(" ", "").replace("-", "")
    if not (len(written) <= 12 and len(bare) >= 2 and bare.isalnum()):
        words = _(
            "“%(value)s” is no plate: it has 2 to 12 letters, digits, spaces and dashes. Write it as it stands on the "
            "vehicle."
        )
        raise BadNumber(words, text.strip())
    return written
