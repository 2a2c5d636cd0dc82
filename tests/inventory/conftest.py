"""Photos to send, and where they are kept."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings
from PIL import Image


def jpeg(colour: str = "red", size: tuple[int, int] = (800, 600)) -> bytes:
    """A small photo; each colour is another one."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def photo_of() -> Callable[..., bytes]:
    return jpeg


@pytest.fixture
def photos_folder() -> Iterator[Path]:
    """The storage's folder, empty at first."""
    folder = Path(settings.STORAGES["photos"]["OPTIONS"]["location"])
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(folder)
    folder.mkdir()
