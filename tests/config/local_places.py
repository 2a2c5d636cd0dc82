"""Directories for tests of the launcher."""

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def open_directory() -> Iterator[Path]:
    """A temporary directory that an unprivileged account can walk into, which pytest's own is not for root's."""
    directory = Path(tempfile.mkdtemp(prefix="forecourt-"))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)
