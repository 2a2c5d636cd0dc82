"""A defect of ours for the length of a test: work orders whose owner is named so cannot be read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from ingestion.documents import shape
from ingestion.values import Unreadable
from tests.ingestion.roads import DEALER, PKB, WIB, Data

UNLUCKY = "O'Neil"


@contextmanager
def before_the_fix() -> Iterator[None]:
    """Within it the reader of the owner's name stumbles over an apostrophe; its entries' field is namaPemilik."""
    reader = shape(PKB, WIB).header
    place = reader.position["namapemilik"]

    def stumbles(value: Any) -> str | None:
        if "'" in str(value):
            raise Unreadable(f"{value!r} is no name")
        return reads(value)

    reads = reader.readers[place]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "readers", [*reader.readers[:place], stumbles, *reader.readers[place + 1 :]])
        patch.setattr(reader, "plans", {})
        yield


def order(number: object, **fields: Any) -> Data:
    """A work order that is read once the defect is mended."""
    return {"noWorkOrder": str(number), "dealerId": DEALER, "namaPemilik": UNLUCKY, **fields}
