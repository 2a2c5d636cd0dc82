"""A page of records that have some words, found by looking at the records that come next, not at all that match."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import QueryDict

from dealers.permissions import dealerships_of, to_see
from ingestion import search
from ingestion.job_types import JobType

if TYPE_CHECKING:
    from config.backoffice.pagination import Place

ALONE = {"search", "ordering", "cursor", "page_size", "format", "columns", "all"}
"""Parameters beside which no other asks for less than the words do."""


def near(job: JobType, user: Any, query: QueryDict, place: Place, size: int) -> list[int] | None:
    """The ids of a page and one more, of what `user` may see; None where all that match must be asked for."""
    words = query.getlist("search")
    asked = {name for name, values in query.lists() if any(value.strip() for value in values)}
    if len(words) != 1 or not asked <= ALONE or [step.name for step in place.steps] != ["id"]:
        return None
    return search.near(
        job,
        words[0],
        beyond=place.cursor.values[0] if place.cursor else None,
        descending=place.steps[0].descending != place.backwards,
        wanted=size + 1,
        among=dealerships_of(user, to_see(job.record)),
    )
