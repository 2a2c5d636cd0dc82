"""What a verb refuses is told to the person who asked, in the words that the API and the commands use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError
from django.utils.text import capfirst

from ingestion.backfills import BackfillUnderWay, NotPossible
from ingestion.plans import BadPlan
from ingestion.quarantine import NoReason
from ingestion.replays import TooMany
from ingestion.services import AlreadyRunning, BadWindow, HasEnded

REFUSALS = (AlreadyRunning, BadWindow, HasEnded, BackfillUnderWay, NotPossible, BadPlan, NoReason, TooMany)


def sentence(error: Exception) -> str:
    """A refusal as a sentence."""
    words = capfirst(str(error))
    return words if words.endswith((".", "!", "?")) else f"{words}."


@contextmanager
def told() -> Iterator[None]:
    """Raises ValidationError in place of what our verbs raise."""
    try:
        yield
    except REFUSALS as error:
        raise ValidationError(sentence(error)) from None
