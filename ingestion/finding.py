"""Records of all job types that have some words, for a search over everything."""

from __future__ import annotations

from typing import Any

from config.backoffice.finding import MOST, Found, found_in
from ingestion import search
from ingestion.resources import RECORDS, RecordResource

LOOKED_AT = 50
"""Records of each job type that are looked at first: a role may hold in some of the dealerships in scope only."""


def records_with(user: Any, words: str) -> list[Found]:
    """By job type, of those whose records `user` may see."""
    open_to = [resource for resource in RECORDS.values() if resource.may(user)]
    newest = search.newest([resource.job.code for resource in open_to], words, LOOKED_AT)
    found = [found_in(each, rows_of(each, user, words, newest.get(each.job.code, []))) for each in open_to]
    return [each for each in found if each is not None]


def rows_of(resource: RecordResource, user: Any, words: str, newest: list[int]) -> list[Any]:
    """The newest that `user` may see; among more than those of `newest` if these may be others' alone."""
    if not newest:
        return []
    rows = resource.rows(user).order_by("-id")
    seen = list(rows.filter(pk__in=newest)[:MOST])
    if len(seen) == MOST or len(newest) < LOOKED_AT:
        return seen
    return list(rows.filter(pk__in=search.containing(resource.job, words))[:MOST])
