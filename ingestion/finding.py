"""Records of all job types that have some words, for a search over everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ingestion import search
from ingestion.resources import RECORDS, RecordResource

MOST = 5
"""Records shown of each job type."""


@dataclass(frozen=True)
class Found:
    """The newest records of a job type that have the words."""

    resource: RecordResource
    rows: list[tuple[Any, str]]
    """Each with its address."""


def records_with(user: Any, words: str) -> list[Found]:
    """By job type, of those whose records `user` may see."""
    found = []
    for resource in RECORDS.values():
        if not resource.may(user):
            continue
        matching = resource.rows(user).filter(pk__in=search.containing(resource.job, words))
        if rows := list(matching.order_by("-id")[:MOST]):
            found.append(Found(resource, [(row, resource.address(row)) for row in rows]))
    return found
