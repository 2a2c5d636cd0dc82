"""Logos of dealerships: what may be sent as one, and what is made of it.

Nothing of what somebody sent is kept or shown: the picture is read, made small and written anew as a PNG, so that what
else stands in the file (places, names, programs, a second file behind the first) is gone with it.
"""

from __future__ import annotations

import hashlib
import io
import struct
import warnings
from dataclasses import asdict, dataclass
from typing import IO

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from PIL import Image, ImageOps

from dealers import audit
from dealers.models import Dealership, Logo

FORMATS = ("PNG", "JPEG", "WEBP")
MOST_BYTES = 2 * 1024 * 1024
"""Of a file that is sent."""
MOST_PIXELS = 4096 * 4096
"""Of a picture that is sent: some 64 MB when it is unpacked."""
LONGEST_SIDE = 512
"""Pixels of what is kept."""

Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)  # of twice as many pixels Pillow makes an error itself
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)
BROKEN = (OSError, SyntaxError, ValueError, EOFError, struct.error, OverflowError)
"""What Pillow raises for a file that is damaged or made to be."""


@dataclass(frozen=True)
class Picture:
    """A logo as it is kept."""

    png: bytes
    width: int
    height: int


def read(file: IO[bytes]) -> Picture:
    """A PNG of our own, of what somebody sent. Raises ValidationError with words for whoever sent it."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValidationError(_("The file is too large: send at most 2 MB."), code="too_large")
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        words = _("An SVG may hold programs, and is not taken: send the logo as a PNG, JPEG or WebP.")
        raise ValidationError(words, code="svg")
    try:
        with Image.open(io.BytesIO(content), formats=FORMATS) as found:
            if found.width * found.height > MOST_PIXELS:
                raise Image.DecompressionBombError
            return made_anew(found)
    except BOMBS:
        words = _("The picture has too many pixels: send at most 4096 × 4096.")
        raise ValidationError(words, code="too_many_pixels") from None
    except BROKEN:
        words = _("The file is no picture that can be read: send a PNG, JPEG or WebP.")
        raise ValidationError(words, code="unreadable") from None


def made_anew(found: Image.Image) -> Picture:
    """Upright, in RGB with what shines through, at most LONGEST_SIDE wide and high, and without anything else."""
    found.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is unpacked no larger than it has to be
    picture = ImageOps.exif_transpose(found).convert("RGBA")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    bare = Image.new("RGBA", picture.size)
    bare.paste(picture)
    out = io.BytesIO()
    bare.save(out, "PNG", optimize=True)
    return Picture(out.getvalue(), bare.width, bare.height)


def store(dealership: Dealership, picture: Picture) -> Logo:
    """Make it the dealership's logo."""
    columns = {
        **asdict(picture),
        "sha256": hashlib.sha256(picture.png).hexdigest(),
        "stored_at": timezone.now(),
    }
    logo, _made = Logo.objects.update_or_create(dealership=dealership, defaults=columns)
    audit.record("logo.changed", dealership, changes={"width": picture.width, "height": picture.height})
    return logo


def remove(dealership: Dealership) -> None:
    """Leave the dealership without one."""
    if Logo.objects.filter(dealership=dealership).delete()[0]:
        audit.record("logo.deleted", dealership)
