"""Every colour of static/css/tokens.css can be read on what it stands on, in both themes (WCAG 1.4.3 and 1.4.11)."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parents[2] / "static" / "css"
TEXT, CONTROL = 4.5, 3.0
"""The least contrast of words, and of what shows where a control or a part of a chart is."""

SURFACES = ("bg", "surface", "surface-2")
WORDS = {
    "ink": (*SURFACES, "brand-soft", "ok-soft", "warn-soft", "bad-soft"),
    "ink-2": (*SURFACES, "brand-soft"),
    "brand": ("bg", "surface", "brand-soft"),
    "brand-ink": ("brand",),
    "ok": ("surface", "ok-soft"),
    "warn": ("surface", "warn-soft"),
    "bad": ("surface", "bad-soft"),
}
"""What is written in a colour's name, and on which grounds."""
EDGES = {"line-strong": ("bg", "surface"), "brand": SURFACES}
"""What encloses a field or shows the focus, and on which grounds."""
DECORATIVE = {"line"}
"""Colours that say nothing that is not said otherwise."""

PAIRS = [
    *((front, ground, TEXT) for front, grounds in WORDS.items() for ground in grounds),
    *((front, ground, CONTROL) for front, grounds in EDGES.items() for ground in grounds),
]
OF_ITS_OWN = {"tokens.css", "admin.css"}
"""Sheets that name colours: the admin is Django's, and its pages have none of the tokens."""
COLOUR = r"(#fff|#000|oklch\([^()]*\))"
TOKEN = re.compile(rf"--([\w-]+):\s*light-dark\(\s*{COLOUR}\s*,\s*{COLOUR}\s*\)\s*;")
NAMED = re.compile(r"#[0-9a-f]{3,8}\b(?![^;{}]*\{)|\b(?:rgba?|hsla?|hwb|lab|lch|oklab|oklch)\(", re.IGNORECASE)


def tokens() -> dict[str, tuple[str, str]]:
    """The colours by name, as they are in the light theme and in the dark."""
    return {name: (light, dark) for name, light, dark in TOKEN.findall((CSS / "tokens.css").read_text())}


def linear(colour: str) -> tuple[float, float, float]:
    """A colour as linear sRGB, clipped to what a screen shows."""
    if colour.startswith("#"):
        return (1.0, 1.0, 1.0) if colour == "#fff" else (0.0, 0.0, 0.0)
    lightness, chroma, hue = (float(part.rstrip("%")) for part in colour[len("oklch(") : -1].split())
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness / 100 + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness / 100 - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness / 100 - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short
    red, green, blue = (max(0.0, min(1.0, part)) for part in (red, green, blue))
    return red, green, blue


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_arithmetic_agrees_with_what_is_known() -> None:
    assert contrast("#fff", "#000") == pytest.approx(21)
    assert contrast("oklch(100% 0 0)", "#fff") == pytest.approx(1, abs=0.001)
    assert contrast("oklch(62.796% 0.25768 29.234)", "#fff") == pytest.approx(3.998, abs=0.01)  # pure red


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground", "least"), PAIRS)
def test_a_colour_can_be_read_on_what_it_stands_on(front: str, ground: str, least: float, theme: str) -> None:
    found = {name: pair[theme == "dark"] for name, pair in tokens().items()}
    assert contrast(found[front], found[ground]) >= least


def test_every_colour_is_held_to_something() -> None:
    held = {name for front, ground, _ in PAIRS for name in (front, ground)}
    assert set(tokens()) - held == DECORATIVE, "say in tests/config/test_contrast.py on what it stands"


def test_colours_are_named_in_the_tokens_alone() -> None:
    sheets = [each for each in sorted(CSS.glob("*.css")) if each.name not in OF_ITS_OWN]
    found = [
        f"{sheet.name}:{number}: {line.strip()}"
        for sheet in sheets
        for number, line in enumerate(sheet.read_text().splitlines(), 1)
        if NAMED.search(line)
    ]
    assert sheets
    assert found == []
