"""Writes events: who, for whom, in which dealership, what, to what, from where.

An event is written in the transaction of what it tells of: neither is there without the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from config.backoffice.trace import current_id, traced
from dealers.models import Dealership, Event, User

SECRET = ("password", "secret", "token", "api_key", "hash", "identity_number")
"""Fields whose names hold one of these are named when they change, without their values."""
HIDDEN = "•••"
LONGEST_REASON = 500


@dataclass(frozen=True)
class Circumstances:
    """Who acts, for whom, from where, in which request."""

    user: User | None = None
    name: str = ""
    """Of what acts, where no user does."""
    acting_as: User | None = None
    address: str | None = None
    request_id: str = ""
    reason: str = ""
    """Why, in words of whoever acts, if they gave any."""


UNKNOWN = Circumstances()
now: ContextVar[Circumstances] = ContextVar("circumstances", default=UNKNOWN)


@contextmanager
def circumstances(found: Circumstances) -> Iterator[None]:
    before = now.set(found)
    try:
        with traced(found.request_id, found.user.pk if found.user else None):
            yield
    finally:
        now.reset(before)


def because(reason: str) -> AbstractContextManager[None]:
    """What is done in this block is done for a reason that somebody gave; blank leaves it as it is."""
    found = now.get()
    return circumstances(replace(found, reason=words(reason) or found.reason))


def words(text: str) -> str:
    """What somebody wrote as a reason, as it is stored: one line without control characters, of bounded length."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:LONGEST_REASON]


def name_of(found: Circumstances) -> str:
    return str(found.user or found.name)[:254]


def signature(found: Circumstances | None = None) -> str:
    """Who acts, in words for a row that has room for no more: both, if one stands in for somebody."""
    found = found or now.get()
    return f"{name_of(found)} as {found.acting_as}" if found.acting_as else name_of(found)


def request_of(found: Circumstances) -> str:
    return found.request_id or current_id()


def record(
    verb: str,
    about: models.Model | None = None,
    *,
    dealership: Dealership | int | None = None,
    changes: Mapping[str, Any] | None = None,
    reason: str = "",
) -> Event:
    """Write an event of now; `about` is the object, whose dealership it is unless another is given."""
    found = now.get()
    who = found.user
    event = Event(
        verb=verb,
        user_id=who.pk if who else None,
        acting_as_id=found.acting_as.pk if found.acting_as else None,
        who=name_of(found),
        dealership_id=dealership.pk if isinstance(dealership, Dealership) else dealership or owner_of(about),
        object_type=about._meta.label_lower if about else "",
        object_id=str(about.pk) if about else "",
        object_text=str(about)[:300] if about else "",
        changes=plain(changes),
        reason=(reason or found.reason)[:LONGEST_REASON],
        address=found.address,
        request_id=request_of(found),
    )
    event.save(force_insert=True)
    return event


def owner_of(about: models.Model | None) -> int | None:
    if isinstance(about, Dealership):
        return about.pk
    found: int | None = getattr(about, "dealership_id", None)
    return found


def plain(changes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Changes as JSON holds them, secrets hidden."""
    if changes is None:
        return None
    encode = DjangoJSONEncoder().default
    return {
        name: HIDDEN if any(word in name for word in SECRET) else as_json(value, encode)
        for name, value in changes.items()
    }


def as_json(value: Any, encode: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): as_json(each, encode) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [as_json(each, encode) for each in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, models.Model):
        return str(value)
    try:
        return encode(value)
    except TypeError:
        return str(value)


def differences(before: Mapping[str, Any], after: models.Model, names: Iterable[str]) -> dict[str, list[Any]]:
    """Old and new value of each of these fields that changed."""
    pairs = ((name, before.get(name), getattr(after, name)) for name in names)
    return {name: [old, new] for name, old, new in pairs if old != new}
