"""Makes a row once, however often the form or the request that asks for it is sent.

Whoever asks sends a key of their own with it (a form's hidden input, the API's `Idempotency-Key`). The key is written
in the transaction that makes the row; of two at the same time the second waits for the first one's commit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from dealers.integrations import Integration
from dealers.models import OneTimeKey

KEPT = timedelta(days=30)


class KeyTaken(ValidationError):
    """The key was sent before, with something else."""


def holder_of(user: Any) -> str:
    return f"token {user.token_id}" if isinstance(user, Integration) else f"user {user.pk}"


def hash_of(asked: Any) -> str:
    """What was asked for, whatever the order of its members."""
    text = json.dumps(asked, sort_keys=True, cls=DjangoJSONEncoder, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def used(user: Any, key: str, resource: str, asked: str = "") -> OneTimeKey | None:
    """The key, if `user` sent it before for a row of this kind, with the same request if the hash of that is given.

    Raises KeyTaken if it was for another kind, or with another request.
    """
    found: OneTimeKey | None = OneTimeKey.objects.filter(holder=holder_of(user), key=key).first()
    if found is not None and found.resource != resource:
        raise KeyTaken(_("This one-time key was used for something else. Send a new one."))
    if found is not None and asked and found.asked != asked:
        raise KeyTaken(_("This key was sent before with something else."))
    return found


def make(  # noqa: PLR0913
    user: Any, key: str, *, resource: str, dealership_id: int, make_row: Callable[[], Any], asked: str = ""
) -> Any:
    """The row of `make_row`; of a key that somebody is just using for another one, an error. In a transaction."""
    with transaction.atomic():
        mine = {"dealership_id": dealership_id, "holder": holder_of(user), "key": key}
        claimed, is_new = OneTimeKey.objects.get_or_create(**mine, defaults={"resource": resource, "asked": asked})
        if not is_new:
            raise KeyTaken(_("This was saved already."))
        row = make_row()
        claimed.row_id = row.pk
        claimed.save(update_fields=["row_id"])
        return row


def did(user: Any, key: str, *, verb: str, row_id: int, asked: str) -> bool:
    """Whether `user` did this with the key before. Raises KeyTaken if it was something else."""
    found = OneTimeKey.objects.filter(holder=holder_of(user), key=key).first()
    if found is None:
        return False
    if (found.resource, found.row_id, found.asked) != (verb, row_id, asked):
        raise KeyTaken(_("This was sent before with something else. Open it again to send another one."))
    return True


def do(user: Any, key: str, *, verb: str, row: Any, asked: str, work: Callable[[], Any]) -> Any:  # noqa: PLR0913
    """What `work` gives that is done with a row; nothing if it was done with this key before. Raises KeyTaken."""
    with transaction.atomic():
        mine = {"dealership_id": row.dealership_id, "holder": holder_of(user), "key": key}
        of_it = {"resource": verb, "row_id": row.pk, "asked": asked}
        _claimed, is_new = OneTimeKey.objects.get_or_create(**mine, defaults=of_it)
        return work() if is_new or not did(user, key, verb=verb, row_id=row.pk, asked=asked) else None


def forget() -> int:
    """Delete keys that nobody sends again; how many."""
    return int(OneTimeKey.objects.filter(used_at__lt=timezone.now() - KEPT).delete()[0])
