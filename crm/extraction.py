"""What a raw text tells of a lead: suggestions that a person confirms.

An extractor is a callable of a text and a dealership that gives suggestions, each with the place in the text it was
read from. `register` adds one, such as a language model's; `suggest` asks all of them and keeps the best of each field.
Nothing here stores anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import phonenumbers
from django.utils.translation import gettext_lazy as _

from dealers.models import Dealership
from inventory.identification import BadNumber, plate
from inventory.models import Vehicle

LONGEST = 10_000
"""Characters of a text."""
LABELS = {
    "name": _("name"),
    "phone": _("phone"),
    "email": _("e-mail"),
    "plate": _("plate"),
    "vehicles": _("vehicles in stock"),
    "wish": _("make and model wished for"),
    "budget": _("budget"),
}
FIELDS = tuple(LABELS)
SEVERAL = ("vehicles",)
"""Fields that take several values."""


@dataclass(frozen=True)
class Suggestion:
    """A value for a field of a lead, and where in the text it stands."""

    field: str
    value: Any
    """A text; for `vehicles` the id of one, for `budget` a Decimal."""
    confidence: float
    """From 0 to 1."""
    start: int
    end: int
    label: str = ""
    """In words, where the value is none."""

    @property
    def words(self) -> str:
        return self.label or str(self.value)

    @property
    def field_label(self) -> str:
        return str(LABELS[self.field])


Extractor = Callable[[str, Dealership], Iterable[Suggestion]]
EXTRACTORS: dict[str, Extractor] = {}
"""By name; asked in the order in which they were registered."""


def register(name: str, extractor: Extractor) -> None:
    """Raises ValueError for a name that is taken."""
    if name in EXTRACTORS:
        raise ValueError(f"two extractors are called {name}")
    EXTRACTORS[name] = extractor


@dataclass(frozen=True)
class Suggestions:
    """What was found in a text, the surest first."""

    text: str
    found: tuple[Suggestion, ...]

    def best(self) -> dict[str, list[Suggestion]]:
        """By field: the surest, or all of a field that takes several."""
        kept: dict[str, list[Suggestion]] = {}
        for each in self.found:
            if each.field not in kept or each.field in SEVERAL:
                kept.setdefault(each.field, []).append(each)
        return kept

    def initial(self) -> dict[str, Any]:
        """As a lead's form is filled; what has no field of its own stays in the notes, with the text."""
        best = self.best()
        values = {name: each[0].value for name, each in best.items() if name not in (*SEVERAL, "plate")}
        return values | {name: [each.value for each in best[name]] for name in SEVERAL if name in best}

    @property
    def pieces(self) -> list[tuple[str, Suggestion | None]]:
        """The text cut where suggestions stand, each piece with what was read there."""
        pieces: list[tuple[str, Suggestion | None]] = []
        at = 0
        for each in sorted(self.found, key=lambda found: (found.start, -found.end)):
            if each.start >= at:
                pieces += [(self.text[at : each.start], None), (self.text[each.start : each.end], each)]
                at = each.end
        return [piece for piece in [*pieces, (self.text[at:], None)] if piece[0]]


def suggest(text: str, dealership: Dealership) -> Suggestions:
    """What all extractors read in the first characters of a text; each value of a field once."""
    text = text[:LONGEST]
    best: dict[tuple[str, Any], Suggestion] = {}
    for extractor in EXTRACTORS.values():
        for each in extractor(text, dealership):
            key = each.field, each.value
            if key not in best or best[key].confidence < each.confidence:
                best[key] = each
    return Suggestions(text, tuple(sorted(best.values(), key=lambda each: (-each.confidence, each.start))))


# -- without a model of language

EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
PLATE = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{1,2}[ -]?[1-9][0-9]{0,3}[ -]?[A-Za-z]{1,3}(?![A-Za-z0-9])")
NAMED = re.compile(r"\b(?:nama|name|nombre|a\.?n\.?)\s*[:=]\s*([^\n,;]{2,100})", re.IGNORECASE)
ADDRESSED = re.compile(
    r"\b(?:Bapak|Bpk|Pak|Ibu|Bu|Mas|Mbak|Mr|Mrs|Ms|Sr|Sra)\.?\s+((?:[A-Z][\w'-]+)(?: [A-Z][\w'-]+){0,3})"
)
MILLIONS = re.compile(r"\b([0-9]{1,4}(?:[.,][0-9]{1,3})?)\s*(?:jt|juta)\b", re.IGNORECASE)


def plain(text: str, dealership: Dealership) -> Iterator[Suggestion]:
    """Telephone numbers, addresses, names, plates, budgets, and vehicles in stock that the text names."""
    taken: list[tuple[int, int]] = []
    for found in phonenumbers.PhoneNumberMatcher(text, dealership.country):
        number = phonenumbers.format_number(found.number, phonenumbers.PhoneNumberFormat.E164)
        taken.append((found.start, found.end))
        yield Suggestion("phone", number, 0.95, found.start, found.end)
    for match in EMAIL.finditer(text):
        yield Suggestion("email", match[0].rstrip(".").lower(), 0.95, *match.span())
    for pattern, sure in ((NAMED, 0.9), (ADDRESSED, 0.6)):
        for match in pattern.finditer(text):
            yield Suggestion("name", " ".join(match[1].split()), sure, *match.span(1))
    for match in MILLIONS.finditer(text):
        budget = (Decimal(match[1].replace(",", ".")) * 1_000_000).quantize(Decimal(1))
        yield Suggestion("budget", budget, 0.7, *match.span())
    plates = list(plates_in(text, dealership))
    yield from plates
    yield from stock(text, dealership, plates)


def plates_in(text: str, dealership: Dealership) -> Iterator[Suggestion]:
    if dealership.country != "ID":
        return
    for match in PLATE.finditer(text):
        try:
            number = plate(match[0])
        except BadNumber:
            continue
        sure = 0.9 if match[0].upper() == match[0] and len(number.split()) == 3 else 0.5
        yield Suggestion("plate", number, sure, *match.span())


def stock(text: str, dealership: Dealership, plates: list[Suggestion]) -> Iterator[Suggestion]:
    """Vehicles in stock by plate; a model that there is once is that vehicle, one of several is a wish in words."""
    rows = Vehicle.objects.filter(dealership=dealership).in_stock()
    by_plate = {each.value: each for each in plates}
    for vehicle in rows.filter(plate__in=by_plate):
        said = by_plate[vehicle.plate]
        yield Suggestion("vehicles", vehicle.pk, 0.95, said.start, said.end, vehicle.name)
    models = rows.exclude(model="").order_by("make", "model").values_list("make", "model").distinct()
    for make, model in models:
        match = re.search(rf"(?<!\w)(?:{re.escape(make)}\s+)?{re.escape(model)}(?!\w)", text, re.IGNORECASE)
        if match is None:
            continue
        sure = 0.9 if match[0].lower() != model.lower() else 0.8 if len(model) > 3 else 0.5
        yield Suggestion("wish", f"{make} {model}", sure, *match.span())
        [vehicle, *others] = rows.filter(make=make, model=model)[:2]
        if not others:
            yield Suggestion("vehicles", vehicle.pk, sure - 0.1, *match.span(), vehicle.name)


register("plain", plain)
