"""What was logged, as the objects that its lines are."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from config.logs import Lines


@contextmanager
def logged() -> Iterator[list[dict[str, Any]]]:
    """The list is filled at the end of the block."""
    stream, found = io.StringIO(), list[dict[str, Any]]()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(Lines())
    logging.getLogger().addHandler(handler)
    try:
        yield found
    finally:
        logging.getLogger().removeHandler(handler)
        found += [json.loads(line) for line in stream.getvalue().splitlines()]
