"""Pieces of the admin that stay quick on tables of millions and show each person their own rows."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.paginator import Page, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property


class UncountedPaginator(Paginator):
    """Knows whether another page follows by reading one row more than the page, and so never counts."""

    def __init__(self, object_list: QuerySet[Any], per_page: int, page: int, **options: Any) -> None:
        super().__init__(object_list, per_page, **options)
        self.start = (max(page, 1) - 1) * per_page

    @cached_property
    def rows(self) -> list[Any]:
        return list(self.object_list[self.start : self.start + self.per_page + 1])

    @cached_property
    def count(self) -> int:
        """The rows known of so far."""
        return self.start + len(self.rows)

    def page(self, number: int | str) -> Page[Any]:
        return Page(self.rows[: self.per_page], self.validate_number(number), self)


class BigTableAdmin(admin.ModelAdmin):
    """A list that costs the same however many rows there are; only rows that the person may see."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_max_show_all = 0
    list_per_page = 50
    acts_with = ""
    """The permission that its actions take; by default, the one that its rows are seen with."""

    def get_paginator(
        self, request: HttpRequest, queryset: QuerySet[Any], per_page: int, *args: Any, **options: Any
    ) -> UncountedPaginator:
        page = request.GET.get("p", "1")
        return UncountedPaginator(queryset, per_page, int(page) if page.isdecimal() and len(page) < 10 else 1)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: Any = super().get_queryset(request)
        return rows.visible_to(request.user, self.acts_with if request.POST.get("action") else "")


class ReadOnly:
    """What is written by the system alone."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False
