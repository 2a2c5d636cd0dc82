"""One id from whoever asks for something to the last call that is made for it: in logs, audit, messages and headers."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

LONGEST = 64


@dataclass(frozen=True, slots=True)
class Trace:
    """What the work of now is part of."""

    request_id: str = ""
    user_id: int | None = None


NOTHING = Trace()
now: ContextVar[Trace] = ContextVar("trace", default=NOTHING)


def new_id() -> str:
    return uuid.uuid4().hex


def current_id() -> str:
    """Of the request, task or command of now; blank outside of any."""
    return now.get().request_id


@contextmanager
def traced(request_id: str, user_id: int | None = None) -> Iterator[None]:
    """The work of this block bears this id, and that of now if it is blank."""
    before = now.set(Trace(request_id[:LONGEST] or current_id(), user_id))
    try:
        yield
    finally:
        now.reset(before)
