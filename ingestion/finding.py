"""Records of all job types that have some words, for a search over everything."""

from __future__ import annotations

from typing import Any

from config.backoffice.finding import MOST, Found, found_in
from ingestion import search
from ingestion.resources import RECORDS


def records_with(user: Any, words: str) -> list[Found]:
    """By job type, of those whose records `user` may see."""
    found = []
    for resource in RECORDS.values():
        if resource.may(user):
            rows = resource.rows(user).filter(pk__in=search.containing(resource.job, words)).order_by("-id")
            found.append(found_in(resource, rows[:MOST]))
    return [each for each in found if each is not None]
