"""Contact sheets: a row for each page, all its looks side by side; and a page that shows them all."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from PIL import Image, ImageDraw

DESK_WIDTH, PHONE_WIDTH, HEIGHT, GAP, LINE = 640, 260, 560, 12, 22
"""Pixels on a sheet."""
ROWS = 5
PAPER, INK = "#d9dce1", "#1c2026"

Row = tuple[str, Sequence[Path]]
"""What a page is called, and its pictures."""


def thumbnail(picture: Path) -> Image.Image:
    """A picture as wide as its kind is on a sheet, and cut off below where it is longer than a row."""
    with Image.open(picture) as opened:
        wanted = DESK_WIDTH if opened.width > 800 else PHONE_WIDTH
        height = round(opened.height * wanted / opened.width)
        small = opened.convert("RGB").resize((wanted, height), Image.Resampling.LANCZOS)
        return small.crop((0, 0, wanted, min(height, HEIGHT)))


def write(rows: Sequence[Row], directory: Path) -> list[Path]:
    """The sheets, some pages on each."""
    sheets = []
    for number, start in enumerate(range(0, len(rows), ROWS), 1):
        sheet = directory / f"sheet-{number:02}.png"
        drawn(rows[start : start + ROWS]).save(sheet, optimize=True)
        sheets.append(sheet)
    return sheets


def drawn(rows: Sequence[Row]) -> Image.Image:
    images = [(name, [thumbnail(picture) for picture in pictures]) for name, pictures in rows]
    width = max(sum(each.width + GAP for each in found) for _, found in images) + GAP
    sheet = Image.new("RGB", (width, len(images) * (HEIGHT + LINE + GAP) + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, (name, found) in enumerate(images):
        left, top = GAP, GAP + number * (HEIGHT + LINE + GAP)
        draw.text((left, top), name, fill=INK, font_size=15)
        for image in found:
            sheet.paste(image, (left, top + LINE))
            left += image.width + GAP
    return sheet


def index(rows: Sequence[Row], sheets: Sequence[Path], figures: str, directory: Path) -> None:
    """index.html with every picture."""
    parts = [f"<p>{' '.join(link(sheet) for sheet in sheets)}</p><pre>{escape(figures)}</pre>"]
    for name, pictures in rows:
        shown = "".join(
            f'<a href="{each.name}"><img src="{each.name}" alt="{escape(each.stem)}" height="420" loading="lazy"></a> '
            for each in pictures
        )
        parts.append(f"<h2>{escape(name)}</h2>{shown}")
    head = '<!doctype html><html lang="en"><meta charset="utf-8"><title>Forecourt, every page</title>'
    (directory / "index.html").write_text(head + "\n".join(parts), encoding="utf-8")


def link(sheet: Path) -> str:
    return f'<a href="{sheet.name}">{sheet.stem}</a>'
