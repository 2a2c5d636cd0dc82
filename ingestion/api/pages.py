"""Pages of records; those of a word that stands nearly everywhere without finding all the records that have it."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.views import APIView

from config.backoffice.pagination import KeysetPagination, Place
from ingestion.nearby import near


class RecordPages(KeysetPagination):
    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        self.view: Any = view
        self.asked = request.query_params
        return super().paginate_queryset(queryset, request, view)

    def near(self, queryset: QuerySet[Any], place: Place, size: int) -> QuerySet[Any]:
        found = near(self.view.job, self.view.request.user, self.asked, place, size)
        return queryset if found is None else self.view.get_queryset().filter(pk__in=found)
