"""Photos that nobody took: motorcycles drawn for the demo, so that its pages look as they will."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageDraw

SIZE = (1280, 960)
SKIES = (("#dfe9f2", "#f7f4ec"), ("#cfd8e3", "#eef1f4"), ("#f3e6d8", "#faf6f0"), ("#d7e5dc", "#f2f6f1"))


def motorcycle(colour: str, seed: int) -> bytes:
    """A motorcycle of a colour before a wall, as a JPEG; the same for the same seed."""
    chance = random.Random(seed)
    picture = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(picture)
    wall, floor = chance.choice(SKIES)
    horizon = chance.randint(600, 700)
    draw.rectangle((0, 0, SIZE[0], horizon), fill=wall)
    draw.rectangle((0, horizon, *SIZE), fill=floor)
    left, ground, wheel = chance.randint(280, 330), chance.randint(760, 800), 130
    rear, front = left, left + 640
    axle = ground - wheel
    draw.ellipse((rear - 220, ground - 18, front + 220, ground + 26), fill="#b9b9b4")
    for x in (rear, front):
        draw.ellipse((x - wheel, axle - wheel, x + wheel, axle + wheel), fill="#22252a")
        draw.ellipse((x - 84, axle - 84, x + 84, axle + 84), fill="#c9ced4")
        draw.ellipse((x - 22, axle - 22, x + 22, axle + 22), fill="#54595f")
    draw.line((front, axle, front - 110, axle - 330), fill="#6d737a", width=26)
    draw.line((front - 150, axle - 350, front - 40, axle - 380), fill="#2b2f34", width=22)
    draw.polygon(
        [(rear - 40, axle - 190), (rear + 170, axle - 250), (rear + 330, axle - 60), (rear + 90, axle - 40)],
        fill=colour,
    )
    draw.polygon(
        [(front - 190, axle - 20), (front - 230, axle - 250), (front - 90, axle - 330), (front - 40, axle - 160)],
        fill=colour,
    )
    draw.polygon(
        [(rear + 90, axle - 20), (front - 190, axle - 20), (front - 240, axle - 110), (rear + 200, axle - 110)],
        fill="#3a3f45",
    )
    draw.polygon(
        [(rear - 80, axle - 220), (rear + 260, axle - 270), (rear + 250, axle - 220), (rear - 40, axle - 180)],
        fill="#1c1e21",
    )
    draw.ellipse((front - 110, axle - 330, front - 40, axle - 260), fill="#f4f1da", outline="#555", width=4)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()
