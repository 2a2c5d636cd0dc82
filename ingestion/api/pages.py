"""Pages of records; those of a word that stands nearly everywhere without finding all the records that have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.views import APIView

from config.backoffice.pagination import KeysetPagination
from ingestion import search

ALONE = {"search", "ordering", "cursor", KeysetPagination.page_size_query_param, "format"}
"""Parameters beside which no other asks for less than the words do."""


class RecordPages(KeysetPagination):
    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.view: Any = view
        self.words = request.query_params.getlist("search") if set(request.query_params) <= ALONE else []
        return super().paginate_queryset(queryset, request, view)

    def read(self, queryset: QuerySet[Any]) -> list[Any]:
        near = self.near()
        return super().read(queryset if near is None else self.view.get_queryset().filter(pk__in=near))

    def near(self) -> Sequence[int] | None:
        """The ids of this page, if they are found by looking at the records that come next; None: ask for all."""
        if len(self.words) != 1 or [step.name for step in self.steps] != ["id"]:
            return None
        backwards = self.cursor is not None and self.cursor.backwards
        return search.near(
            self.view.job,
            self.words[0],
            beyond=self.cursor.values[0] if self.cursor else None,
            descending=self.steps[0].descending != backwards,
            wanted=self.size + 1,
        )
