"""A page of records that have some words, found by looking at the records that come next, not at all that match."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from ingestion import search
from ingestion.job_types import JobType

if TYPE_CHECKING:
    from config.backoffice.pagination import Place

ALONE = {"search", "ordering", "cursor", "page_size", "format", "columns", "all"}
"""Parameters beside which no other asks for less than the words do."""


def near(job: JobType, words: list[str], asked: Collection[str], place: Place, size: int) -> list[int] | None:
    """The ids of a page and one more; None where all that match must be asked for.

    `words` are the values of `search`, `asked` the names of all parameters of the request.
    """
    if len(words) != 1 or not set(asked) <= ALONE or [step.name for step in place.steps] != ["id"]:
        return None
    return search.near(
        job,
        words[0],
        beyond=place.cursor.values[0] if place.cursor else None,
        descending=place.steps[0].descending != place.backwards,
        wanted=size + 1,
    )
